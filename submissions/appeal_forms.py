"""Forms of appeals: what a unit files, until when it may, what the secretariat answers. The domain decides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from submissions.desk_forms import LocalDateTime, SeveralRows
from submissions.domain.unit_appeals import MAX_TEXT
from submissions.models import Evidence


class FileAppealForm(forms.Form):
    """An appeal of a unit about one criterion."""

    code = forms.ChoiceField(label=gettext_lazy("Criterion"))
    asked = forms.CharField(
        label=gettext_lazy("What the unit asks for"), max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 2})
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 4})
    )
    documents = SeveralRows(
        label=gettext_lazy("Documents of the evidence library"),
        queryset=Evidence.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    upload = forms.FileField(label=gettext_lazy("New document (PDF)"), required=False)

    def __init__(
        self, *args: Any, leaves: Iterable[tuple[str, str]], library: QuerySet[Evidence], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].choices = list(leaves)
        self.fields["documents"].queryset = library


class PeriodForm(forms.Form):
    """Until when units may appeal."""

    closes_at = LocalDateTime(
        label=gettext_lazy("Units may appeal until"),
        help_text=gettext_lazy("Once announced it can be extended, not shortened."),
    )
