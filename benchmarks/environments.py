"""An environment of its own for each peer that needs one, made at its first use and kept in `.bench/`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / ".bench"


class Unavailable(Exception):
    """A peer cannot be installed here; says why."""


def requirements(peer: str) -> Path | None:
    """Return a peer's file of requirements, if it needs an environment of its own."""
    file = HERE / "peers" / f"{peer}.txt"
    return file if file.exists() else None


def python_of(peer: str, folder: Path = FOLDER) -> Path:
    """Return the interpreter that runs a peer; makes its environment when its requirements have changed.

    :raises Unavailable: when pip fails.
    """
    wanted = requirements(peer)
    if wanted is None:
        return Path(sys.executable)
    home = folder / peer
    # Written last, so that an interrupted installation is taken up again.
    stamp, python = home / "installed.txt", home / "bin" / "python"
    if not stamp.exists() or stamp.read_text() != wanted.read_text():
        print(f"{peer}: making its environment in {home}", file=sys.stderr, flush=True)
        _call(peer, sys.executable, "-m", "venv", "--clear", str(home))
        _call(peer, str(python), "-m", "pip", "install", "--quiet", "--compile", "-r", str(wanted))
        stamp.write_text(wanted.read_text())
    return python


def _call(peer: str, *command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        raise Unavailable(f"{peer} could not be installed: {lines[-1] if lines else 'no reason given'}")
