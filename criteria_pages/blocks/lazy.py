"""Struct blocks whose fields are built in the browser only once somebody opens them.

A set of 138 nodes has some 5,000 inputs and 66,000 elements; built at once they make the editor unusable (17 s, tried).
A closed node is therefore one hidden input with its form state as JSON; opening it builds the real fields
(`static/criteria_pages/js/lazy_block.js`). What is posted is either the JSON or the fields, never both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import SuspiciousOperation

from wagtail import blocks
from wagtail.admin.telepath import register
from wagtail.blocks.struct_block import StructBlockAdapter

from criteria_pages.blocks.fields import NumberBlock

SUFFIX = "lazy"


class LazyStructBlock(blocks.StructBlock):
    """A struct block that is a hidden input while it is closed."""

    def value_from_datadict(self, data: Mapping[str, str], files: Any, prefix: str) -> Any:
        """Read the JSON of a closed node, or the fields of an open one."""
        text = data.get(f"{prefix}-{SUFFIX}")
        if text is None:
            return super().value_from_datadict(data, files, prefix)
        try:
            return self.to_python(raw_from_state(self, json.loads(text)))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise SuspiciousOperation("The state of a closed node cannot be read.") from error

    def value_omitted_from_data(self, data: Mapping[str, str], files: Any, name: str) -> bool:
        """A closed node is not omitted."""
        return f"{name}-{SUFFIX}" not in data and super().value_omitted_from_data(data, files, name)


def raw_from_state(block: blocks.Block, state: Any) -> Any:
    """Return the raw value (as in the database) of a block's form state (as in the browser)."""
    if isinstance(block, blocks.StructBlock):
        given = state or {}
        if not isinstance(given, Mapping):
            raise TypeError("A node's state is an object.")
        return {name: raw_from_state(child, given[name]) for name, child in block.child_blocks.items() if name in given}
    if isinstance(block, blocks.ListBlock):
        return [
            {"type": "item", "value": raw_from_state(block.child_block, item["value"]), "id": item.get("id")}
            for item in state or []
        ]
    if isinstance(block, blocks.StreamBlock):
        return [
            {
                "type": item["type"],
                "value": raw_from_state(block.child_blocks[item["type"]], item["value"]),
                "id": item.get("id"),
            }
            for item in state or []
        ]
    if isinstance(block, blocks.BooleanBlock):
        return bool(state)
    if isinstance(state, Mapping):  # what a chooser calls its state
        state = state.get("id")
    if isinstance(state, list):  # what a select's widget calls its state
        state = state[0] if state else None
    text = "" if state is None else str(state)
    return block.value_from_form(text) if isinstance(block, NumberBlock) else text


class LazyStructBlockAdapter(StructBlockAdapter):
    """Sends the block to `LazyStructBlockDefinition` in the browser."""

    js_constructor = "criteria_pages.blocks.LazyStructBlock"

    @cached_property
    def media(self) -> forms.Media:
        """Add our script to Wagtail's."""
        parent = super().media
        return forms.Media(
            js=[*parent._js, "criteria_pages/js/lazy_block.js"], css={"all": ["criteria_pages/css/editor.css"]}
        )


register(LazyStructBlockAdapter(), LazyStructBlock)
