"""Several legal documents chosen one by one, as in the tree; what is missing is entered on the spot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from criteria_pages.choosers import LEGAL_DOCUMENT, known_labels, legal_document_chooser

BLANK = "__number__"


class LegalDocumentsInput(forms.SelectMultiple):
    """A chooser per document; the value is the list of their numbers. Choosers left empty count for nothing."""

    def render(self, name: str, value: Any, attrs: Mapping[str, Any] | None = None, renderer: Any = None) -> SafeString:
        """Return the choosers of what is chosen, and the pattern from which the browser makes another."""
        chooser = legal_document_chooser.widget_class()
        identity = str((attrs or {})["id"])
        numbers = [str(number) for number in value or () if number]
        with known_labels((LEGAL_DOCUMENT, number) for number in numbers):
            rows = [chooser.render(name, number, {"id": f"{identity}-{place}"}) for place, number in enumerate(numbers)]
        context = {
            "id": identity,
            "rows": rows,
            "pattern": chooser.render_html(name, None, {"id": f"{identity}-{BLANK}"}),
            "options": json.dumps(chooser.base_js_init_options),
        }
        return SafeString(render_to_string("criteria_pages/admin/document_list.html", context))

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        """Return the numbers that were chosen, each once, in order."""
        return list(dict.fromkeys(number for number in data.getlist(name) if number))

    @property
    def media(self) -> forms.Media:
        """Add our script to that of the chooser."""
        own = forms.Media(js=["criteria_pages/js/document_list.js"], css={"all": ["criteria_pages/css/editor.css"]})
        return legal_document_chooser.widget_class().media + own
