"""Writes merge fields onto a member the way the vendor validates them: all of them, not only those that were sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_mlconnector.sandbox.mailchimp.account import Account
from airflow_provider_mlconnector.sandbox.mailchimp.errors import fault, invalid, invalid_fields
from airflow_provider_mlconnector.sandbox.mailchimp.values import absent, merged

INVALID = "Your merge fields were invalid."


def merge_values(
    account: Account, held: Mapping[str, Any], given: Mapping[str, Any], *, skip_validation: bool
) -> dict[str, Any]:
    """Return a member's values after `given` was written over `held`; raises `Problem`.

    An incomplete address that is already stored fails the write although it does not touch it.
    Unknown keys are dropped without a word, and remembered in `unknown_fields`.
    """
    tags = {each.tag for each in account.fields}
    account.unknown_fields |= {f"merge_fields.{tag}" for tag in given if tag not in tags}
    if nulls := [
        fault(f"merge_fields.{tag}", "Schema describes string, NULL found instead")
        for tag, value in given.items()
        if value is None
    ]:
        raise invalid_fields(*nulls)
    values, errors = merged(account.fields, held, given)
    if skip_validation and account.options.skip_merge == "all":
        return values
    if not skip_validation:
        errors += absent(account.fields, values)
    if errors:
        raise invalid(INVALID, *errors)
    return values
