"""Who is told when a whole DAG ends, through Airflow's own runner."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mlconnector.operators.factory import sync_dag
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
    assert "jde_to_marketo.companies (before it had read anything): Connection" in mail.html_content
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


def test_a_run_of_airflows_own_has_the_deadline(
    mails: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept with the DAG, and due so long after the run's interval began, where the watermark stands until it ends.

    `dag.test()` of Airflow 3.3.2 cannot end a DAG with a deadline, so this looks into the database.
    """
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.deadline import Deadline
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType
    from sqlalchemy import select

    # Another test may have kept the DAG a moment ago, without a deadline.
    monkeypatch.setenv("AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL", "0")
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__MAX_AGE_HOURS", "26")
    with create_session() as session:
        session.merge(DagBundleModel(name="test"))
    bag = DagBag(dag_folder=str(tmp_path))
    bag.bag_dag(sync_dag("qad_to_marketo"))
    sync_bag_to_db(bag, bundle_name="test", bundle_version=None)
    with create_session() as session:
        dag = SerializedDagModel.get_dag("qad_to_marketo", session=session)
        assert dag
        now = datetime.now(UTC)
        how: Any = {"run_type": DagRunType.MANUAL, "triggered_by": DagRunTriggeredByType.TEST}
        how |= {"run_after": now, "state": DagRunState.QUEUED, "session": session}
        run = dag.create_dagrun(run_id="late", logical_date=now - timedelta(days=1), **how)
        plain = dag.create_dagrun(run_id="by_hand", **how)
        session.flush()
        (deadline,) = session.scalars(select(Deadline).where(Deadline.dagrun_id == run.id))
        assert deadline.deadline_time == now + timedelta(hours=2)
        assert not session.scalars(select(Deadline).where(Deadline.dagrun_id == plain.id)).all()
        assert deadline.callback.data["path"].endswith("alerts.notifier.deadline_missed")
        assert deadline.callback.data["kwargs"]["dag_id"] == "qad_to_marketo"
        session.delete(run)
        session.delete(plain)
