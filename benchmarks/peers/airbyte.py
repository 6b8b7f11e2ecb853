"""A peer: airbyte-cdk. A source in Python, piped into a destination in Python, checkpoints every 3,000 records.

The platform's part is small here: it joins the two programs and keeps the last state that the destination has
confirmed. Both are forked when the CDK is loaded, so that its import is not counted.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from airbyte_cdk.destinations import Destination
from airbyte_cdk.entrypoint import launch
from airbyte_cdk.models import AirbyteConnectionStatus, AirbyteMessage, ConnectorSpecification, Status, Type
from airbyte_cdk.sources import AbstractSource
from airbyte_cdk.sources.streams import Stream
from airbyte_cdk.sources.streams.core import CheckpointMixin

from benchmarks.byhand import BATCH, Row
from benchmarks.byrequests import Reader, Writer

CHECKPOINT = 3_000
SPEC = ConnectorSpecification(connectionSpecification={"type": "object", "properties": {}})


class Companies(Stream, CheckpointMixin):
    """Companies that the target would take, in the order of their numbers."""

    name, primary_key, cursor_field = "companies", "externalCompanyId", "number"
    state_checkpoint_interval = CHECKPOINT
    state: Any = None

    def __init__(self, config: Mapping[str, Any]):
        self._config, self.state = config, {}
        self.counts: Counter[str] = Counter(read=0, rejected=0)

    def get_json_schema(self) -> dict[str, Any]:
        """Any object."""
        return {"type": "object"}

    def read_records(self, *_: Any, **__: Any) -> Iterator[Row]:
        """Go on behind the last number of the state."""
        reader, since = Reader(self._config["url"]), self._config["since"]
        for keys in reader.keys(after=self.state.get("number", 0), since=since):
            for number, row in zip(keys, reader.companies(keys), strict=True):
                self.counts["read"] += 1
                self.state = {"number": number}
                if row is None:
                    self.counts["rejected"] += 1
                else:
                    yield row


class Source(AbstractSource):
    """AIS, as far as this job goes."""

    def __init__(self) -> None:
        self.made: list[Companies] = []

    def spec(self, *_: Any) -> ConnectorSpecification:
        """Nothing is checked."""
        return SPEC

    def check_connection(self, *_: Any) -> tuple[bool, None]:
        """Nothing to check."""
        return True, None

    def streams(self, config: Mapping[str, Any]) -> list[Stream]:
        """There is one."""
        self.made.append(Companies(config))
        return [self.made[-1]]


class Marketo(Destination):
    """Batches of 300; a state is passed on when all that came before it is sent."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter(created=0, rejected=0)

    def spec(self, *_: Any) -> ConnectorSpecification:
        """Nothing is checked."""
        return SPEC

    def check(self, *_: Any) -> AirbyteConnectionStatus:
        """Nothing to check."""
        return AirbyteConnectionStatus(status=Status.SUCCEEDED)

    def write(
        self, config: Mapping[str, Any], configured_catalog: Any, input_messages: Iterable[AirbyteMessage]
    ) -> Iterator[AirbyteMessage]:
        """Send the records."""
        writer, batch = Writer(config["url"]), list[Row]()
        for message in input_messages:
            if message.type == Type.RECORD and message.record:
                batch.append(message.record.data)
            if batch and (message.type == Type.STATE or len(batch) == BATCH):
                self.counts.update(writer.send(batch))
                batch = []
            if message.type == Type.STATE:
                yield message
        if batch:
            self.counts.update(writer.send(batch))


def run(url: str, folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Make one run from the last state on and return its counts.

    :raises RuntimeError: when one of the two programs fails.
    """
    given = _files(url, folder, options)
    reading, writing = os.pipe()
    # A source whose reader dies waits for ever, so it is ended with it.
    source = _forked(lambda: _read(folder, given), stdout=writing)
    destination = _forked(lambda: _write(folder, given), stdin=reading, stdout=_confirmed(folder))
    os.close(reading)
    os.close(writing)
    failed = os.waitpid(destination, 0)[1]
    if failed:
        os.kill(source, signal.SIGKILL)
    failed += os.waitpid(source, 0)[1]
    if failed:
        raise RuntimeError("source or destination failed")
    counts: Counter[str] = Counter()
    for name in ("source", "destination"):
        counts.update(json.loads((folder / f"{name}.json").read_text()))
    return dict(counts)


def _files(url: str, folder: Path, options: Mapping[str, Any]) -> list[str]:
    stream = {"name": "companies", "json_schema": {"type": "object"}, "supported_sync_modes": ["incremental"]}
    configured = {"stream": stream, "sync_mode": "incremental", "destination_sync_mode": "append_dedup"}
    (folder / "config.json").write_text(json.dumps({"url": url, "since": options.get("since", "")}))
    (folder / "catalog.json").write_text(json.dumps({"streams": [configured]}))
    confirmed = [json.loads(line) for line in _lines(folder) if '"STATE"' in line]
    (folder / "state.json").write_text(json.dumps([message["state"] for message in confirmed[-1:]]))
    return ["--config", str(folder / "config.json"), "--catalog", str(folder / "catalog.json")]


def _lines(folder: Path) -> list[str]:
    file = folder / "confirmed.jsonl"
    # The last line may have been cut short by a kill.
    return [line for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")] if file.exists() else []


def _confirmed(folder: Path) -> int:
    return os.open(folder / "confirmed.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def _read(folder: Path, given: list[str]) -> None:
    source = Source()
    launch(source, ["read", *given, "--state", str(folder / "state.json")])
    (folder / "source.json").write_text(json.dumps(source.made[-1].counts))


def _write(folder: Path, given: list[str]) -> None:
    destination = Marketo()
    destination.run(["write", *given])
    (folder / "destination.json").write_text(json.dumps(destination.counts))


def _forked(program: Callable[[], None], *, stdin: int | None = None, stdout: int) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        if stdin is not None:
            os.dup2(stdin, 0)
        os.dup2(stdout, 1)
        os.closerange(3, 64)
        # A state that is printed has left the process, as when it runs in a container.
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        program()
        sys.stdout.flush()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)
