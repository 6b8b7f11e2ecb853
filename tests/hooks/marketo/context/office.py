"""An office that works with account contexts: a simulated Marketo, the links of the mirror syncs, a ledger."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from airflow_provider_mlconnector.ledger.account_columns import EXPORTED
from airflow_provider_mlconnector.ledger.account_context import AccountContexts
from airflow_provider_mlconnector.ledger.rows import Delivery, Scope
from airflow_provider_mlconnector.outcomes import Outcome
from airflow_provider_mlconnector.pipeline.commit import commit
from airflow_provider_mlconnector.pipeline.deliver import deliver_chunk
from airflow_provider_mlconnector.pipeline.extract import extract
from airflow_provider_mlconnector.pipeline.job import Job
from airflow_provider_mlconnector.pipeline.mapper import map_chunk
from airflow_provider_mlconnector.pipeline.rehearsal import rehearse_chunk
from airflow_provider_mlconnector.pipeline.state import MemoryState
from airflow_provider_mlconnector.pipeline.window import RunInfo
from airflow_provider_mlconnector.syncs import get_sync
from tests.hooks.marketo.world import World
from tests.pipeline.fakes import KEYS, make_ledger

Row = dict[str, Any]
HERE, MIRROR = "marketo-qad", "qad-marketo"
COUNTS = ("read", "created", "updated", "unchanged", "skipped", "rejected")


class Untouched:
    """The target system's client: whoever asks it for anything fails."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"QAD was asked for {name}")


class Office:
    """Runs the sync, day after day."""

    def __init__(self, folder: Path, **world: Any):
        self.folder, self.world = folder, World(**world)
        self.ledger, self.state = make_ledger(folder), MemoryState()
        self.sync = get_sync("marketo_to_qad.account_context")
        self.runs = 0

    # What is linked

    def link(self, entity: str, pairs: Mapping[str, Any]) -> None:
        """Link source keys to Marketo's, as the mirror sync would have."""
        now = self.world.clock.datetime()
        made = [Delivery(key, Outcome.CREATED, now, link=str(other)) for key, other in pairs.items()]
        self.ledger.record(
            Scope(MIRROR, f"qad_to_marketo.{entity}"), "mirror", made, map_version="m", systems=("qad", "marketo")
        )

    def account(self, code: str, *, leads: int = 1, name: str | None = None) -> list[int]:
        """Make and link a company with so many leads; return their ids."""
        client = self.world.client
        client.upsert("companies", [{"externalCompanyId": code, "company": name or f"{code} Ltd"}])
        self.link("companies", {code: code})
        return self.add_leads(code, leads)

    def add_leads(self, code: str, count: int, *, first: int = 1, company: bool = True) -> list[int]:
        """Make and link leads."""
        numbers = range(first, first + count)
        company_id = {"externalCompanyId": code} if company else {}
        people = [{"email": f"{code}-{n}@example.com".lower(), "lastName": "L", **company_id} for n in numbers]
        found = self.world.client.upsert("leads", people) if people else []
        ids = [int(each.target_id or 0) for each in found]
        self.link("leads", {f"{code}-{n}": lead for n, lead in zip(numbers, ids, strict=True)})
        return ids

    # What happens in Marketo

    def act(self, lead: int, when: datetime, kind: str = "Visit Webpage", **more: Any) -> None:
        """Let a lead do something."""
        self.world.change(activity={"type": kind, "lead": lead, "date": when.isoformat(), **more})

    @property
    def now(self) -> datetime:
        return self.world.clock.datetime()

    def ago(self, **span: float) -> datetime:
        return self.now - timedelta(**span)

    # Runs

    def job(self, run_id: str | None = None, **params: Any) -> Job:
        """The job of a new run, or of a named one."""
        self.runs += run_id is None
        run = RunInfo("marketo_to_qad", run_id or f"run-{self.runs}", "manual", self.now, None, None)
        return Job(
            sync=self.sync,
            run=run,
            params=params,
            instance=HERE,
            account="acc",
            ledger=self.ledger,
            keyring=KEYS,
            state_port=self.state,
            root=self.folder / "staging",
            mirror=MIRROR,
        )

    def extract(self, job: Job, client: Any = None) -> list[Any]:
        return extract(job, client or self.world.client, Untouched())

    def finish(self, job: Job, refs: list[Any]) -> Row:
        for ref in [map_chunk(job, ref) for ref in refs]:
            if job.dry_run:
                rehearse_chunk(job, ref)
            else:
                deliver_chunk(job, ref, self.sync.open_target(Untouched(), job))
        return commit(job)

    def run(self, **params: Any) -> Row:
        """Run all four tasks, and return the counts that are not 0."""
        job = self.job(**params)
        self.done = self.finish(job, self.extract(job))
        return {name: self.done[name] for name in COUNTS if self.done.get(name)}

    def sleep(self, **span: float) -> None:
        """Let time go by."""
        self.world.clock.advance(timedelta(**span).total_seconds())

    # What came of it

    def rows(self) -> dict[str, Row]:
        """The rows by account, JSON decoded."""
        pages = AccountContexts(self.ledger.database, HERE).pages(EXPORTED)
        return {row["account_key"]: _decoded(row) for page in pages for row in page}

    def row(self, code: str = "C1") -> Row:
        return self.rows()[code]

    def csv(self) -> list[dict[str, str]]:
        """The exported file."""
        with Path(unquote(urlsplit(self.done["uri"]).path)).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def calls(self, part: str) -> int:
        """How many calls of paths with this part the vendor has seen."""
        return len(self.world.sandbox.calls.matching(part))

    def replaced(self, **changes: Any) -> None:
        """Change the Connection."""
        self.world.connection = self.world.connection.model_copy(update=changes)
        self.world.client = self.world.connect()

    def close(self) -> None:
        self.ledger.database.engine.dispose()


def _decoded(row: Row) -> Row:
    return {**row, **{name: msgspec.json.decode(row[name]) for name in ("opportunities", "reasons") if row[name]}}
