"""What an import from an appendix workbook guessed or left open, until an editor has looked at it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from criteria_pages.enums import ImportNoteKind


class ImportNote(models.Model):
    """One such place of a draft.

    It hangs on the page and names the block of its node, so that it follows a node that is moved or gets another code;
    nothing of it stands in the tree, so that it enters neither revision nor edition nor hash.
    """

    page = models.ForeignKey("criteria_pages.CriteriaSetPage", on_delete=models.CASCADE, related_name="import_notes")
    kind = models.CharField(_("kind"), max_length=16, choices=ImportNoteKind)
    block = models.CharField(_("block of the node"), max_length=36, blank=True)
    field = models.CharField(_("field"), max_length=32, blank=True)
    cells = models.CharField(_("cells"), max_length=255, blank=True)
    text = models.TextField(_("what was read"))

    class Meta:
        ordering = ["page", "pk"]
        verbose_name = _("note of an import")
        verbose_name_plural = _("notes of an import")

    def __str__(self) -> str:
        return f"{self.cells}: {self.text}" if self.cells else self.text
