from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from airflow_provider_mlconnector.ledger import Delivery, Ledger, Scope
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


def test_sources_are_kept_once(ledger: Ledger) -> None:
    """Each task of a run keeps the sources of its map; they stay what they were."""
    for _ in range(2):
        ledger.details.keep_sources("m1", {"company": ["F0101.ALPH"]})
    blob = ledger.details.seal({"company": "Acme"}, "m1", None)
    assert ledger.details.fields(blob) == {"company": {"source": ["F0101.ALPH"], "value": "Acme"}}


def test_values_come_back_as_they_were_tried(ledger: Ledger) -> None:
    """Exact, for one who sends them again or compares; digit by digit, for one who reads them; none where none are."""
    details = ledger.details
    blob = details.seal({"amount": Decimal("12.50"), "lines": [{"n": 1}], "note": None}, "", "thank you")
    assert details.values(blob) == {"amount": Decimal("12.50"), "lines": [{"n": 1}], "note": None}
    assert str(details.values(blob)["amount"]) == "12.50"
    assert details.values(blob, exact=False)["amount"] == "12.50"
    assert details.values(None) == {}
    assert details.fields(None) is None


def test_a_map_that_is_not_known_has_no_sources(ledger: Ledger) -> None:
    """Values of no map, or of one that nobody kept, are shown without a source."""
    for version in ("", "gone"):
        blob = ledger.details.seal({"a": 1}, version, None)
        assert ledger.details.fields(blob) == {"a": {"source": [], "value": 1}}
