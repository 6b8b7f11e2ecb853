"""Who may be given which status: the rules about unsubscribed, bounced, archived and deleted contacts."""

from __future__ import annotations

from airflow_provider_mlconnector.sandbox.mailchimp.account import Account
from airflow_provider_mlconnector.sandbox.mailchimp.emails import subscriber_hash
from airflow_provider_mlconnector.sandbox.mailchimp.errors import forgotten, in_compliance_state, member_exists
from airflow_provider_mlconnector.sandbox.mailchimp.member import Member
from airflow_provider_mlconnector.sandbox.mailchimp.options import Options

BY_CALLERS = frozenset({"api", "batch subscribe"})


def is_locked(member: Member, options: Options) -> bool:
    """Return whether a member unsubscribed or bounced, so that the API cannot subscribe it."""
    status = member.refused()
    if status == "unsubscribed":
        return options.api_unsubscribe == "locked" or member.unsubscribed_by() not in BY_CALLERS
    return status == "cleaned"


def check_status(account: Account, member: Member, wanted: str | None) -> None:
    """Raise `Problem` when a caller may not give a member the status `wanted`."""
    if wanted == "subscribed" and is_locked(member, account.options):
        raise in_compliance_state(member.email)


def check_new(account: Account, email: str) -> None:
    """Raise `Problem` when an address cannot become a new member."""
    if subscriber_hash(email) in account.forgotten:
        raise forgotten(email)
    account.check_signup(email)


def check_rename(account: Account, member: Member, email: str) -> None:
    """Raise `Problem` when a member cannot take the address `email`: another has it, or had it and was deleted."""
    key = subscriber_hash(email)
    if key == member.id:
        return
    if key in account.members or key in account.forgotten:
        raise member_exists(email)
    account.check_signup(email)
