"""The last line of defence for consent: what could subscribe somebody against their will is not sent.

`status` overrules the status of an existing member, batch subscribe (POST /lists/{id}) does so with
`update_existing`, and `opt_in_status: true` subscribes a store's customer. `status_if_new` leaves existing members
alone, so it is the only one that is used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from airflow_provider_mlconnector.exceptions import ConfigurationError

MEMBER = re.compile(r"/?(3\.0/)?lists/[^/]+/members(/[^/]+)?/?")
AUDIENCE = re.compile(r"/?(3\.0/)?lists/[^/]+/?")
CUSTOMER = re.compile(r"/?(3\.0/)?ecommerce/stores/[^/]+/customers(/[^/]+)?/?")


def refuse_consent_change(method: str, path: str, body: Mapping[str, Any]) -> None:
    """Refuse a write that may change the subscription of an existing contact.

    :raises ConfigurationError: naming the field to take out of the field map.
    """
    if MEMBER.fullmatch(path) and "status" in body:
        raise ConfigurationError(
            "a member is never sent with 'status', which would overrule an unsubscription; "
            "take it out of the field map (status_if_new is for new members)"
        )
    if AUDIENCE.fullmatch(path) and method.upper() == "POST":
        raise ConfigurationError("batch subscribe is not used, as it can overrule an unsubscription")
    if CUSTOMER.fullmatch(path) and body.get("opt_in_status") not in (None, False):
        raise ConfigurationError(
            "a customer is never sent with 'opt_in_status' true, which would subscribe them; "
            "take it out of the field map"
        )
