"""A person asks to be forgotten: through a whole DAG, and what becomes of it afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from airflow_provider_mlconnector.crypto import default_keyring
from airflow_provider_mlconnector.ledger.forgetting import forget, wipe
from airflow_provider_mlconnector.pipeline.bundle import frames
from airflow_provider_mlconnector.pipeline.staged import Staged
from airflow_provider_mlconnector.state import AirflowVariables
from tests.flows.conftest import Flow

pytestmark = pytest.mark.airflow


def left_behind(folder: Path) -> bytes:
    """Return the ledger's files as they are, and all that is staged, decrypted."""
    found, keyring = b"", default_keyring()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix == ".part":
            parts = map(keyring.open, frames(path.read_bytes()))
            found += b"".join(map(zstandard.ZstdDecompressor().decompress, parts))
        elif path.is_file() and path.name != "manifest.json":
            found += path.read_bytes() if path.name.startswith("ledger.db") else keyring.open(path.read_bytes())
    return found


def test_a_forgotten_person_is_nowhere_and_comes_back_only_from_the_source(
    new_flow: Callable[..., Flow], tmp_path: Path
) -> None:
    """Nothing of name or address is left in the ledger's bytes or in staged files; the counts of the run stay."""
    flow = new_flow("jde_to_mailchimp")
    flow.run()
    sent = {each["record_key"]: each["fields"] for each in flow.events("members") if each["outcome"] == "created"}
    # Two of the records share an address with another, which keeps it.
    shared = Counter(row["EMAL"].strip().casefold() for row in flow.jde.state()["tables"]["F01151"])
    emails = {key: fields["email_address"]["value"] for key, fields in sent.items()}
    key, email = next((key, email) for key, email in sorted(emails.items()) if shared[email.casefold()] == 1)
    assert email.encode() in left_behind(tmp_path)
    before, events = flow.all_counts(), len(flow.events("members"))
    staged = Staged(tmp_path / "staging", default_keyring(), AirflowVariables())
    for sync in flow.syncs:
        assert forget(flow.ledger.database, sync, key) > 0
        assert staged.forget(sync.name, key) > 0
    wipe(flow.ledger.database)

    assert email.encode() not in left_behind(tmp_path)
    assert flow.events("members", key=key) == []
    assert (flow.all_counts(), len(flow.events("members"))) == (before, events)
    flow.run(full_refresh=True)
    assert [each["outcome"] for each in flow.events("members", key=key)] == ["updated"]
    assert flow.counts("members")["unchanged"] > 0
