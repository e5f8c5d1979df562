"""Hostile and clumsy text on every address of the workspace: a sentence or a clean text, never a failure.

What is typed here: pasted Word text, names of 300 characters, emoji, a NUL (which PostgreSQL cannot store), digits
without end. Every name that a form of this room knows gets it, so a new form is tried without being listed.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from django import forms
from django.test import Client
from django.urls import get_resolver, reverse

import pytest

from submissions.domain.evidence import attach_evidence
from submissions.models import Answer, Evidence, LeafNote, Submission
from tests.factories.appraisal import appraisal_round
from tests.factories.submissions import EvidenceFactory, OpenRound, open_round
from tests.submissions.test_write_paths import addresses, example

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

WORD = '<p class="MsoNormal">Kế hoạch\u00a0số “12/KH–UBND”…\u000b<o:p></o:p></p>'
NUL_WORD_AND_EMOJI = "a\x00b" + WORD + "😀" * 300
DIGITS = "9" * 400
# What views read beside forms: filters in the address, acts of one button, rows of a table.
READ = (
    *("viec", "thu", "loi-nhan", "ly-do", "don-vi", "tim", "tinh-trang", "bac", "xem", "so", "trang", "tieu-chi"),
    *("linh-vuc", "trang-thai", "thieu", "muc", "buoc", "pha", "xac-nhan", "tat-ca", "q", "number", "version"),
    *("evidence", "text", "sha256", "reason", "size", "offset", "name", "next", "code", "agency", "write_id"),
)
FORMS = ("forms", "desk_forms", "council_forms", "survey_forms")


def field_names() -> set[str]:
    """Return the names of all fields of the room's forms, and what views read beside them."""
    found = set(READ)
    for module in FORMS:
        for entry in vars(importlib.import_module(f"submissions.{module}")).values():
            if isinstance(entry, type) and issubclass(entry, forms.BaseForm):
                found |= set(entry.base_fields)
    return found | {f"1.2.3-{name}" for name in ("count", "explanation", "version", "write_id")}


def everywhere(this: OpenRound) -> Iterator[str]:
    """Yield every address of the workspace, with arguments that exist as far as they can."""
    known = {"code": this.round.code, "pk": this.plain.pk, "participant": this.plain.pk, "leaf": "1.2.3"}
    for name, pattern in addresses(get_resolver()):
        if name.startswith("submissions:"):
            values = example(pattern, this)
            by_unit = {**values, **{key: value for key, value in known.items() if key in values}}
            if "1.2.3" in values.values():
                by_unit["code"] = values.get("code", "")
            for one in (values, by_unit):
                yield reverse(name, kwargs={key: one[key] for key in values})


def answers(clients: list[Client], addresses_: list[str], data: dict[str, str]) -> Iterator[tuple[str, int]]:
    """Yield address and status of a GET and a POST by the first person for whom the address exists."""
    for address in addresses_:
        for client in clients:
            got = client.get(address, data)
            yield address, got.status_code
            posted = client.post(address, data)
            yield address, posted.status_code
            if got.status_code not in (403, 404) or posted.status_code not in (403, 404, 405):
                break


@pytest.mark.parametrize(
    ("build", "text"),
    [(open_round, NUL_WORD_AND_EMOJI), (appraisal_round, DIGITS)],
    ids=["form-text", "appraisal-digits"],
)
def test_every_address_answers_every_text(build, text):
    this = build()
    clients = []
    for user in (this.leader, this.secretary, this.appraiser):
        clients.append(Client(raise_request_exception=False))
        clients[-1].force_login(user)
    data = dict.fromkeys(sorted(field_names()), text)
    places = list(dict.fromkeys(everywhere(this)))
    assert [found for found in answers(clients, places, data) if found[1] >= 500] == []
    assert Submission.objects.count() == 2


def test_names_of_300_characters_and_word_text_are_kept_or_named(client: Client):
    """What is stored is stored as typed, without what no document holds; what does not fit gets a sentence."""
    this = open_round()
    client.force_login(this.leader)
    form = this.plain.submission
    document = EvidenceFactory(unit=this.plain.unit)
    attach_evidence(user=this.leader, submission=form, code="1.2.3", evidence=document)
    stored = WORD.replace("\u000b", "\n")
    client.post(
        reverse("submissions:save_answer", args=[form.pk, "1.2.3"]),
        {"1.2.3-count": "1", "1.2.3-explanation": WORD, "1.2.3-version": Answer.objects.get().version},
    )
    client.post(
        reverse("submissions:report_texts", args=[form.pk]), {"difficulties": WORD, "proposals": "😀", "version": "0"}
    )
    client.post(reverse("submissions:notes", args=[form.pk, "1.2.3"]), {"text": WORD})
    form.refresh_from_db()
    assert [Answer.objects.get().explanation, form.difficulties, form.proposals, LeafNote.objects.get().text] == [
        stored,
        stored,
        "😀",
        stored,
    ]
    title = f"Báo cáo {'rất ' * 80}dài"  # over 300 characters: a title holds 500, an issuer 255
    unused = EvidenceFactory(unit=this.plain.unit)
    address = reverse("submissions:document", args=[unused.pk])
    fields = {"title": title, "number": "12/BC", "issued_on": "", "issuer": "Ủy ban " * 43}
    refused = client.post(address, fields)
    assert refused.status_code == 422
    assert list(refused.context["form"].errors) == ["issuer"]
    assert title in refused.content.decode()  # nothing typed is lost
    assert Evidence.objects.get(pk=unused.pk).title == unused.title
