"""The registers of wagtail-modeladmin: their lists are narrowed by declared filters and by nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from wagtail_modeladmin.options import ModelAdmin

import pytest

from cms.models import UnitAttribute, UnitGroup, UnitSuccession, User
from cms.registers import PlainRegister, RegisterIndexView
from submissions.models import AssessmentRound
from tests.factories.appraisal import appraisal_round
from tests.factories.cms import JobRunFactory, StoredFileFactory, UnitFactory, UserFactory
from tests.factories.submissions import ExtensionFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def registers(base: type[ModelAdmin] = ModelAdmin) -> Iterator[type[ModelAdmin]]:
    """Yield every register of the product, of whatever room."""
    for one in base.__subclasses__():
        if one.model:
            yield one
        yield from registers(one)


def smuggled(model: type[Any]) -> dict[str, str]:
    """Return parameters that no row of the model meets: its key, all its relations, people's password hashes."""
    found = {"pk__lt": "0", "id__in": "0", "nothing": "1", "all": "1"}
    for field in model._meta.get_fields():
        if field.is_relation and field.related_model:
            name = field.name
            found[f"{name}__pk__lt"] = found[f"{name}__pk"] = "0"
            if issubclass(field.related_model, User):
                found |= {f"{name}__password__startswith": "x", f"{name}__username__regex": "^$"}
    return found


def test_every_register_is_listed_by_the_one_view():
    models = {one.model for one in registers()}
    assert len(models) == 15
    for one in registers():
        assert issubclass(one, PlainRegister), one
        assert issubclass(one.index_view_class, RegisterIndexView), one


def test_no_register_tells_by_its_rows_what_it_does_not_show(signed_in):
    """One request a register, with every relation smuggled in: each alone would leave no row."""
    this = appraisal_round()
    ExtensionFactory(participant=this.plain)
    JobRunFactory(created_by=this.leader), StoredFileFactory()
    UnitGroup.objects.create(code="vung", name="Vùng"), UnitAttribute.objects.create(code="nui", name="Miền núi")
    UnitSuccession.objects.create(
        kind="rename", predecessor=UnitFactory(), successor=UnitFactory(), date=dt.date(2024, 1, 1), decision="QĐ 1"
    )
    client = signed_in(UserFactory(is_superuser=True))
    empty = set()
    for one in registers():
        data = smuggled(one.model)
        assert len(data) > 4 or one.model is UnitAttribute, one.model
        answer = client.get(one().url_helper.index_url, data)
        assert (answer.status_code, answer.context["result_count"]) == (200, one.model.objects.count()), one.model
        if not answer.context["result_count"]:
            empty.add(one.model.__name__)
    assert empty <= {"Adjustment", "RoundSeal"}
    rounds = reverse("submissions_assessmentround_modeladmin_index")
    for guess in (
        {"owner__memberships__user__password__startswith": "zz"},
        {"parent__children__participants__unit__code": "x"},
        {"participants__pk__exact": "0"},
    ):
        assert client.get(rounds, guess).context["result_count"] == 1


def test_declared_filters_filter_and_unreadable_ones_show_the_whole_list(signed_in):
    this = appraisal_round().round
    client = signed_in(UserFactory(is_superuser=True))
    rounds = reverse("submissions_assessmentround_modeladmin_index")
    for asked, count in (
        ({"state__exact": this.state}, 1),
        ({"state__exact": "none"}, 0),
        ({"year": str(this.year)}, 1),
        ({"year": str(this.year + 1), "owner__pk": this.owner_id}, 0),
        ({"q": this.code, "o": "99.-1.x", "p": "77"}, 1),
    ):
        assert client.get(rounds, asked).context["result_count"] == count, asked
    for index, asked in (
        (rounds, {"year": "a"}),
        (reverse("cms_unitgroup_modeladmin_index"), {"is_region__exact": "a"}),
    ):
        answer = client.get(index, asked, follow=True)
        assert answer.redirect_chain == [(index, 302)]
        assert "Không đọc được bộ lọc trong địa chỉ" in answer.content.decode()
    assert client.get(rounds, {"year": "9" * 18}).context["result_count"] == 0
    for key in ("abc", "9" * 30):
        assert client.get(f"{rounds}inspect/{key}/").status_code == 404
    assert client.get(f"{rounds}inspect/{AssessmentRound.objects.get().pk}/").status_code == 200
