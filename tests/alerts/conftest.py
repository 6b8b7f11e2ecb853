from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from airflow.sdk import BaseNotifier

from airflow_provider_mlconnector.crypto import Keyring
from airflow_provider_mlconnector.ledger import Ledger, Scope, open_ledger
from airflow_provider_mlconnector.ledger.rows import Delivery
from airflow_provider_mlconnector.ledger.runs import RunStart
from airflow_provider_mlconnector.outcomes import Outcome

DAG, RUN = "jde_to_marketo", "manual__2026-03-10T02:00:00+00:00"
AT = datetime(2026, 3, 10, 2, tzinfo=UTC)
SCOPE = Scope("abc", f"{DAG}.companies")


class FakeNotifier(BaseNotifier):
    """Remembers what it was made with and sent."""

    sent: list[FakeNotifier]
    error: Exception | None
    template_fields = ("subject", "text")

    def __init__(self, to: Any = None, subject: str = "", text: str = "", channel: Any = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.to, self.subject, self.text, self.channel = to, subject, text, channel

    def notify(self, context: Any) -> None:
        if self.error:
            raise self.error
        self.sent.append(self)


@pytest.fixture
def notifier(monkeypatch: pytest.MonkeyPatch) -> type[FakeNotifier]:
    """The option `alert_notifier` names this one; nobody is named in `alert_to`."""
    module = ModuleType("fake_notifiers")
    FakeNotifier.sent, FakeNotifier.error = [], None
    vars(module)["FakeNotifier"] = FakeNotifier
    monkeypatch.setitem(sys.modules, "fake_notifiers", module)
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__ALERT_NOTIFIER", "fake_notifiers.FakeNotifier")
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.acme.com/x/")
    return FakeNotifier


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", Keyring(["k"]))
    yield ledger
    ledger.database.engine.dispose()


def ended(ledger: Ledger, status: str, *, rejected: int = 0, message: str | None = None, scope: Scope = SCOPE) -> None:
    """Put a run into the ledger; its rejects have a value that must not be told."""
    ledger.runs.begin(scope, RunStart(DAG, RUN, "manual", None, AT, "v1"))
    values = {"company": "Ann Lee Ltd"}
    ledger.record(
        scope,
        RUN,
        [
            Delivery(str(n), Outcome.REJECTED, AT, reason_code="1003", reason="refused {{ 6 * 7 }}", values=values)
            for n in range(1001, 1001 + rejected)
        ],
    )
    counts = ledger.runs.counts(scope, RUN)
    ledger.runs.finish(scope, RUN, status, read=rejected, counts=counts, message=message)
