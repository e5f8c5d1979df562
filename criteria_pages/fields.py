"""A StreamField whose migrations hold no blocks."""

from __future__ import annotations

from typing import Any

from wagtail.fields import StreamField


class DefinitionStreamField(StreamField):
    """Stores the same JSON whatever the blocks are, so a new label or rule needs no migration.

    Inside migrations the field therefore has no blocks: data migrations read and write its raw JSON.
    """

    def deconstruct(self) -> Any:
        """Leave the blocks out."""
        name, path, _args, kwargs = super().deconstruct()
        kwargs.pop("block_lookup", None)
        return name, path, [[]], kwargs
