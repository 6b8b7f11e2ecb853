"""What a member's payload may hold, checked against the audience's own merge fields, and the bodies made of it.

A payload is flat, one entry per row of the field map: `email_address`, `merge_fields.FNAME`,
`merge_fields.ADDRESS.city`, `tags.Customer` (true: set, false: taken away). Facts: Mailchimp's pages `merge-fields` and
`lists/members`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Any

from airflow_provider_mlconnector.digits import exact
from airflow_provider_mlconnector.exceptions import RecordRejected

MERGE, TAGS = "merge_fields.", "tags."
MEMBER_FIELDS = ("email_address", "status_if_new", "email_type", "language", "vip", "ip_signup", "timestamp_signup")
"""Beside merge fields and tags. Not `status`: it would bring back who has unsubscribed."""
STATUSES = ("subscribed", "unsubscribed", "cleaned", "pending", "transactional")
ADDRESS_PARTS = ("addr1", "addr2", "city", "state", "zip", "country")
COMPLETE = ("addr1", "city", "state", "zip")
"""What Mailchimp asks of an address; without a country it takes the audience's own."""
COUNTRY = re.compile(r"[A-Za-z]{2}")
TAG = re.compile(r"[A-Z][A-Z0-9_]{0,9}")
"""Of a merge field to be created: at most ten characters."""

Check = Callable[[Any, Mapping[str, Any]], Any]


def refused(field: str, expected: str) -> RecordRejected:
    """Return the rejection of a value that the audience's field does not take."""
    return RecordRejected(f"{field}: is not {expected}", code="invalid_value")


def merge_tag(target: str) -> str | None:
    """Return the merge tag of a field map's target, or None for another field."""
    return target.removeprefix(MERGE).partition(".")[0] if target.startswith(MERGE) else None


def _number(value: Any, _options: Mapping[str, Any]) -> Any:
    try:
        number = exact(str(value).strip())
    except ValueError:
        raise ValueError("a number") from None
    return int(number) if number == number.to_integral_value() else number


def _date(value: Any, _options: Mapping[str, Any]) -> str:
    try:
        moment = datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise ValueError("a date (YYYY-MM-DD)") from None
    return moment.date().isoformat()


def _birthday(value: Any, options: Mapping[str, Any]) -> str:
    text = str(value).strip()
    if re.fullmatch(r"\d\d/\d\d", text):
        return text
    day = date.fromisoformat(_date(text, options))
    order = "%d/%m" if str(options.get("date_format", "")).upper().startswith("DD") else "%m/%d"
    return day.strftime(order)


def _choice(value: Any, options: Mapping[str, Any]) -> str:
    text, choices = str(value), options.get("choices") or ()
    if choices and text not in choices:
        raise ValueError(f"one of the audience's choices ({', '.join(map(str, choices))})")
    return text


def _text(value: Any, _options: Mapping[str, Any]) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


CHECKS: dict[str, Check] = {
    "number": _number, "date": _date, "birthday": _birthday, "radio": _choice, "dropdown": _choice,
}  # fmt: skip


def check_members(fields: Mapping[str, Mapping[str, Any]], payload: dict[str, Any]) -> None:
    """Bring a payload's values into the form that the audience's merge fields take; an incomplete address goes.

    :param fields: tag → its type and options.
    :raises RecordRejected: naming the field.
    """
    if payload.get("status_if_new") not in (None, *STATUSES):
        raise refused("status_if_new", f"one of {', '.join(STATUSES)}")
    drop_incomplete(payload, {tag for tag, field in fields.items() if field["type"] == "address"})
    for name, value in payload.items():
        tag = merge_tag(name)
        if tag is None or value is None or name != MERGE + tag:
            continue
        field: Mapping[str, Any] = fields.get(tag) or {"type": "text"}
        check: Check = CHECKS.get(field["type"], _text)
        try:
            payload[name] = check(value, field.get("options") or {})
        except ValueError as error:
            raise refused(name, str(error)) from None


def drop_incomplete(payload: dict[str, Any], tags: Collection[str]) -> None:
    """Take an address out that is not complete: Mailchimp refuses the member, and later changes of it, too."""
    for tag in tags:
        names = {part: f"{MERGE}{tag}.{part}" for part in ADDRESS_PARTS}
        given = {part: payload.get(name) for part, name in names.items()}
        country = given["country"]
        foreign = country is not None and not COUNTRY.fullmatch(str(country))
        if foreign or not all(given[part] for part in COMPLETE):
            for name in names.values():
                payload.pop(name, None)
        elif country is not None:
            payload[names["country"]] = str(country).upper()


def member_body(payload: Mapping[str, Any], *, new: bool = True) -> dict[str, Any]:
    """Return the body of a member's PUT, or PATCH (`new=False`), without its tags, which have their own endpoint."""
    body: dict[str, Any] = {}
    merge: dict[str, Any] = {}
    for name, value in payload.items():
        if name.startswith(TAGS) or (name == "status_if_new" and not new):
            continue
        if tag := merge_tag(name):
            part = name.removeprefix(MERGE + tag).lstrip(".")
            # "" is Mailchimp's own way to say blank; null is none of any merge field's types.
            plain = "" if value is None else value
            if part:
                merge.setdefault(tag, {})[part] = plain
            else:
                merge[tag] = plain
        elif value is not None:
            body[name] = value
    if merge:
        body["merge_fields"] = merge
    return body


def tags_of(payload: Mapping[str, Any]) -> dict[str, bool]:
    """Return the tags a payload speaks of, and whether the member is to have each."""
    return {name.removeprefix(TAGS): bool(value) for name, value in payload.items() if name.startswith(TAGS)}


def tag_list(tags: Mapping[str, bool]) -> list[dict[str, str]]:
    """Return tags as their endpoint takes them."""
    return [{"name": name, "status": "active" if on else "inactive"} for name, on in tags.items()]
