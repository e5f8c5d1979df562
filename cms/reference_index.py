"""What Wagtail's reference index leaves out."""

from __future__ import annotations

from django.db import models


def leave_out(*kinds: type[models.Model]) -> None:
    """Keep rows of record out of Wagtail's reference index. Call it where the models are defined, before they are used.

    The index tells editors where a page, an image or a document is used. Answers, scores, releases and the like are
    not edited in the CMS: indexing them costs several queries with each save, and keeps beside a survey's answers a
    list of them in the order in which they were written.
    """
    for kind in kinds:
        kind.wagtail_reference_index_ignore = True  # type: ignore[attr-defined]
