"""Closed nodes travel as JSON, open ones as fields; both give the same definition."""

import json

from django.core.exceptions import SuspiciousOperation

from wagtail.test.utils.form_data import nested_form_data

import pytest

from criteria_pages.blocks import CriteriaBody
from criteria_pages.domain.authoring import body_from_definition
from tests.factories import criteria

pytestmark = pytest.mark.unit
BODY = CriteriaBody()


def closed(state):
    return nested_form_data(
        {
            "body": {
                "count": str(len(state)),
                **{
                    str(index): {
                        "deleted": "",
                        "order": str(index),
                        "type": item["type"],
                        "id": item["id"],
                        "value": {"lazy": json.dumps(item["value"])},
                    }
                    for index, item in enumerate(state)
                },
            }
        }
    )


def test_a_closed_set_is_read_back_without_loss():
    raw = body_from_definition(criteria.tiny_definition())
    value = BODY.to_python(raw)
    posted = BODY.value_from_datadict(closed(BODY.get_form_state(value)), {}, "body")
    assert BODY.get_prep_value(BODY.clean(posted)) == BODY.get_prep_value(value)


def test_a_closed_node_is_not_omitted():
    raw = body_from_definition(criteria.tiny_definition())
    data = closed(BODY.get_form_state(BODY.to_python(raw)))
    assert not BODY.child_blocks["domain"].value_omitted_from_data(data, {}, "body-0-value")


@pytest.mark.parametrize("text", ["{", '{"criteria": 5}', '{"criteria": [{"type": "x", "value": {}}]}', "[1]"])
def test_a_broken_state_is_refused(text):
    data = closed([{"type": "domain", "id": "a", "value": {}}]) | {"body-0-value-lazy": text}
    with pytest.raises(SuspiciousOperation):
        BODY.value_from_datadict(data, {}, "body")
