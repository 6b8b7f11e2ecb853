"""`mlconnector-sandbox`: serve the simulated vendors on loopback and print the Connections that point at them."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from .core.server import SandboxServer
from .importing import connections_at, importable
from .registry import VENDORS


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    made = argparse.ArgumentParser(prog="mlconnector-sandbox", description=__doc__)
    made.add_argument(
        "--port-base", type=int, default=8900, help="first port; each vendor takes the next (default 8900)"
    )
    made.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    made.add_argument("--seed", type=int, default=1, help="the same seed gives the same data")
    made.add_argument("--scale", type=float, default=1.0, help="1 = about 400 customers")
    made.add_argument("--faults", action="append", default=[], help="e.g. 'jde: {expire_after: 50 calls}'; repeatable")
    made.add_argument("--vendors", default=",".join(VENDORS), help="comma-separated (default: all)")
    made.add_argument(
        "--connections-at",
        metavar="HOST",
        help="serve nothing; print the Connections of vendors served on HOST, for `airflow connections import`",
    )
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT, or print what the options ask for."""
    options = parser().parse_args(argv)
    if options.connections_at:
        print(importable(connections_at(options.connections_at, options.port_base)))
        return 0
    names = [name.strip() for name in options.vendors.split(",") if name.strip()]
    # Ports follow the registry, so that serving fewer vendors does not move the others.
    ports = {name: options.port_base + offset for offset, name in enumerate(VENDORS)} if options.port_base else {}
    server = SandboxServer(
        names,
        seed=options.seed,
        scale=options.scale,
        faults="; ".join(options.faults) or None,
        ports=ports,
        host=options.host,
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with server:
        for variable, connection in server.env().items():
            print(f"{variable}='{connection}'")
        sys.stdout.flush()
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
