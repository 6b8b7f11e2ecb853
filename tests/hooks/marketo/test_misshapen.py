from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.hooks.marketo.models import Envelope, objects
from airflow_provider_mlconnector.hooks.marketo.schema import parse_described

KNOWN: dict[str, Any] = {"name": "companies", "dedupe_fields": ("externalCompanyId",), "id_field": "id"}


def test_a_record_that_is_none_is_refused() -> None:
    """Among what was found stands a text: whose record it is cannot be known."""
    with pytest.raises(UnexpectedAnswer, match="Marketo answered with a record that is no object"):
        objects(Envelope(result=[{"id": 1}, "x"]))


@pytest.mark.parametrize("odd", [None, 7, "x", [[]], {"a": 1}])
def test_a_described_object_keeps_what_can_be_read(odd: Any) -> None:
    """Fields, groups and keys of another shape are left out; what is not told is what is known."""
    entry = {"fields": [{"name": "company"}, odd, {"name": odd}], "searchableFields": [odd], "dedupeFields": odd}
    found = parse_described([entry], **KNOWN)
    assert "company" in found.fields
    assert found.dedupe_fields in (("externalCompanyId",), ("[]",))


@pytest.mark.parametrize("fields", [7, "x", {"a": 1}, [7], [{"rest": "x"}]])
def test_an_object_without_fields_is_refused(fields: Any) -> None:
    """A describe that names no field stops the sync, whatever stands in their place."""
    with pytest.raises(UnexpectedAnswer, match="names no field"):
        parse_described([{"fields": fields}], **KNOWN)
