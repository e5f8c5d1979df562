"""Forms of the unit, generated from the rules of the leaves; texts are read by the domain, never by the browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.forms.utils import ErrorDict
from django.utils.translation import gettext_lazy as _

from cms.dates import validate_year
from criteria_pages.definition import Leaf
from criteria_pages.rules.base import InputField
from submissions.domain.inputs import input_fields, typed_value
from submissions.models import Answer


class LeafForm(forms.Form):
    """Base of all leaf forms: the rule's inputs, the explanation and the version that the page saw."""

    use_required_attribute = False
    leaf: Leaf
    input_names: tuple[str, ...] = ()
    explanation = forms.CharField(
        label=_("Explanation"), required=False, widget=forms.Textarea(attrs={"rows": 3}), strip=False
    )
    explanation.needed_sometimes = True  # type: ignore[attr-defined]
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, required=False)

    def typed_inputs(self) -> dict[str, str]:
        """Return the raw text of the rule's inputs as it was sent."""
        return {name: self.data.get(self.add_prefix(name), "") for name in self.input_names}

    def typed_explanation(self) -> str:
        """Return the raw text of the explanation."""
        return self.data.get(self.add_prefix("explanation"), "")

    def seen_version(self) -> int:
        """Return the version that the page saw; 0 for anything that is no number."""
        text = self.data.get(self.add_prefix("version"), "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0

    def full_clean(self) -> None:
        """Judge nothing here: what is wrong with typed text is the domain's to say, through `refuse`."""
        self._errors = ErrorDict()
        self.cleaned_data = {}

    def refuse(self, errors: Mapping[str, str]) -> None:
        """Show the domain's sentences at their inputs (or above the form where the input is not known)."""
        self.full_clean()
        for name, message in errors.items():
            self.add_error(name if name in self.fields else None, message)


def build_form(
    leaf: Leaf, *, answer: Answer | None = None, data: Mapping[str, Any] | None = None, read_only: bool = False
) -> LeafForm:
    """Return the form of a leaf: a pure function of the rule's inputs, filled from the stored answer or sent data."""
    inputs = input_fields(leaf)
    fields: dict[str, forms.Field] = {field.name: _form_field(field) for field in inputs}
    names = tuple(field.name for field in inputs)
    form_class = type("GeneratedLeafForm", (LeafForm,), {**fields, "leaf": leaf, "input_names": names})
    initial: dict[str, Any] = {"version": answer.version if answer else 0}
    if answer is not None:
        initial["explanation"] = answer.explanation
        for field in inputs:
            initial[field.name] = typed_value(field=field, stored=answer.inputs.get(field.name, ""))
    form: LeafForm = form_class(data=data, initial=initial, prefix=leaf.code, auto_id="id_%s")
    form.order_fields([*names, "explanation", "version"])
    if read_only:
        for field in form.fields.values():
            field.disabled = True
    return form


def _form_field(field: InputField) -> forms.Field:
    """Every input is text to Django: nothing that a person typed is lost to a field that could not read it."""
    common: dict[str, Any] = {"label": field.label, "help_text": field.help, "required": field.required}
    if field.kind in {"choice", "boolean"}:
        choices = field.choices or (("true", _("Yes")), ("false", _("No")))
        return forms.ChoiceField(**common, choices=choices, widget=forms.RadioSelect)
    attrs = {
        "decimal": {"inputmode": "decimal", "autocomplete": "off"},
        "integer": {"inputmode": "numeric", "autocomplete": "off"},
        "date": {"autocomplete": "off", "placeholder": _("dd/mm/yyyy"), "class": "input--date"},
    }
    return forms.CharField(**common, widget=forms.TextInput(attrs=attrs.get(field.kind, {})))


class ReportTextForm(forms.Form):
    """Difficulties and proposals of the report."""

    difficulties = forms.CharField(label=_("Difficulties"), required=False, widget=forms.Textarea(attrs={"rows": 4}))
    proposals = forms.CharField(label=_("Proposals"), required=False, widget=forms.Textarea(attrs={"rows": 4}))
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


class DocumentForm(forms.Form):
    """What is known of a document."""

    title = forms.CharField(
        label=_("Title of the document"),
        max_length=500,
        required=False,
        help_text=_("What the document is called; the file's name where it is left empty."),
    )
    number = forms.CharField(label=_("Number and symbol"), max_length=100, required=False)
    issued_on = forms.DateField(
        label=_("Date of issue"),
        required=False,
        widget=forms.DateInput(attrs={"placeholder": _("dd/mm/yyyy"), "class": "input--date"}, format="%d/%m/%Y"),
        input_formats=["%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y-%m-%d"],
        validators=[validate_year],
    )
    issuer = forms.CharField(label=_("Issuer"), max_length=255, required=False)


class SeveralFiles(forms.ClearableFileInput):
    """A file input that takes several files at once; the view reads them all."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """One file stands for all in the form's own validation."""
        return files.get(name)


class UploadForm(DocumentForm):
    """A document to be uploaded to the library."""

    file = forms.FileField(
        label=_("PDF file"), widget=SeveralFiles(attrs={"accept": "application/pdf,.pdf", "multiple": True})
    )
    field_order = ["file", "title", "number", "issued_on", "issuer"]


class AttachForm(UploadForm):
    """A document to be uploaded and attached to a criterion."""

    pages = forms.CharField(
        label=_("Pages"), max_length=100, required=False, help_text=_("Where the proof stands, for example 1, 3-5.")
    )
    field_order = ["file", "pages", "number", "issued_on", "issuer", "title"]


class PieceForm(DocumentForm):
    """A piece of a file that is uploaded step by step, with what is known of the document."""

    name = forms.CharField(max_length=1000)
    size = forms.IntegerField(min_value=0, max_value=10**12)
    offset = forms.IntegerField(min_value=0, max_value=10**12)
    piece = forms.FileField(allow_empty_file=True)
    pages = forms.CharField(max_length=100, required=False)

    def described(self) -> dict[str, Any]:
        """Return what is known of the document, as the library takes it."""
        return {name: self.cleaned_data[name] for name in ("title", "number", "issued_on", "issuer")}


class ReplaceForm(forms.Form):
    """A new version of a document."""

    file = forms.FileField(
        label=_("PDF file"), widget=forms.ClearableFileInput(attrs={"accept": "application/pdf,.pdf"})
    )


class ReasonForm(forms.Form):
    """A reason in words."""

    reason = forms.CharField(label=_("Reason"), max_length=450, widget=forms.Textarea(attrs={"rows": 2}))
