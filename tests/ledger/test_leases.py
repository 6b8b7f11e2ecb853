from __future__ import annotations

from dataclasses import replace

from airflow_provider_mlconnector.ledger import Ledger
from airflow_provider_mlconnector.ledger.claims import Target
from airflow_provider_mlconnector.ledger.leases import Leases

LEADS = Target("account-1", "leads")


class Now:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_one_holder(ledger: Ledger) -> None:
    """While one holds the lease nobody else gets it; other objects and accounts are free."""
    leases = Leases(ledger.database, clock=Now())
    assert leases.acquire(LEADS, "a", 60)
    assert not leases.acquire(LEADS, "b", 60)
    assert leases.acquire(replace(LEADS, object="companies"), "b", 60)
    assert leases.acquire(replace(LEADS, account="account-2"), "b", 60)


def test_same_holder_gets_it_back(ledger: Ledger) -> None:
    """A retried task does not wait for its dead predecessor, and a living one prolongs its lease."""
    clock = Now()
    leases = Leases(ledger.database, clock=clock)
    assert leases.acquire(LEADS, "a", 60)
    clock.now += 50
    assert leases.acquire(LEADS, "a", 60)
    clock.now += 50
    assert not leases.acquire(LEADS, "b", 60)


def test_expiry(ledger: Ledger) -> None:
    """A lease ends by itself, not earlier than promised; then the former holder has lost it."""
    clock = Now()
    leases = Leases(ledger.database, clock=clock)
    assert leases.acquire(LEADS, "a", 60)
    clock.now += 60
    assert not leases.acquire(LEADS, "b", 60)
    clock.now += 0.1
    assert leases.acquire(LEADS, "b", 60)
    assert not leases.acquire(LEADS, "a", 60)


def test_release(ledger: Ledger) -> None:
    """A lease that is given back is free at once; nobody gives back another's."""
    leases = Leases(ledger.database, clock=Now())
    assert leases.acquire(LEADS, "a", 60)
    leases.release(LEADS, "b")
    assert not leases.acquire(LEADS, "b", 60)
    leases.release(LEADS, "a")
    assert leases.acquire(LEADS, "b", 60)
