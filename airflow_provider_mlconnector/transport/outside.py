"""Connections to the public internet alone, for addresses that a server has named.

The address is looked at when the connection stands, before anything is sent: a name may lead inside by its DNS entry,
and to another place each time it is resolved.
"""

from __future__ import annotations

import socket
from ipaddress import IPv6Address, ip_address

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer


def is_public(address: str) -> bool:
    """Whether an IP address is of the public internet: not this machine, a private network, a cloud's metadata."""
    found = ip_address(address.partition("%")[0])
    inner = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (inner or found).is_global


def _checked(sock: socket.socket) -> socket.socket:
    peer = sock.getpeername()[0]
    if not is_public(peer):
        sock.close()
        raise UnexpectedAnswer(f"the server names an address inside of this network ({peer}); it is not asked")
    return sock


class PublicHTTPConnection(HTTPConnection):
    """Unencrypted, to a public address."""

    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn())


class PublicHTTPSConnection(HTTPSConnection):
    """By TLS, to a public address."""

    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn())


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = PublicHTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = PublicHTTPSConnection


def use_public_addresses(adapter: HTTPAdapter) -> None:
    """Have an adapter refuse all other addresses; a proxy is asked as before."""
    adapter.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
