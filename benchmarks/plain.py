"""A peer: the loop one writes first. `requests`, `json`, pydantic, one call after the other, nothing kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.byhand import BATCH, Row
from benchmarks.byrequests import Reader, Writer


def run(url: str, _folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Make one run and return its counts."""
    reader, writer, batch = Reader(url), Writer(url), list[Row]()
    counts = Counter(read=0, created=0, rejected=0)
    for keys in reader.keys(since=options.get("since", "")):
        for row in reader.companies(keys):
            counts["read"] += 1
            if row is None:
                counts["rejected"] += 1
            else:
                batch.append(row)
        while len(batch) >= BATCH:
            counts.update(writer.send(batch[:BATCH]))
            del batch[:BATCH]
    if batch:
        counts.update(writer.send(batch))
    return dict(counts)
