"""Who is told when a whole DAG ends, through Airflow's own runner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.conftest import Flow

pytestmark = pytest.mark.airflow


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What Airflow's SMTP notifier was asked to send; from the second mail on, the server is away."""
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    found: list[Any] = []

    def notify(self: Any, context: Any) -> None:
        found.append(self)
        if len(found) > 1:
            raise OSError("the mail server is away")

    monkeypatch.setattr(SmtpNotifier, "notify", notify)
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__ALERT_TO", "erp@acme.com")
    return found


def test_a_dag_tells_of_its_end(new_flow: Callable[..., Flow], mails: list[Any]) -> None:
    """Of a failed run: the sync, why, what to do. Of a green one with new rejects: which. Then nothing is new.

    A mail server that is away leaves the run as it was.
    """
    flow = new_flow()
    flow.connect(marketo={"password": "wrong"})
    flow.run(runs_as="failed")
    (mail,) = mails
    assert (mail.to, mail.subject) == (["erp@acme.com"], "jde_to_marketo has failed: companies")
    assert "clear the failed tasks" in mail.html_content
    assert "jde_to_marketo.companies (changes from the beginning to " in mail.html_content
    assert "wrong" not in mail.html_content

    flow.connect()
    number = min(flow.book.customers)
    flow.jde.change({"table": "F0101", "set": {"ALPH": "x" * 300}, "where": {"AN8": number}})
    flow.run()
    assert mails[1].subject == "jde_to_marketo: 1 record was rejected"
    assert f"(for instance record {number})" in mails[1].html_content
    people = {row["EMAL"].strip() for row in flow.jde.state()["tables"]["F01151"]} - {""}
    assert not [person for person in people if len(person) > 5 and person in mails[1].html_content]

    flow.run()
    assert len(mails) == 2
