"""What tests may do to an account behind its API's back, through `/_sandbox/change`.

`{"unsubscribe": email}` and `clean`, `archive`, `pending`, `resubscribe`, `delete_permanent`, `busy`, `calm` likewise
(one address or a list); `{"move": {"from", "to"}}`; `{"set": {"email", "fields"}}`, unchecked;
`{"add_member": {"email_address", "status", "merge_fields", "tags"}}`; `{"add_merge_field": {…}}` as in a POST;
`{"remove_merge_field": tag}`; `{"add_store": {…}}` as in a POST; `{"remove_store": id}`; `{"options": {name: value}}`;
`{"clear": true}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_mlconnector.sandbox.mailchimp.account import Account
from airflow_provider_mlconnector.sandbox.mailchimp.emails import subscriber_hash
from airflow_provider_mlconnector.sandbox.mailchimp.member import Member
from airflow_provider_mlconnector.sandbox.mailchimp.options import CHOICES, OPTION_NAMES, Options
from airflow_provider_mlconnector.sandbox.mailchimp.stores import add_store, remove_store

TURNS = {
    "unsubscribe": ("unsubscribed", "contact"),
    "clean": ("cleaned", "bounce"),
    "archive": ("archived", "administrator"),
    "pending": ("pending", "contact"),
    "resubscribe": ("subscribed", "contact"),
}
"""Command → the status it gives, and who gave it."""


def apply_change(account: Account, command: Mapping[str, Any]) -> dict[str, Any]:
    """Do the one or more things a command names; raises `ValueError` or `KeyError` for what cannot be done."""
    if unknown := set(command) - set(CHANGES):
        raise ValueError(f"unknown change {sorted(unknown)}; known: {', '.join(CHANGES)}")
    return {name: CHANGES[name](account, argument) for name, argument in command.items()}


def add_member(account: Account, described: Mapping[str, Any]) -> str:
    """Add a member as the account's user would by hand; nothing is checked."""
    member = account.add_member(
        described["email_address"], described.get("status", "subscribed"), "administrator", "Admin Add"
    )
    member.merge = dict(described.get("merge_fields", {}))
    for name in described.get("tags", ()):
        account.tag(member, name)
    return member.id


def _addresses(argument: Any) -> list[str]:
    return [argument] if isinstance(argument, str) else list(argument)


def _member(account: Account, email: str) -> Member:
    found = account.find(email)
    if found is None:
        raise KeyError(f"no member {email}")
    return found


def _turn(name: str) -> Callable[[Account, Any], Any]:
    status, by = TURNS[name]

    def turn(account: Account, argument: Any) -> int:
        for email in _addresses(argument):
            if name == "resubscribe":
                account.forgotten.pop(subscriber_hash(email), None)
            member = account.find(email) or account.add_member(email, "", by, "Hosted Signup Form")
            member.turn(status, by, account.clock.now())
            member.changed = account.clock.now()
        return len(_addresses(argument))

    return turn


def _delete(account: Account, argument: Any) -> int:
    for email in _addresses(argument):
        if member := account.find(email):
            account.forget(member)
        else:
            account.forgotten[subscriber_hash(email)] = email
    return len(_addresses(argument))


def _busy(account: Account, argument: Any) -> int:
    account.busy |= {subscriber_hash(email) for email in _addresses(argument)}
    return len(account.busy)


def _calm(account: Account, argument: Any) -> int:
    account.busy -= {subscriber_hash(email) for email in _addresses(argument)}
    return len(account.busy)


def _move(account: Account, argument: Mapping[str, str]) -> str:
    member = _member(account, argument["from"])
    account.rename(member, argument["to"])
    return member.id


def _set(account: Account, argument: Mapping[str, Any]) -> str:
    member = _member(account, argument["email"])
    member.merge |= argument["fields"]
    member.changed = account.clock.now()
    return member.id


def _add_field(account: Account, described: Mapping[str, Any]) -> int:
    return account.add_field(described).merge_id


def _remove_field(account: Account, tag: str) -> str:
    account.remove_field(account.field(tag))
    return tag


def _add_store(account: Account, described: Mapping[str, Any]) -> str:
    defaults = {"list_id": account.list_id, "name": described["id"], "currency_code": "USD"}
    return str(add_store(account, defaults | dict(described))["id"])


def _remove_store(account: Account, store_id: str) -> str:
    remove_store(account, store_id)
    return store_id


def _options(account: Account, values: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := set(values) - OPTION_NAMES:
        raise ValueError(f"cannot change options {sorted(unknown)}")
    for name, value in values.items():
        if name in CHOICES:
            Options.check(name, value)
        setattr(account.options, name, value)
    if "phone_format" in values:
        account.field("PHONE").options["phone_format"] = values["phone_format"]
    return dict(values)


def _clear(account: Account, _: Any) -> bool:
    account.clear()
    return True


CHANGES: dict[str, Callable[[Account, Any], Any]] = {
    **{name: _turn(name) for name in TURNS},
    "delete_permanent": _delete,
    "busy": _busy,
    "calm": _calm,
    "move": _move,
    "set": _set,
    "add_member": add_member,
    "add_merge_field": _add_field,
    "remove_merge_field": _remove_field,
    "add_store": _add_store,
    "remove_store": _remove_store,
    "options": _options,
    "clear": _clear,
}
