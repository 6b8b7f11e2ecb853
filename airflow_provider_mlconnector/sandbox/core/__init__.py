"""What every simulated vendor shares: the app, faults, call log, clock, and the ways to run it."""

from .adapter import SandboxAdapter
from .calls import Call, CallLog
from .clock import Clock
from .faults import Faults, FaultSpecError, read_spec
from .http import json_response, read_json
from .server import SandboxServer, connection_env
from .vendor import ChangeError, Vendor

__all__ = [
    "Call",
    "CallLog",
    "ChangeError",
    "Clock",
    "FaultSpecError",
    "Faults",
    "SandboxAdapter",
    "SandboxServer",
    "Vendor",
    "connection_env",
    "json_response",
    "read_json",
    "read_spec",
]
