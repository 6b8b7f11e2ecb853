"""The HTML views. Plain `def`s: FastAPI runs them in threads, so that reading the ledger does not hold up Airflow."""

# No `from __future__ import annotations`: FastAPI resolves annotations of its endpoints at run time.
from collections import Counter
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.ledger import Ledger, Scope
from airflow_provider_mlconnector.ledger.browse import PAGE
from airflow_provider_mlconnector.plugin import replay
from airflow_provider_mlconnector.plugin.access import Access, AccessDep, LedgerDep, Number
from airflow_provider_mlconnector.plugin.chart import RUNS, chart
from airflow_provider_mlconnector.plugin.export import OpenStatus
from airflow_provider_mlconnector.plugin.preview import preview
from airflow_provider_mlconnector.plugin.render import html
from airflow_provider_mlconnector.plugin.story import attempts
from airflow_provider_mlconnector.syncs import Sync

SAMPLE, EXAMPLES, GROUPS = 200, 5, 40
"""Rejects of a reason that are looked at for their texts; those shown of them; reasons shown of a run."""

router = APIRouter()


def message(request: Request, status: int, text: str) -> HTMLResponse:
    """Return a page that says why there is nothing else."""
    return html(request, "message.html", status, text=text)


@router.get("/")
def overview(request: Request, access: AccessDep, ledger: LedgerDep) -> HTMLResponse:
    """Show each sync: its watermark and age, the last run and its counts, the last runs as a chart."""
    # Imported here: whatever goes wrong in it breaks this page, and not the whole api-server.
    from airflow_provider_mlconnector import status

    visible = access.syncs()
    entries = []
    for entry in status.sync_status(ledger):
        if entry.sync in visible:
            runs = ledger.browse.runs(entry.sync, limit=RUNS).rows
            entries.append((entry, chart(runs)))
    return html(request, "overview.html", entries=entries)


@router.get("/runs")
def runs(
    request: Request, sync: str, access: AccessDep, ledger: LedgerDep, before: Number | None = None
) -> HTMLResponse:
    """Show a sync's runs, newest first."""
    known, page = access.sync(sync), ledger.browse.runs(sync, before=before)
    scope = current(ledger, known)
    return html(
        request,
        "runs.html",
        sync=known,
        page=page,
        before=before,
        scope=scope,
        open=ledger.browse.open_counts(scope) if scope else {},
        chart=chart(page.rows) if before is None else None,
    )


def current(ledger: Ledger, sync: Sync) -> Scope | None:
    """Return between which source and target the sync's newest run was; None before the first."""
    newest = ledger.browse.runs(sync.name, limit=1).rows
    return Scope(newest[0]["instance"], sync.name) if newest else None


@router.get("/run")
def run(request: Request, run: Number, access: AccessDep, ledger: LedgerDep) -> HTMLResponse:
    """Show a run: its window and counts, its rejects by reason with examples; of a dry run what it would do."""
    sync, row = access.run(ledger, run)
    codes = ledger.browse.reject_codes(row)
    told = sum(count for _, count in codes)
    groups = [_group(ledger, row, code, count) for code, count in codes[:GROUPS]]
    return html(
        request,
        "run.html",
        sync=sync,
        run=row,
        groups=groups,
        left_out=len(codes) - len(groups),
        earlier=max(row["rejected"] - told, 0),
        told=told,
        preview=preview(row),
        **_replay(access, ledger, sync, row["instance"]),
    )


def _group(ledger: Ledger, run: dict[str, Any], code: str | None, count: int) -> dict[str, Any]:
    sample = ledger.browse.rejects(run, code, limit=SAMPLE).rows
    texts = Counter(row["reason"] or "" for row in sample)
    shown = _with_state(ledger, run, sample[:EXAMPLES])
    return {"code": code, "count": count, "sampled": len(sample), "texts": texts.most_common(5), "examples": shown}


def _with_state(ledger: Ledger, run: dict[str, Any], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add to events what their records' state is now."""
    states = ledger.states(Scope(run["instance"], run["sync"]), [row["record_key"] for row in rows])
    return [{**row, "now": states[row["record_key"]].status if row["record_key"] in states else None} for row in rows]


def _replay(access: Access, ledger: Ledger, sync: Sync, instance: str) -> dict[str, Any]:
    """What a template must know to offer a replay, or to say why not."""
    if not access.may_replay(sync):
        return {"replay": None}
    scope = current(ledger, sync)
    # A key of another system than the one the Connections lead to now would name another record there.
    return {"replay": replay.state() if scope and scope.instance == instance else "elsewhere"}


@router.get("/rejects")
def rejects(
    request: Request, run: Number, access: AccessDep, ledger: LedgerDep, code: str = "", after: Number = 0
) -> HTMLResponse:
    """Show a run's rejects with one reason code."""
    sync, row = access.run(ledger, run)
    page = ledger.browse.rejects(row, code or None, after=after)
    rows = _with_state(ledger, row, page.rows)
    return html(
        request,
        "rejects.html",
        sync=sync,
        run=row,
        code=code,
        rows=rows,
        more=page.more,
        **_replay(access, ledger, sync, row["instance"]),
    )


@router.get("/records")
def records(
    request: Request,
    sync: str,
    instance: str,
    access: AccessDep,
    ledger: LedgerDep,
    status: OpenStatus | None = None,
    after: str = "",
) -> HTMLResponse:
    """Show the present state of a sync's records."""
    scope = Scope(instance, access.sync(sync).name)
    page = ledger.browse.records(scope, status=status, after=after)
    return html(request, "records.html", sync=access.sync(sync), scope=scope, wanted=status, page=page)


@router.get("/record")
def record(
    request: Request,
    sync: str,
    instance: str,
    key: str,
    access: AccessDep,
    ledger: LedgerDep,
    before: Number | None = None,
) -> HTMLResponse:
    """Show a record's whole story."""
    known, scope = access.sync(sync), Scope(instance, sync)
    # One more than is shown: the oldest shown is compared with it.
    events = ledger.browse.story(scope, key, before=before, limit=PAGE + 1).rows
    state = ledger.reading.record(scope, key)
    if state is None and not events:
        return message(request, 404, "The ledger knows no such record.")
    story = attempts(events, complete=len(events) <= PAGE)
    return html(
        request,
        "record.html",
        sync=known,
        scope=scope,
        key=key,
        state=state,
        story=story,
        more=len(events) > PAGE,
        links=_links(access, ledger, key),
        **_replay(access, ledger, known, instance),
    )


@router.get("/search")
def search(request: Request, access: AccessDep, ledger: LedgerDep, key: str = "") -> HTMLResponse:
    """Show where a key is known: as a record's, as a target's, and what it is called in the other systems."""
    key, visible = key.strip(), access.syncs()
    scopes = [scope for scope in ledger.browse.scopes() if scope.sync in visible] if key else []
    found = ledger.browse.named(key, scopes)
    return html(request, "search.html", key=key, found=found, links=_links(access, ledger, key) if key else [])


def _links(access: Access, ledger: Ledger, key: str) -> list[dict[str, Any]]:
    """Return the links of a key that belong to syncs the user may see."""
    visible = {(*sync.systems, sync.entity): sync.name for sync in access.syncs().values()}
    named = [(row, (row["system_a"], row["system_b"], row["entity"])) for row in ledger.browse.links(key)]
    return [{**row, "sync": visible[pair]} for row, pair in named if pair in visible]


@router.get("/map")
def field_map(request: Request, sync: str, access: AccessDep) -> HTMLResponse:
    """Show a sync's field map: the default rows, and the user's."""
    from airflow_provider_mlconnector import status

    known, problem = access.sync(sync), None
    try:
        rows = status.field_map_rows(known)
    except ConfigurationError as error:
        rows, problem = status.field_map_rows(known, user={}), str(error)
    removed = [row.target for row in known.rows.rows if row.target not in {found["target"] for found in rows}]
    return html(request, "map.html", sync=known, rows=rows, removed=removed, problem=problem)
