"""One contact of the audience, who changed its status and when, and how the vendor shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from airflow_provider_mlconnector.sandbox.mailchimp.emails import subscriber_hash
from airflow_provider_mlconnector.sandbox.mailchimp.fields import MergeField

CALLERS = frozenset({"api", "batch subscribe", "store"})
"""Who changes a status through the API; anyone else is the contact or the account's own users."""
REFUSING = frozenset({"unsubscribed", "cleaned", "archived"})
"""Statuses that no software may lift."""
MOST_TAGS = 50


def stamp(moment: float) -> str:
    """Return an instant as the vendor writes it: UTC, whole seconds, with offset."""
    return datetime.fromtimestamp(int(moment), UTC).isoformat()


@dataclass
class Member:
    """A contact; `history` holds `{"at", "from", "to", "by"}` for each change of its status."""

    email: str
    contact_id: str
    unique_email_id: str
    web_id: int
    created: float
    status: str = ""
    merge: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    plain: dict[str, Any] = field(default_factory=dict)
    source: str = "API - Generic"
    changed: float = 0.0
    opted_in: float | None = None
    before_archive: str = ""
    history: list[dict[str, str]] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The key in paths."""
        return subscriber_hash(self.email)

    def turn(self, status: str, by: str, now: float) -> None:
        """Change the status and remember who did."""
        if status == self.status:
            return
        if status == "archived":
            self.before_archive = self.status
        if status == "subscribed":
            self.opted_in = now
        self.history.append({"at": stamp(now), "from": self.status, "to": status, "by": by})
        self.status = status

    def unsubscribed_by(self) -> str:
        """Return who unsubscribed the contact last, empty when nobody did."""
        return next((each["by"] for each in reversed(self.history) if each["to"] == "unsubscribed"), "")

    def refused(self) -> str:
        """Return the status that counts for consent: archiving hides it and does not lift it."""
        return self.before_archive if self.status == "archived" else self.status

    def lifted(self) -> bool:
        """Return whether a caller of the API ever took back a refusal of the contact's."""
        return any(
            each["from"] in REFUSING and each["to"] not in REFUSING and each["by"] in CALLERS for each in self.history
        )


def shown(member: Member, fields: Sequence[MergeField], tag_ids: dict[str, int], list_id: str) -> dict[str, Any]:
    """Return a member as the vendor answers it, without links; fields without value are ""."""
    merge = {each.tag: member.merge.get(each.tag, "") for each in fields}
    names = (str(merge.get("FNAME", "")), str(merge.get("LNAME", "")))
    reason = {"unsubscribe_reason": "N/A (Unsubscribed by admin)"} if member.status == "unsubscribed" else {}
    return {
        "id": member.id,
        "email_address": member.email,
        "unique_email_id": member.unique_email_id,
        "contact_id": member.contact_id,
        "full_name": " ".join(name for name in names if name),
        "web_id": member.web_id,
        "status": member.status,
        **reason,
        "consents_to_one_to_one_messaging": True,
        "sms_phone_number": "",
        "merge_fields": merge,
        "stats": {"avg_open_rate": 0, "avg_click_rate": 0},
        "member_rating": 2,
        "last_changed": stamp(member.changed),
        "email_client": "",
        **_given(member),
        "source": member.source,
        "tags_count": len(member.tags),
        "tags": [{"id": tag_ids[name], "name": name} for name in member.tags[:MOST_TAGS]],
        "list_id": list_id,
    }


def _given(member: Member) -> dict[str, Any]:
    """Return what callers may give beside merge fields and status, as it was given."""
    plain, opted_in = member.plain, "" if member.opted_in is None else stamp(member.opted_in)
    return {
        "email_type": plain.get("email_type") or "html",
        "interests": plain.get("interests", {}),
        "ip_signup": plain.get("ip_signup", ""),
        "timestamp_signup": plain.get("timestamp_signup", ""),
        "ip_opt": plain.get("ip_opt", ""),
        "timestamp_opt": plain.get("timestamp_opt") or opted_in,
        "language": plain.get("language", ""),
        "vip": plain.get("vip", False),
        "location": _location(plain),
        "marketing_permissions": plain.get("marketing_permissions", []),
    }


def _location(plain: dict[str, Any]) -> dict[str, Any]:
    nowhere: dict[str, Any] = {
        "latitude": 0, "longitude": 0, "gmtoff": 0, "dstoff": 0, "country_code": "", "timezone": "", "region": "",
    }  # fmt: skip
    return {**nowhere, **plain.get("location", {})}
