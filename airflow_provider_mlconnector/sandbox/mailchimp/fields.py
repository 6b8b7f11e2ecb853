"""The merge fields of the simulated audience."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_mlconnector.sandbox.mailchimp.errors import fault, invalid, invalid_fields

TYPES = (
    "text", "number", "address", "phone", "date", "url", "imageurl", "radio", "dropdown", "birthday", "zip",
)  # fmt: skip
"""The types a merge field may have."""
RESERVED = frozenset({"EMAIL", "INTERESTS", "UNSUB", "FORWARD", "REWARDS", "ARCHIVE", "LIST", "DATE"})
TAG_LENGTH = 10
"""Longest tag."""
_TAG = re.compile(r"[A-Z][A-Z0-9_]*")
_NEED_CHOICES = ("radio", "dropdown")
_OPTIONS: Mapping[str, dict[str, Any]] = {
    "address": {"default_country": 164},
    "phone": {"phone_format": "none"},
    "date": {"date_format": "MM/DD/YYYY"},
    "birthday": {"date_format": "MM/DD"},
    "text": {"size": 25},
}
"""What `options` holds by type when nobody says otherwise; 164 is the United States."""


@dataclass
class MergeField:
    """One field of the audience, named by its tag."""

    merge_id: int
    tag: str
    name: str
    type: str
    required: bool = False
    default_value: str = ""
    public: bool = False
    display_order: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    help_text: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the field as the vendor shows it."""
        return dict(vars(self))


def default_fields(phone_format: str) -> list[MergeField]:
    """Return what a new audience has."""
    return [
        MergeField(1, "FNAME", "First Name", "text", public=True, display_order=2, options={"size": 25}),
        MergeField(2, "LNAME", "Last Name", "text", public=True, display_order=3, options={"size": 25}),
        MergeField(3, "ADDRESS", "Address", "address", display_order=4, options={"default_country": 164}),
        MergeField(4, "PHONE", "Phone Number", "phone", display_order=5, options={"phone_format": phone_format}),
    ]


def field_of(described: Mapping[str, Any], held: list[MergeField], highest: int) -> MergeField:
    """Return a new field from the body of a POST; raises `Problem`.

    :param held: the fields the audience has; `highest` how many it may have.
    """
    if len(held) >= highest:
        raise invalid(f"This list already has the maximum of {highest} merge fields.")
    number = max((each.merge_id for each in held), default=0) + 1
    kind = described["type"]
    tag = str(described.get("tag") or f"MMERGE{number}").upper()
    _check_tag(tag, held)
    options = _OPTIONS.get(kind, {}) | (described.get("options") or {})
    if kind in _NEED_CHOICES and not options.get("choices"):
        raise invalid_fields(fault("options.choices", f"A merge field of type {kind} needs choices"))
    return MergeField(
        number,
        tag,
        described["name"],
        kind,
        required=bool(described.get("required", False)),
        default_value=described.get("default_value") or "",
        public=bool(described.get("public", False)),
        display_order=described.get("display_order") or len(held) + 2,
        options=options,
        help_text=described.get("help_text") or "",
    )


def _check_tag(tag: str, held: list[MergeField]) -> None:
    if len(tag) > TAG_LENGTH:
        raise invalid_fields(fault("tag", f"This value is too long. It should have {TAG_LENGTH} characters or less."))
    if not _TAG.fullmatch(tag) or tag in RESERVED:
        raise invalid_fields(fault("tag", "This tag is reserved or has characters that a tag must not have."))
    if any(each.tag == tag for each in held):
        raise invalid(f'A Merge Field with the tag "{tag}" already exists for this list.')
