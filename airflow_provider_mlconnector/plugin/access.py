"""What the user of a page may see and do: by the DAG of each sync, asked of Airflow's auth manager."""

# No `from __future__ import annotations`: FastAPI resolves annotations of its dependencies at run time.
from functools import lru_cache
from typing import Annotated, Any, cast
from urllib.parse import unquote_plus

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.configuration import conf
from airflow.models.dag import DagModel
from fastapi import Depends, HTTPException, Query, Request, status

from airflow_provider_mlconnector.ledger import Ledger
from airflow_provider_mlconnector.syncs import Sync, all_syncs

REPLAY_DAG = "mlconnector_replay"


class Access:
    """One user's rights, for the time of one request."""

    def __init__(self, user: Any):
        self.user = user
        self._may = lru_cache(maxsize=None)(self._asked)

    def _asked(self, dag_id: str, *, trigger: bool) -> bool:
        team = DagModel.get_team_name(dag_id) if conf.getboolean("core", "multi_team", fallback=False) else None
        details = DagDetails(id=dag_id, team_name=team) if team else DagDetails(id=dag_id)
        manager = cast("Any", get_auth_manager())
        if trigger:
            asked = {"method": "POST", "access_entity": DagAccessEntity.RUN}
            return bool(manager.is_authorized_dag(**asked, details=details, user=self.user))
        return bool(manager.is_authorized_dag(method="GET", details=details, user=self.user))

    def may_see(self, sync: Sync) -> bool:
        """Whether the user may view the DAG of a sync."""
        return self._may(sync.dag_id, trigger=False)

    def may_replay(self, sync: Sync) -> bool:
        """Whether the user may trigger both the DAG of a sync and the one that replays."""
        return self._may(sync.dag_id, trigger=True) and self._may(REPLAY_DAG, trigger=True)

    def syncs(self) -> dict[str, Sync]:
        """The syncs that the user may see, in the order in which they run."""
        return {name: sync for name, sync in all_syncs().items() if self.may_see(sync)}

    def sync(self, name: str) -> Sync:
        """Return a sync that the user may see; the HTTP error otherwise."""
        sync = all_syncs().get(name)
        if sync is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such sync.")
        if not self.may_see(sync):
            raise HTTPException(status.HTTP_403_FORBIDDEN, f"You may not view the DAG {sync.dag_id}.")
        return sync

    def run(self, ledger: Ledger, number: int) -> tuple[Sync, dict[str, Any]]:
        """Return a run by its id in the ledger, with its sync; the HTTP error where the user may not see it."""
        run = ledger.browse.run(number)
        if run is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, "The ledger holds no such run (any more).")
        return self.sync(run["sync"]), run


def _access(user: GetUserDep) -> Access:
    return Access(user)


def _ledger() -> Ledger:
    # Imported here: a ledger that cannot be opened breaks the page, and not the whole api-server.
    from airflow_provider_mlconnector import state

    return state.open_airflow_ledger()


def plain(request: Request) -> None:
    """Refuse what no key holds and no database takes, before it gets there."""
    if "\x00" in unquote_plus(request.url.query):
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "The address holds a zero byte.")


Number = Annotated[int, Query(ge=0, lt=2**63)]
AccessDep = Annotated[Access, Depends(_access)]
LedgerDep = Annotated[Ledger, Depends(_ledger)]
