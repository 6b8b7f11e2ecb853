"""One measured piece in a process of its own: `python -m benchmarks.worker '{"module": …}'` prints its cost as JSON."""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any


def peak_rss() -> float:
    """Return this program's peak resident memory in MB (getrusage's may be that of the process it was started by)."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def cpu_seconds() -> float:
    """Return the CPU time so far of this process, and of those it started that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measure(spec: dict[str, Any]) -> dict[str, Any]:
    """Run one peer and return its counts with wall and CPU seconds (of its start apart) and peak memory."""
    if spec["peer"] == "bare":
        return {"rss": peak_rss()}
    began = time.perf_counter()
    module = importlib.import_module(f"benchmarks.{spec['module']}")
    given = spec["url"], Path(spec["folder"]), spec
    if hasattr(module, "prepare"):
        module.prepare(*given)
    start, before = time.perf_counter() - began, peak_rss()
    if spec.get("profile"):
        return _profiled(module, spec)
    began, cpu = time.perf_counter(), cpu_seconds()
    counts = module.run(*given)
    return {
        "counts": counts,
        "wall": time.perf_counter() - began,
        "cpu": cpu_seconds() - cpu,
        "rss": peak_rss(),
        "start": start,
        "before": before,
    }


def _profiled(module: Any, spec: dict[str, Any]) -> dict[str, Any]:
    import cProfile

    profile = cProfile.Profile()
    counts = profile.runcall(module.run, spec["url"], Path(spec["folder"]), spec)
    profile.dump_stats(spec["profile"])
    return {"counts": counts}


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(sys.argv[1])), default=str))
