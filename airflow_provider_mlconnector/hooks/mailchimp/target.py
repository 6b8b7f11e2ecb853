"""Mailchimp as a target of the pipeline: what a field map may name, decided before anything is read."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Mapping
from typing import Any

from airflow_provider_mlconnector.exceptions import ConfigurationError, UnknownField
from airflow_provider_mlconnector.hooks.mailchimp.client import MailchimpClient
from airflow_provider_mlconnector.hooks.mailchimp.customers import CUSTOMER_FIELDS
from airflow_provider_mlconnector.hooks.mailchimp.models import MergeField
from airflow_provider_mlconnector.hooks.mailchimp.payload import (
    ADDRESS_PARTS,
    MEMBER_FIELDS,
    MERGE,
    TAG,
    TAGS,
    check_members,
    merge_tag,
)
from airflow_provider_mlconnector.mapping import FieldMap, Row
from airflow_provider_mlconnector.pipeline.ports import Plan, Validator

log = logging.getLogger(__name__)

US_PHONE = "US"


def plan_members(
    _source: Any, client: MailchimpClient, field_map: FieldMap, *, wanted: Mapping[str, tuple[str, str]]
) -> Plan:
    """Fit a field map to the audience's merge fields; nothing is created before there is something to send.

    :param wanted: tag → name and type with which a field of the default map is created where it is missing.
    :raises UnknownField: for a row whose target no member has.
    :raises ConfigurationError: for a missing audience, or a row of the user's whose merge field may not be created.
    """
    connection = client.connection
    client.audience()
    fields = client.merge_fields()
    for row in field_map.rows:
        _check_target(row, fields)
    tags = dict.fromkeys(tag for row in field_map.rows if (tag := merge_tag(row.target)))
    missing = [tag for tag in tags if tag not in fields]
    if missing and not connection.create_missing:
        field_map = _without_missing(field_map, missing, connection.conn_id)
    else:
        for tag in missing:
            _check_new(tag)
    field_map = _without_us_phone(field_map, fields)
    known = {tag: _described(fields[tag]) for tag in tags if tag in fields}
    create = {} if not connection.create_missing else {tag: _new(tag, field_map, wanted) for tag in missing}
    return Plan(field_map.to_json(), schema={"fields": known | create, "create": list(create)})


def _check_target(row: Row, fields: Mapping[str, MergeField]) -> None:
    target, tag = row.target, merge_tag(row.target)
    if target == "status":
        raise UnknownField("'status' is never sent: it would bring back who unsubscribed; use 'status_if_new'")
    if tag is None:
        if target in MEMBER_FIELDS or (target.startswith(TAGS) and len(target) > len(TAGS)):
            return
        known = [*MEMBER_FIELDS, *(MERGE + each for each in fields)]
        near = difflib.get_close_matches(target, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(MEMBER_FIELDS)}, {MERGE}TAG, {TAGS}NAME"
        raise UnknownField(f"a Mailchimp member has no field '{target}'; {hint}")
    part = target.removeprefix(MERGE + tag).lstrip(".")
    is_address = tag in fields and fields[tag].type == "address"
    if part and (part not in ADDRESS_PARTS or (tag in fields and not is_address)):
        raise UnknownField(f"'{target}': only a merge field of type address has parts: {', '.join(ADDRESS_PARTS)}")
    if not part and is_address:
        raise UnknownField(f"'{target}' is an address; name its parts: {', '.join(ADDRESS_PARTS)}")


def _check_new(tag: str) -> None:
    if not TAG.fullmatch(tag):
        raise UnknownField(
            f"the audience has no merge field '{tag}', and none can be created under this tag: at most 10 characters, "
            "capitals, digits and underscores, a letter first"
        )


def _without_missing(field_map: FieldMap, missing: list[str], conn_id: str) -> FieldMap:
    advice = f"create them in the audience, or set create_missing in Connection '{conn_id}'"
    rows = [row for row in field_map.rows if merge_tag(row.target) in missing]
    if own := sorted({str(merge_tag(row.target)) for row in rows if not row.optional}):
        raise ConfigurationError(f"the audience has no merge fields {', '.join(own)}; {advice}")
    log.warning("the audience has no merge fields %s; their values are not sent: %s", ", ".join(missing), advice)
    return field_map.without({row.target for row in rows})


def _without_us_phone(field_map: FieldMap, fields: Mapping[str, MergeField]) -> FieldMap:
    """A phone field of US format refuses the whole member for any other number."""
    strict = {
        MERGE + tag
        for tag, field in fields.items()
        if field.type == "phone" and str(field.options.get("phone_format") or "").upper() == US_PHONE
    }
    if left_out := strict & set(field_map.origins):
        log.warning("not sent: %s takes US numbers only; set its phone format to international", ", ".join(left_out))
    return field_map.without(left_out)


def _described(field: MergeField) -> dict[str, Any]:
    return {"name": field.name, "type": field.type, "options": dict(field.options)}


def _new(tag: str, field_map: FieldMap, wanted: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    if new := wanted.get(tag):
        # Numbers come from all over the world; which format Mailchimp gives a new field is not documented.
        options = {"phone_format": "none"} if new[1] == "phone" else {}
        return {"name": new[0], "type": new[1], "options": options}
    has_parts = any(row.target.startswith(f"{MERGE}{tag}.") for row in field_map.rows)
    return {"name": tag.replace("_", " ").capitalize(), "type": "address" if has_parts else "text", "options": {}}


def validate_members(plan: Plan) -> Validator:
    """Return the check of one member's payload."""
    fields = (plan.schema or {}).get("fields", {})

    def check(payload: dict[str, Any]) -> None:
        check_members(fields, payload)

    return check  # type: ignore[return-value]


def has_member_field(_client: MailchimpClient, field: str) -> bool:
    """Whether a row of this target is about members."""
    return field in (*MEMBER_FIELDS, "status") or field.startswith((MERGE, TAGS))


def plan_customers(_source: Any, client: MailchimpClient, field_map: FieldMap) -> Plan:
    """Check a field map for store customers.

    :raises UnknownField: for a row whose target no customer has.
    :raises ConfigurationError: for a store that is missing and may not be created, or is another audience's.
    """
    connection = client.connection
    if not connection.store_id:
        return Plan(not_configured=f"Connection '{connection.conn_id}' names no store (extra store_id)")
    for row in field_map.rows:
        target = row.target
        if target == "opt_in_status" and (row.sources or row.value):
            raise ConfigurationError("'opt_in_status' is always false: nobody subscribes by being a customer")
        if target not in CUSTOMER_FIELDS:
            near = difflib.get_close_matches(target, CUSTOMER_FIELDS, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(CUSTOMER_FIELDS)}"
            raise UnknownField(f"a Mailchimp store customer has no field '{target}'; {hint}")
    if client.store() is None and not connection.create_missing:
        raise ConfigurationError(
            f"Connection '{connection.conn_id}': Mailchimp has no store '{connection.store_id}'; create it, name "
            "another in store_id, or set create_missing"
        )
    return Plan(field_map.to_json())


def has_customer_field(_client: MailchimpClient, field: str) -> bool:
    """Whether a row of this target is about store customers."""
    return field in CUSTOMER_FIELDS
