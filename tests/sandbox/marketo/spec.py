"""The vendor's Swagger file, relaxed where its own documentation answers otherwise."""

from __future__ import annotations

import re

from tests.conformance import ANSWER_RELAXED, INPUT_RELAXED, SwaggerSpec

LOOSER = {
    # "This field may not be present", says its own description.
    "Activity": {"id"},
    "LeadChange": {"id"},
    # Types without a primary attribute exist.
    "ActivityType": {"primaryAttribute"},
    # The documented list of custom objects has no fields.
    "ObjectMetaData": {*ANSWER_RELAXED["ObjectMetaData"], "fields"},
    # A skipped record has no GUID.
    "NamedAccount": {"marketoGUID"},
    "NamedAccountList": {"marketoGUID"},
}
KEYLESS = {"NamedAccount": {"marketoGUID", "seq"}, "NamedAccountList": {"marketoGUID", "seq"}}
"""Inputs that are defined as what the vendor answers."""
OPTIONAL = {
    # The prose has a default where the file demands it.
    "ExportActivityRequest": {"fields"},
    # A map of names, whatever the file says.
    "ColumnHeaderNames": {"name", "value"},
}


class MarketoSpec(SwaggerSpec):
    """Marketo's lead database and bulk API."""

    def __init__(self) -> None:
        super().__init__(
            "marketo-mapi.swagger.json",
            answer_relaxed={**ANSWER_RELAXED, **LOOSER},
            input_relaxed={**INPUT_RELAXED, **KEYLESS, **OPTIONAL},
            closed=r"ResponseOf\w+|(Sync|Delete)\w+Request|Export\w+|Error|Reason|LeadInputData|LeadAttribute2Fields",
        )
        # Values are texts and numbers in every example.
        del self._answers["Attribute"]["properties"]["value"]["type"]
        self._templates = [
            (re.compile(re.sub(r"\{[^/]*?\}", "[^/]+", path)), set(self.paths[path])) for path in self.paths
        ]

    def methods(self, path: str) -> set[str]:
        """Return the methods defined for an actual path, in lower case; none when the file does not know it."""
        if path in self.paths:
            return set(self.paths[path])
        return next((methods for pattern, methods in self._templates if pattern.fullmatch(path)), set())
