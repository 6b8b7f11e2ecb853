from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.ledger import Delivery, Ledger, Scope, open_ledger, schema
from airflow_provider_mlconnector.ledger.details import PLACE, Details, place_of
from airflow_provider_mlconnector.ledger.housekeeping import reseal
from airflow_provider_mlconnector.outcomes import Outcome


def test_each_attempt_names_the_columns_of_its_own_map(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """After a change of the field map, earlier attempts still say from where their values came then."""
    for version, column in (("m1", "F0101.ALPH"), ("m2", "F0101.DC")):
        ledger.details.keep_sources(version, {"company": [column]})
        one = Delivery("1", Outcome.UPDATED, now, values={"company": version})
        ledger.record(scope, "r1", [one], map_version=version)
    assert [event["fields"] for event in ledger.reading.trail(scope.sync)] == [
        {"company": {"source": ["F0101.ALPH"], "value": "m1"}},
        {"company": {"source": ["F0101.DC"], "value": "m2"}},
    ]


def event_of(details: Details, values: dict[str, Any], version: str = "", answer: str | None = None) -> Any:
    """An event with these values, as far as who opens them looks at it."""
    event = dict(zip((column.name for column in PLACE), "abcde", strict=True))
    return {**event, "fields": details.seal(place_of(*event.values()), values, version, answer)}


def test_sources_are_kept_once(ledger: Ledger) -> None:
    """Each task of a run keeps the sources of its map; they stay what they were."""
    for _ in range(2):
        ledger.details.keep_sources("m1", {"company": ["F0101.ALPH"]})
    event = event_of(ledger.details, {"company": "Acme"}, "m1")
    assert ledger.details.fields(event) == {"company": {"source": ["F0101.ALPH"], "value": "Acme"}}


def test_values_come_back_as_they_were_tried(ledger: Ledger) -> None:
    """Exact, for one who sends them again or compares; digit by digit, for one who reads them; none where none are."""
    details = ledger.details
    values = {"amount": Decimal("12.50"), "lines": [{"n": 1}], "note": None}
    event = event_of(details, values, answer="thank you")
    assert details.values(event) == values
    assert str(details.values(event)["amount"]) == "12.50"
    assert details.values(event, exact=False)["amount"] == "12.50"
    assert details.values(None) == {}
    assert details.values(event | {"fields": None}) == {}
    assert details.fields(event | {"fields": None}) is None


def test_a_map_that_is_not_known_has_no_sources(ledger: Ledger) -> None:
    """Values of no map, or of one that nobody kept, are shown without a source."""
    for version in ("", "gone"):
        event = event_of(ledger.details, {"a": 1}, version)
        assert ledger.details.fields(event) == {"a": {"source": [], "value": 1}}


@pytest.mark.parametrize("column", ["instance", "sync", "record_key", "run_id", "outcome"])
def test_values_open_beside_their_own_event_alone(ledger: Ledger, scope: Scope, now: datetime, column: str) -> None:
    """Whoever writes the database cannot give a record another's values, nor turn a reject into a success.

    The message names the record.
    """
    ledger.record(scope, "r1", [Delivery("1", Outcome.REJECTED, now, values={"company": "Acme"})])
    with ledger.database.write() as connection:
        connection.execute(update(schema.event).values({column: "created"}))
    with pytest.raises(ConfigurationError, match=r"record (1|created), run .* stands where it does not belong"):
        list(ledger.reading.trail("created" if column == "sync" else scope.sync))


def test_values_are_sealed_anew_for_the_same_event(ledger: Ledger, url: str, scope: Scope, now: datetime) -> None:
    """After a rotation the newest key is enough, and the values still belong to their event alone."""
    ledger.record(scope, "r1", [Delivery(key, Outcome.CREATED, now, values={"company": key}) for key in "12"])
    rotated = open_ledger(url, Keyring(["second", "first passphrase"]))
    assert reseal(rotated.database, rotated.details) == 2
    assert reseal(rotated.database, rotated.details) == 0
    later = open_ledger(url, Keyring(["second"]))
    assert [each["fields"]["company"]["value"] for each in later.reading.trail(scope.sync)] == ["1", "2"]
    assert later.attempts.newest(scope, ["2"])["2"].values == {"company": "2"}
    with later.database.write() as connection:
        connection.execute(update(schema.event).where(schema.event.c.record_key == "1").values(record_key="2"))
    with pytest.raises(ConfigurationError, match="stands where it does not belong"):
        list(later.reading.trail(scope.sync))
