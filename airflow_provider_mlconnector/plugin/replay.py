"""Replay from the page: triggers the DAG that replays, for users who may trigger it and the sync's own DAG."""

# No `from __future__ import annotations`: FastAPI resolves annotations of its endpoints at run time.
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, status
from pydantic import BaseModel, ConfigDict, Field

from airflow_provider_mlconnector.plugin.access import REPLAY_DAG, AccessDep

router = APIRouter()

Key = Annotated[str, Field(min_length=1, max_length=250, pattern=r"^[^\x00]+$")]


class Wanted(BaseModel):
    """Some records by key, or the rejects of a run, all of them or those with one reason code."""

    model_config = ConfigDict(extra="forbid")

    sync: str
    instance: Key | None = None
    keys: list[Key] | None = Field(None, min_length=1, max_length=1000)
    run: Key | None = None
    reason: Key | None = None

    def conf(self) -> dict[str, Any]:
        """The run's conf; the HTTP error where it says both or neither."""
        if (self.keys is None) == (self.run is None) or (self.reason and not self.run):
            raise HTTPException(422, "Name either keys, or a run with or without a reason.")
        return self.model_dump(exclude_none=True)


def state() -> str:
    """Return whether the DAG that replays is `ready`, `paused` or `absent`."""
    from airflow.models.dag import DagModel

    dag = DagModel.get_current(REPLAY_DAG)
    if dag is None or dag.is_stale:
        return "absent"
    return "paused" if dag.is_paused else "ready"


@router.post("/replay", status_code=status.HTTP_201_CREATED)
def replay(
    wanted: Wanted,
    access: AccessDep,
    # A form of another site cannot set it, and a script there may not without being asked for first, which nothing
    # here grants; Airflow's cookie is SameSite besides.
    x_mlconnector: Annotated[str | None, Header()] = None,
    sec_fetch_site: Annotated[str | None, Header()] = None,
) -> dict[str, str]:
    """Trigger the replay and return its run."""
    if x_mlconnector is None or sec_fetch_site not in (None, "same-origin", "none"):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "A replay is started from this page only.")
    sync = access.sync(wanted.sync)
    if not access.may_replay(sync):
        raise HTTPException(status.HTTP_403_FORBIDDEN, f"You may not trigger {REPLAY_DAG} and {sync.dag_id}.")
    found = state()
    if found == "absent":
        raise HTTPException(status.HTTP_409_CONFLICT, f"The DAG {REPLAY_DAG} is not there; install the DAG stubs.")
    return {"dag_id": REPLAY_DAG, "run_id": _trigger(wanted.conf(), access.user.get_name()), "dag": found}


def _trigger(conf: dict[str, Any], user: str) -> str:
    from airflow.api.common.trigger_dag import trigger_dag
    from airflow.exceptions import DagNotFound, DagRunAlreadyExists
    from airflow.sdk.exceptions import AirflowException
    from airflow.utils.types import DagRunTriggeredByType

    try:
        run = trigger_dag(
            REPLAY_DAG,
            conf=conf,
            triggered_by=DagRunTriggeredByType.UI,
            triggering_user_name=user,
            replace_microseconds=False,
        )
    except (AirflowException, DagNotFound, DagRunAlreadyExists, ValueError) as error:
        raise HTTPException(status.HTTP_409_CONFLICT, str(error)) from None
    if run is None:
        raise HTTPException(status.HTTP_409_CONFLICT, f"{REPLAY_DAG} did not start.")
    return str(run.run_id)
