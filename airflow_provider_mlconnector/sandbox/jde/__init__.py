"""JD Edwards EnterpriseOne behind its AIS server, simulated."""

from .server import JdeSandbox
from .settings import Settings

__all__ = ["JdeSandbox", "Settings"]
