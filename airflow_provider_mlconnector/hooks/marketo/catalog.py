"""Which objects an instance has: a refused describe is told from an object that is not there, and says which are.

Facts: Adobe's pages `custom-objects` and `named-accounts`. What an instance without Target Account Management answers
is documented nowhere; 603, 616 and 703 are taken for it.
"""

from __future__ import annotations

import difflib

from airflow_provider_mlconnector.exceptions import (
    CredentialsRejected,
    MLConnectorError,
    ObjectReadOnly,
    PermissionDenied,
    Stop,
    UnknownField,
)
from airflow_provider_mlconnector.hooks.marketo.objects import SPECS, ObjectSpec
from airflow_provider_mlconnector.hooks.marketo.reading import Call

FEATURE_OFF = frozenset({"616", "703"})
CUSTOM_OBJECTS_OFF = "1026"


def custom_objects(call: Call) -> dict[str, bool]:
    """Return the custom objects that the API user sees, and whether each is approved for use."""
    entries = [entry for entry in call("GET", "/rest/v1/customobjects.json").result if isinstance(entry, dict)]
    named = {str(entry.get("name") or entry.get("apiName") or ""): entry for entry in entries}
    return {name: entry.get("state") != "draft" for name, entry in named.items() if name}


def explain_describe(call: Call, spec: ObjectSpec, refusal: Stop, conn_id: str) -> Stop:
    """Return the error to raise for a refused describe: what is missing, where that can be found out."""
    if spec.feature:
        denied = isinstance(refusal, PermissionDenied) and _sees_leads(call)
        return _without_feature(spec, refusal, conn_id) if denied else explain_write(spec, refusal, conn_id)
    if spec.name in SPECS or isinstance(refusal, CredentialsRejected | PermissionDenied | ObjectReadOnly):
        return refusal
    if refusal.code == CUSTOM_OBJECTS_OFF:
        return refusal
    return _missing_object(call, spec.name, refusal, conn_id)


def explain_write(spec: ObjectSpec, refusal: Stop, conn_id: str) -> Stop:
    """Return the error to raise for a refused write: an object that the subscription lacks is skipped, not stopped."""
    if spec.feature and refusal.code in FEATURE_OFF:
        return _without_feature(spec, refusal, conn_id)
    return refusal


def _without_feature(spec: ObjectSpec, refusal: Stop, conn_id: str) -> ObjectReadOnly:
    role = ", or the API user's role lacks the permission for them" if isinstance(refusal, PermissionDenied) else ""
    return ObjectReadOnly(
        f"Connection '{conn_id}': '{spec.name}' need {spec.feature}, which the subscription does not include{role}",
        code=refusal.code,
        request_id=refusal.request_id,
    )


def _sees_leads(call: Call) -> bool:
    """Whether the refusal is about one object: with a wrong address or role leads are refused as well."""
    try:
        call("GET", SPECS["leads"].resource("describe"))
    except PermissionDenied:
        return False
    return True


def _missing_object(call: Call, name: str, refusal: Stop, conn_id: str) -> Stop:
    try:
        known = custom_objects(call)
    except MLConnectorError:
        return refusal  # without the list, the vendor's own refusal says most
    where = f"Connection '{conn_id}'"
    if name in known:
        if known[name]:
            return refusal
        return UnknownField(
            f"{where}: the custom object '{name}' is a draft; approve it in Admin > Marketo Custom Objects"
        )
    folded = {candidate.casefold(): candidate for candidate in (*known, *SPECS)}
    near = [folded[match] for match in difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)]
    hint = "nearest are: " + ", ".join(near) if near else f"there are: {', '.join(known) or 'none'}"
    return UnknownField(f"{where}: Marketo has no custom object '{name}' that this API user sees; {hint}")
