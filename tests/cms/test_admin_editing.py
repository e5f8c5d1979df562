"""What editing in the admin has in common: days are typed as they are shown, and who was overtaken is told by whom."""

import datetime as dt
import re

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import translation

import pytest

from cms.enums import Role
from cms.widgets import DayInput
from criteria_pages.models import CriteriaSetPage, GuidancePage, LegalDocument
from tests.factories import criteria
from tests.factories.cms import UnitFactory, UserFactory, user_with_role

pytestmark = [pytest.mark.once, pytest.mark.integration, pytest.mark.django_db]


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("typed", ["05/01/2024", "2024-01-05"])
def test_a_day_is_read_day_before_month_in_both_languages(language, typed):
    with translation.override(language):
        assert forms.DateField().clean(typed) == dt.date(2024, 1, 5)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("typed", ["11/15/2026", "31/02/2026", "mai"])
def test_what_is_no_day_is_refused(language, typed):
    with translation.override(language), pytest.raises(ValidationError):
        forms.DateField().clean(typed)


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (CriteriaSetPage, {"decision_date"}),
        (GuidancePage, {"issued_on", "effective_on"}),
    ],
)
def test_days_of_pages_are_shown_and_asked_day_before_month(model, names):
    with translation.override("vi"):
        fields = model.get_edit_handler().get_form_class().base_fields
        days = {name: field.widget for name, field in fields.items() if type(field) is forms.DateField}
        assert set(days) == names
        for widget in days.values():
            assert isinstance(widget, DayInput)
            html = widget.render("day", dt.date(2026, 11, 15), {"id": "day"})
            assert re.findall(r'(?:value|placeholder)="([^"]*)"', html) == ["15/11/2026", "dd/mm/yyyy"]


def test_a_legal_document_takes_a_day_as_it_is_shown(signed_in):
    client = signed_in(UserFactory(is_superuser=True))
    url = reverse(LegalDocument.snippet_viewset.get_url_name("add"))
    shown = client.get(url).context_data["form"]
    data = {name: shown[name].value() or "" for name in shown.fields}
    data |= {"number": "1/QD-THU", "title": "Quyết định thử", "issued_on": "15/11/2026"}
    assert client.post(url, data).status_code == 302
    assert LegalDocument.objects.get(number="1/QD-THU").issued_on == dt.date(2026, 11, 15)


def test_who_saved_last_is_named(signed_in):
    page = criteria.CriteriaSetPageFactory()
    author, reader = UserFactory(is_superuser=True), UserFactory(is_superuser=True)
    page.save_revision(user=author)
    url = reverse("cms_last_saved", args=[page.pk])
    own, other = signed_in(author).get(url).json(), signed_in(reader).get(url).json()
    assert own["reload"] == other["reload"] == "Tải lại trang"
    assert own["sentence"].startswith("Chính bạn đã lưu một phiên bản mới hơn lúc ")
    assert other["sentence"].startswith(f"{author} đã lưu một phiên bản mới hơn lúc ")


def test_only_editors_of_the_page_are_told(signed_in):
    page = criteria.CriteriaSetPageFactory()
    url = reverse("cms_last_saved", args=[page.pk])
    assert signed_in(UserFactory(is_superuser=True)).get(url).status_code == 404
    assert signed_in(user_with_role(Role.CONTRIBUTOR, UnitFactory())).get(url).status_code in {302, 403}
