"""One measured piece in a process of its own: `python -m benchmarks.worker '{"peer": …}'` prints its cost as JSON."""

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
    """Return the CPU time of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def measure(spec: dict[str, Any]) -> dict[str, Any]:
    """Run one peer and return its counts with wall, CPU (both without imports) and peak memory."""
    if spec["peer"] == "bare":
        return {"rss": peak_rss()}
    started = time.perf_counter()
    module = importlib.import_module(f"benchmarks.{spec['peer']}")
    imported = time.perf_counter() - started
    if spec.get("profile"):
        return _profiled(module, spec)
    began, cpu = time.perf_counter(), cpu_seconds()
    counts = module.run(spec["url"], Path(spec["folder"]), spec)
    return {
        "counts": counts,
        "wall": time.perf_counter() - began,
        "cpu": cpu_seconds() - cpu,
        "rss": peak_rss(),
        "import": imported,
    }


def _profiled(module: Any, spec: dict[str, Any]) -> dict[str, Any]:
    import cProfile

    profile = cProfile.Profile()
    counts = profile.runcall(module.run, spec["url"], Path(spec["folder"]), spec)
    profile.dump_stats(spec["profile"])
    return {"counts": counts}


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(sys.argv[1])), default=str))
