"""The form of a note on a page. It reads what is typed; the domain decides."""

from django import forms
from django.utils.translation import gettext_lazy

from submissions.domain.page_notes import MAX_QUOTE, MAX_TEXT, Typed


class PageNoteForm(forms.Form):
    """A note on one page of a document: the page, a passage of it, the remark."""

    page = forms.CharField(
        label=gettext_lazy("Page"),
        max_length=6,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "size": 6}),
    )
    quote = forms.CharField(
        label=gettext_lazy("Passage of the page"),
        help_text=gettext_lazy("A few words of it, so that it is found again."),
        max_length=MAX_QUOTE,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    text = forms.CharField(label=gettext_lazy("Note"), max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 3}))

    def typed(self) -> Typed:
        """Return what was typed, for the domain."""
        data = self.cleaned_data
        return Typed(page=data["page"], text=data["text"], quote=data["quote"])
