"""The instance's own description of its interface, in Swagger 2 or OpenAPI 3: does it know a document's path?"""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from airflow_provider_mlconnector.exceptions import ConfigurationError, Stop, Unavailable
from airflow_provider_mlconnector.hooks.qad.errors import is_not_there
from airflow_provider_mlconnector.transport.body import loads

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.qad.client import QadClient

log = logging.getLogger(__name__)
WILDCARD = re.compile(r"\{[^/]*\}")
Segments = tuple[str, ...]


@dataclass(frozen=True)
class Description:
    """The paths of one document, whole, without context root.

    :param origin: where it came from, for messages.
    """

    origin: str
    paths: frozenset[Segments]

    def knows(self, path: str) -> bool:
        """Whether a path is described; a wildcard stands for any segment but the entity's own name."""
        return any(_matches(template, segments(path)) for template in self.paths)

    def siblings(self, path: str) -> list[str]:
        """The names that are described beside a path's last segment."""
        wanted = segments(path)
        parent = wanted[:-1]
        names = {
            found[len(parent)]
            for found in self.paths
            if len(found) > len(parent)
            and all(map(_fits, found, parent))
            and not WILDCARD.fullmatch(found[len(parent)])
        }
        return sorted(names)


@dataclass(frozen=True)
class Verdict:
    """Whether a path is known: True, False, or None where no description speaks of such paths."""

    known: bool | None
    origin: str = ""
    near: tuple[str, ...] = ()


def segments(path: str) -> Segments:
    """Return the parts of a path, without a slash at the end."""
    return tuple(part for part in path.split("/") if part)


def parse(document: Any, origin: str, root: str = "") -> Description | None:
    """Read a document of either dialect; None for anything else.

    :param root: the context root of the tenant, cut off.
    """
    paths = document.get("paths") if isinstance(document, Mapping) else None
    if not isinstance(paths, Mapping) or not (document.get("swagger") or document.get("openapi")):
        return None
    bases = list(_bases(document))
    whole = (f"{base}/{path}" for path in paths for base in bases)
    return Description(origin, frozenset(_rooted(segments(path), segments(root)) for path in whole))


def look(client: QadClient, path: str) -> Verdict:
    """Ask the local copy and the instance, in this order, whether a path is known.

    :raises ConfigurationError: a local copy that cannot be read.
    """
    near: list[str] = []
    origins = []
    for description in _descriptions(client):
        if description.knows(path):
            return Verdict(known=True, origin=description.origin)
        siblings = description.siblings(path)
        if siblings:
            near += siblings
            origins.append(description.origin)
    if not origins:
        return Verdict(known=None)
    return Verdict(known=False, origin=", ".join(origins), near=near_matches(segments(path)[-1], near))


def near_matches(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return up to three of the names that are most like one."""
    folded = {each.casefold(): each for each in known}
    found = difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)
    return tuple(folded[each] for each in found)


def _descriptions(client: QadClient) -> Iterator[Description]:
    given = client.connection
    root = urlsplit(given.base_url).path
    if given.swagger_file:
        yield _from_file(given.swagger_file, given.conn_id, root)
    for path in given.swagger_paths:
        try:
            found = parse(client.get(path, ()), path, root)
        except (Stop, Unavailable) as error:
            if not is_not_there(error):
                raise
            log.debug("qad: no Swagger at %s (%s)", path, error.code)
            continue
        if found:
            yield found


def _from_file(name: str, conn_id: str, root: str) -> Description:
    try:
        found = parse(loads(Path(name).read_bytes()), name, root)
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigurationError(
            f"Connection '{conn_id}': swagger_file '{name}' cannot be read as JSON: {type(error).__name__}"
        ) from None
    if found is None:
        raise ConfigurationError(f"Connection '{conn_id}': swagger_file '{name}' is neither Swagger 2 nor OpenAPI 3")
    return found


def _bases(document: Mapping[str, Any]) -> Iterator[str]:
    servers = document.get("servers")
    if document.get("openapi") and isinstance(servers, Sequence) and servers:
        for server in servers:
            yield urlsplit(str(server.get("url") or "")).path if isinstance(server, Mapping) else ""
    else:
        yield str(document.get("basePath") or "")


def _rooted(path: Segments, root: Segments) -> Segments:
    if root and path[: len(root)] == root:
        return path[len(root) :]
    # A copy of another instance may have another context root.
    return path[path.index("api") :] if "api" in path else path


def _fits(template: str, part: str) -> bool:
    return template == part or bool(WILDCARD.fullmatch(template))


def _matches(template: Segments, wanted: Segments) -> bool:
    if len(template) < len(wanted) or template[len(wanted) - 1] != wanted[-1]:
        return False
    rest = template[len(wanted) :]
    return all(map(_fits, template, wanted)) and all(WILDCARD.fullmatch(part) for part in rest)
