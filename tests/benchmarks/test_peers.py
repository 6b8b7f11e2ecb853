"""The peers: each has a script that compiles, exact requirements and a place in the report, and is measured whole."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import environments, markdown
from benchmarks.environments import Unavailable
from benchmarks.peers import BY_HAND, FRAMEWORKS, PEERS
from benchmarks.tree import Watch, members
from benchmarks.worker import cpu_seconds

FOLDER = Path(environments.__file__).parent
LINUX = pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="reads Linux's /proc")


@pytest.mark.parametrize("peer", PEERS)
def test_each_peer_has_a_script_that_compiles(peer: str) -> None:
    """It has a `run`, and says how it is set up."""
    script = FOLDER / f"{PEERS[peer].module.replace('.', '/')}.py"
    code = compile(script.read_text(encoding="utf-8"), str(script), "exec")
    assert "run" in code.co_names
    assert markdown.HOW[peer]


@pytest.mark.parametrize("peer", PEERS)
def test_only_frameworks_have_an_environment_of_their_own(peer: str) -> None:
    """Its requirements are exact versions; ours and what is written by hand need nothing more."""
    wanted = environments.requirements(PEERS[peer].environment)
    assert (wanted is not None) == (peer in FRAMEWORKS)
    for line in wanted.read_text(encoding="utf-8").splitlines() if wanted else ():
        assert re.fullmatch(r"[a-z0-9-]+==[0-9.]+", line), line


def test_what_needs_no_installation_runs_here(tmp_path: Path) -> None:
    """The quick benchmark makes no environment."""
    for peer in BY_HAND:
        assert environments.python_of(PEERS[peer].environment, tmp_path) == Path(sys.executable)
    assert not list(tmp_path.iterdir())


def test_a_peer_that_cannot_be_installed_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip's own last words are the reason, and nothing is taken for installed."""
    wanted = tmp_path / "wanted.txt"
    wanted.write_text("./nowhere\n")
    monkeypatch.setattr(environments, "requirements", lambda peer: wanted)
    with pytest.raises(Unavailable, match=r"strange could not be installed: ERROR: .*nowhere"):
        environments.python_of("strange", tmp_path)
    assert not (tmp_path / "strange" / "installed.txt").exists()


PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "held = bytearray(60_000_000); print(len(held), flush=True); input()"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
input()
child.communicate(b"\\n")
"""


@LINUX
def test_memory_is_that_of_all_processes_of_a_peer() -> None:
    """What a child holds is counted with its parent's, while both run."""
    started = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert started.stdin
    assert started.stdout
    child = int(started.stdout.readline())
    assert set(members(started.pid)) == {started.pid, child}
    watch = Watch(started.pid, every=0.001)
    with watch:
        while not watch.peak:
            pass
    started.communicate("\n")
    assert watch.peak > 60
    assert list(members(started.pid)) == []


@LINUX
def test_a_process_alone_is_not_looked_at() -> None:
    """It knows its own peak better."""
    started = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, text=True)
    with Watch(started.pid, every=0.0001) as watch:
        started.communicate("\n")
    assert watch.peak == 0


def test_cpu_is_that_of_ended_children_too() -> None:
    """The worker's CPU grows by what a child of it has used."""
    burn = "import json, resource, time\nwhile time.process_time() < 0.2: pass\nprint(json.dumps(time.process_time()))"
    before = cpu_seconds()
    used = json.loads(subprocess.run([sys.executable, "-c", burn], capture_output=True, check=True).stdout)
    assert cpu_seconds() - before >= used
