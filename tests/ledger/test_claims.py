from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from airflow_provider_mlconnector.ledger import Delivery, Ledger, Scope
from airflow_provider_mlconnector.ledger.claims import Claim, Target
from airflow_provider_mlconnector.outcomes import Outcome

LEADS = Target("account-1", "leads")
DAY = timedelta(days=1)


def owner(ledger: Ledger, key: str, target: Target = LEADS) -> tuple[str, str] | None:
    return ledger.claims.owners(target, [key]).get(key)


def test_nothing_claimed(ledger: Ledger, scope: Scope) -> None:
    """A key that nobody claimed has no owner."""
    assert ledger.claims.owners(LEADS, ["a@example.com"]) == {}
    assert ledger.claims.owners(LEADS, []) == {}
    assert not ledger.claims.any(scope)


def test_newest_wins(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """The newest change owns the key, whichever claims first."""
    for key, changed in (("2", now), ("3", now + DAY), ("1", now - DAY)):
        ledger.claims.take(scope, LEADS, [Claim(key, "a", changed)])
    assert owner(ledger, "a") == (scope.sync, "3")
    assert ledger.claims.any(scope)


def test_ties_go_to_the_smallest_key(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """Of equal changes the smallest record key owns, within one call and across calls."""
    ledger.claims.take(scope, LEADS, [Claim("2", "a", now), Claim("1", "a", now), Claim("3", "a", now)])
    ledger.claims.take(scope, LEADS, [Claim("4", "a", now)])
    assert owner(ledger, "a") == (scope.sync, "1")
    ledger.claims.take(scope, LEADS, [Claim("0", "a", now)])
    assert owner(ledger, "a") == (scope.sync, "0")


@pytest.mark.parametrize("outcome", [Outcome.CREATED, Outcome.PENDING])
def test_what_was_delivered_once_keeps_its_key(ledger: Ledger, scope: Scope, now: datetime, outcome: Outcome) -> None:
    """`once`: neither a newer record takes it, nor does its owner give it up; an undelivered owner is overtaken."""
    ledger.claims.take(scope, LEADS, [Claim("1", "a", now), Claim("2", "b", now)], once=True)
    ledger.record(scope, "r", [Delivery("1", outcome, now, content_hash="h", target_key="a")])
    ledger.record(scope, "r", [Delivery("2", Outcome.REJECTED, now, content_hash="h")])
    ledger.claims.take(scope, LEADS, [Claim("8", "a", now + DAY), Claim("9", "b", now + DAY)], once=True)
    assert (owner(ledger, "a"), owner(ledger, "b")) == ((scope.sync, "1"), (scope.sync, "9"))
    ledger.claims.take(scope, LEADS, [Claim("1", None, now), Claim("9", None, now)], once=True)
    assert (owner(ledger, "a"), owner(ledger, "b")) == ((scope.sync, "1"), None)
    ledger.claims.take(scope, LEADS, [Claim("8", "a", now + DAY)])
    assert owner(ledger, "a") == (scope.sync, "8")


def test_unknown_change_time_loses(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """A record without a change time is older than any that has one."""
    ledger.claims.take(scope, LEADS, [Claim("1", "a", None), Claim("2", "b", None)])
    ledger.claims.take(scope, LEADS, [Claim("9", "a", now), Claim("9b", "b", None)])
    assert (owner(ledger, "a"), owner(ledger, "b")) == ((scope.sync, "9"), (scope.sync, "2"))


def test_other_sync_is_never_overwritten(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """A key that another sync owns stays its own, however new the change and on a first load, too."""
    other = replace(scope, sync="qad_to_marketo.companies")
    ledger.claims.take(other, LEADS, [Claim("9", "a", now - 100 * DAY)])
    ledger.claims.take(scope, LEADS, [Claim("1", "a", now)], first_load=True)
    ledger.claims.take(scope, LEADS, [Claim("1", "a", now)])
    ledger.claims.take(scope, LEADS, [Claim("1", None, now)])
    assert owner(ledger, "a") == (other.sync, "9")
    assert not ledger.claims.any(scope)


def test_moved_record_releases(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """A record that claims another key, or none, gives up the one it held."""
    ledger.claims.take(scope, LEADS, [Claim("1", "a", now), Claim("2", "b", now), Claim("3", "c", now)])
    ledger.claims.take(scope, LEADS, [Claim("1", "A", now), Claim("2", None, now), Claim("3", "c", now)])
    owners = ledger.claims.owners(LEADS, ["a", "A", "b", "c"])
    assert owners == {"A": (scope.sync, "1"), "c": (scope.sync, "3")}


def test_others_than_those_who_ask(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """Of keys that records would write, those that another record or another sync owns are told, and no others."""
    other = replace(scope, sync="qad_to_marketo.companies")
    ledger.claims.take(scope, LEADS, [Claim("1", "a", now), Claim("2", "b", now), Claim("3", "c", now)])
    ledger.claims.take(other, LEADS, [Claim("4", "d", now)])
    asked = [("a", "1"), ("b", "9"), ("b", "2"), ("d", "4"), ("e", "5")]
    assert ledger.claims.others(LEADS, scope.sync, asked) == {"b": (scope.sync, "2"), "d": (other.sync, "4")}
    assert ledger.claims.others(LEADS, other.sync, [("a", "1")]) == {"a": (scope.sync, "1")}
    assert ledger.claims.others(replace(LEADS, object="companies"), scope.sync, asked) == {}
    assert ledger.claims.others(LEADS, scope.sync, []) == {}


def test_swapped_keys(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """Two records that exchange their keys in one batch each get the other's."""
    ledger.claims.take(scope, LEADS, [Claim("1", "a", now), Claim("2", "b", now + DAY)])
    ledger.claims.take(scope, LEADS, [Claim("1", "b", now), Claim("2", "a", now)])
    assert ledger.claims.owners(LEADS, ["a", "b"]) == {"a": (scope.sync, "2"), "b": (scope.sync, "1")}


def test_released_key_is_free(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """What a winner has left goes to whoever claims next, however old its change; also to another sync."""
    ledger.claims.take(scope, LEADS, [Claim("1", "a", now)])
    ledger.claims.take(scope, LEADS, [Claim("1", None, now)])
    other = replace(scope, sync="qad_to_marketo.companies")
    ledger.claims.take(other, LEADS, [Claim("7", "a", now - 100 * DAY)])
    assert owner(ledger, "a") == (other.sync, "7")


def test_only_own_claims_are_released(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """The same record key in another object, account, instance or sync keeps its claim."""
    others = [
        (scope, replace(LEADS, object="companies")),
        (scope, replace(LEADS, account="account-2")),
        (replace(scope, instance="instance-2"), replace(LEADS, account="account-3")),
    ]
    for one, target in others:
        ledger.claims.take(one, target, [Claim("1", "a", now)])
    ledger.claims.take(replace(scope, sync="b.c"), LEADS, [Claim("1", "b", now)])
    ledger.claims.take(scope, LEADS, [Claim("1", None, now)])
    assert [owner(ledger, "a", target) for _, target in others] == [(scope.sync, "1")] * 3
    assert owner(ledger, "b") == ("b.c", "1")


def test_own_claim_follows_the_record(ledger: Ledger, scope: Scope, now: datetime) -> None:
    """A record that claims its key again brings its new change time with it."""
    ledger.claims.take(scope, LEADS, [Claim("5", "a", now)])
    ledger.claims.take(scope, LEADS, [Claim("5", "a", now + 2 * DAY)])
    ledger.claims.take(scope, LEADS, [Claim("1", "a", now + DAY)])
    assert owner(ledger, "a") == (scope.sync, "5")


EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
claim_sets = st.dictionaries(
    st.integers(1, 30).map(str), st.tuples(st.sampled_from("abc"), st.integers(0, 3)), min_size=1, max_size=12
).map(lambda found: [Claim(key, target, EPOCH + days * DAY) for key, (target, days) in found.items()])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(claims=claim_sets.flatmap(st.permutations), sizes=st.lists(st.integers(1, 5), min_size=1), first=st.booleans())
@example(claims=[Claim("2", "a", EPOCH), Claim("10", "a", EPOCH)], sizes=[1], first=False)
def test_order_does_not_matter(
    ledger: Ledger, scope: Scope, fresh: Callable[[], str], claims: list[Claim], sizes: list[int], first: bool
) -> None:
    """Whatever the order and however the records are cut into batches, each key ends with the same owner."""
    target = Target(fresh(), "leads")
    rest = list(claims)
    for size in sizes * len(claims):
        part, rest = rest[:size], rest[size:]
        ledger.claims.take(scope, target, part, first_load=first)
    best: dict[str, Claim] = {}
    for claim in claims:
        assert claim.target_key
        known = best.get(claim.target_key)
        if known is None or (-claim.changed_at.timestamp(), claim.record_key) < (  # type: ignore[union-attr]
            -known.changed_at.timestamp(),  # type: ignore[union-attr]
            known.record_key,
        ):
            best[claim.target_key] = claim
    expected = {key: (scope.sync, claim.record_key) for key, claim in best.items()}
    assert ledger.claims.owners(target, list("abc")) == expected
