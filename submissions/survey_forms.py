"""Forms of the survey's desk and of the units' lists."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cms.dates import validate_year
from criteria_pages.models import QuestionnaireEdition, QuestionnairePage
from submissions.domain.survey.templates import TEMPLATES
from submissions.models import AssessmentRound, Survey, SurveyGroup
from submissions.survey_enums import DeliveryState

_WHEN = {"type": "datetime-local"}
_FORMATS = ["%Y-%m-%dT%H:%M", "%d/%m/%Y %H:%M"]


class MomentField(forms.DateTimeField):
    """A date and time, typed or picked; shown in the form that the picker needs."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            input_formats=_FORMATS,
            widget=forms.DateTimeInput(attrs=_WHEN, format="%Y-%m-%dT%H:%M"),
            validators=[validate_year],
            **kwargs,
        )


class SurveyForm(forms.Form):
    """Sets up a survey: round, ready set of groups, dates, one questionnaire per group."""

    round = forms.ModelChoiceField(AssessmentRound.objects.none(), label=_("Round"))
    template = forms.ChoiceField(
        label=_("Groups of respondents"),
        choices=[
            ("ministries", _("Five groups that rate ministries")),
            ("provinces", _("Four groups that rate provinces")),
            ("body", _("Two groups that rate the units of one body")),
            ("satisfaction", _("Satisfaction survey: public link and figures from Excel")),
        ],
    )
    lists_due = MomentField(label=_("Lists due"))
    answers_due = MomentField(label=_("Answers due"))
    questionnaire = forms.ModelChoiceField(
        QuestionnairePage.objects.none(),
        label=_("Questionnaire of all groups"),
        help_text=_("Each group may be given another one afterwards, before the lists open."),
    )

    def __init__(self, *args: Any, rounds: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["round"].queryset = rounds  # type: ignore[attr-defined]
        pages = QuestionnairePage.objects.live().filter(editions__isnull=False).distinct()
        self.fields["questionnaire"].queryset = pages  # type: ignore[attr-defined]

    def editions(self) -> dict[str, QuestionnaireEdition]:
        """Return the newest edition of the chosen questionnaire for every group of the chosen set."""
        edition = self.cleaned_data["questionnaire"].editions.order_by("-number").first()
        return {group.code: edition for group in TEMPLATES[self.cleaned_data["template"]]}


class GroupForm(forms.ModelForm):
    """Changes one group while the survey is prepared."""

    edition = forms.ModelChoiceField(QuestionnaireEdition.objects.all(), label=_("Questionnaire"))

    class Meta:
        model = SurveyGroup
        fields = ["name", "name_en", "rule", "rule_number", "error_margin", "edition", "weight", "priority"]
        help_texts = {
            "rule_number": _("Only for rules that name N: organisations, people per unit, or answers per unit."),
            "error_margin": _("Only for a sample; 0,05 means 5 %."),
            "weight": _("A group of weight 2 counts twice as much in the unit's mean as one of weight 1."),
        }


class ReasonForm(forms.Form):
    """A reason that the log keeps."""

    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class PersonForm(forms.Form):
    """One person of a list."""

    name = forms.CharField(label=_("Full name"), max_length=255)
    position = forms.CharField(label=_("Position"), max_length=255)
    organisation = forms.CharField(label=_("Organisation"), max_length=255)
    mail = forms.EmailField(
        label=_("Official mailbox"), required=False, help_text=_("Who has none gets a printed letter.")
    )
    group = forms.ChoiceField(label=_("Group"))

    def __init__(self, *args: Any, groups: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [("", _("Choose a group")), *((g.code, g.name) for g in groups)]
        self.fields["group"].choices = names  # type: ignore[attr-defined]


class WorkbookForm(forms.Form):
    """An uploaded list."""

    file = forms.FileField(
        label=_("Filled-in template (.xlsx)"), widget=forms.ClearableFileInput(attrs={"accept": ".xlsx"})
    )


class ContactForm(forms.Form):
    """The unit's IT contact person."""

    it_contact_name = forms.CharField(label=_("IT contact person"), max_length=255)
    it_contact_position = forms.CharField(label=_("Position"), max_length=255, required=False)
    it_contact_phone = forms.CharField(label=_("Telephone"), max_length=32, required=False)


class LettersFilterForm(forms.Form):
    """Which letters are listed."""

    loc = forms.ChoiceField(
        label=_("State of the letter"),
        required=False,
        choices=[("", _("All")), ("khong-thu", _("Without mail address")), *DeliveryState.choices],
    )
    q = forms.CharField(label=_("Name, organisation or mailbox"), required=False, max_length=100)


class AddressForm(forms.Form):
    """Another mail address of a respondent."""

    mail = forms.EmailField(label=_("Official mailbox"))


class ReturnedForm(forms.Form):
    """Why a letter came back."""

    note = forms.CharField(
        label=_("What the mail system or the post said"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )


class RulesForm(forms.ModelForm):
    """Dates and declared rules of a survey."""

    lists_due = MomentField(label=_("Lists due"))
    answers_due = MomentField(label=_("Answers due"))

    class Meta:
        model = Survey
        fields = [
            "lists_due",
            "answers_due",
            "minimum_group",
            "cancel_consequence",
            "fast_seconds",
            "burst_size",
            "identical_share",
        ]


class NetworksForm(forms.Form):
    """Address ranges of the rated units' own networks."""

    networks = forms.CharField(
        label=_("Networks of the units"),
        required=False,
        help_text=_("One per line: unit code and address range, for instance so-noi-vu 203.0.113.0/24."),
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )
    # The codes of the units that stand on the page: whoever takes a line away means these and no others.
    shown = forms.CharField(required=False, widget=forms.HiddenInput)
