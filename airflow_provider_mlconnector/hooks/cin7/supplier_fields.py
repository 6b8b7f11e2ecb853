"""What a supplier's payload may hold, and the body made of it.

A payload is flat, one entry per row of the field map: `Name`, `PaymentTerm`, `AdditionalAttribute1`,
`Addresses.Billing.Line1` (an address of each type), `Contacts.Email` (one contact). Facts: the API blueprint's page
`supplier`, lengths included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_mlconnector.digits import exact
from airflow_provider_mlconnector.exceptions import RecordRejected
from airflow_provider_mlconnector.hooks.cin7.accounts import SOURCE_KEY
from airflow_provider_mlconnector.hooks.cin7.codes import SOURCE_TAX, SOURCE_TERMS
from airflow_provider_mlconnector.hooks.cin7.documents import Supplier
from airflow_provider_mlconnector.hooks.cin7.models import fold

ATTRIBUTES = tuple(f"AdditionalAttribute{number}" for number in range(1, 11))
LENGTHS: dict[str, int] = {
    "Name": 256, "Currency": 3, "PaymentTerm": 256, "TaxRule": 256, "AccountPayable": 50, "Status": 10,
    "Comments": 256, "TaxNumber": 256, "AttributeSet": 256, **dict.fromkeys(ATTRIBUTES, 256),
}  # fmt: skip
"""Text fields of a supplier and how long they may be."""
ADDRESS_TYPES = ("Billing", "Business", "Shipping")
ADDRESS: dict[str, int] = {"Line1": 256, "Line2": 256, "City": 256, "State": 256, "Postcode": 20, "Country": 256}
CONTACT: dict[str, int] = {
    "Name": 256, "Phone": 50, "MobilePhone": 50, "Fax": 50, "Email": 256, "Website": 256, "Comment": 256,
}  # fmt: skip
ADDRESSES, CONTACTS = "Addresses.", "Contacts."
UNSENT = (SOURCE_KEY, SOURCE_TERMS, SOURCE_TAX)
SUPPLIER_FIELDS = (
    *UNSENT,
    *LENGTHS,
    "Discount",
    *(f"{ADDRESSES}{kind}.{part}" for kind in ADDRESS_TYPES for part in ADDRESS),
    *(CONTACTS + part for part in CONTACT),
)


def check_supplier(payload: Mapping[str, Any]) -> None:
    """Check one payload.

    :raises RecordRejected: naming each field that Cin7 would refuse.
    """
    problems = [problem for name, value in payload.items() if (problem := _problem(name, value))]
    if not str(payload.get("Name") or "").strip():
        problems.insert(0, "Name: a supplier needs one")
    if problems:
        raise RecordRejected("; ".join(problems), code="invalid_value")


def _problem(name: str, value: Any) -> str | None:
    if name not in SUPPLIER_FIELDS:
        return f"{name}: a Cin7 supplier has no such field"
    if value is None:
        return None
    if name in UNSENT:
        return None
    if name == "Discount":
        return None if _is_percentage(value) else f"{name}: is not a number from 0 to 100"
    if name == "Status" and str(value).title() not in ("Active", "Deprecated"):
        return f"{name}: is neither Active nor Deprecated"
    if name == "Currency" and not (len(str(value)) == 3 and str(value).isalpha()):
        return f"{name}: is not a code of three letters"
    longest = _length(name)
    return f"{name}: is longer than {longest} characters" if len(str(value)) > longest else None


def _length(name: str) -> int:
    part = name.rpartition(".")[2]
    if name.startswith(ADDRESSES):
        return ADDRESS[part]
    return CONTACT[part] if name.startswith(CONTACTS) else LENGTHS[name]


def _is_percentage(value: Any) -> bool:
    try:
        return 0 <= exact(str(value)) <= 100
    except ValueError:
        return False


def supplier_body(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scalar fields of the body; null, which clears a field, is sent as ""."""
    body: dict[str, Any] = {}
    for name, value in payload.items():
        if name == "Discount":
            body[name] = exact(str(value or 0))
        elif "." not in name and name not in UNSENT:
            body[name] = "" if value is None else str(value).strip()
    if "Currency" in body:
        body["Currency"] = body["Currency"].upper()
    return body


def new_supplier(payload: Mapping[str, Any], sign: str) -> dict[str, Any]:
    """Return the body of a supplier to be created.

    :param sign: the record's marker; it goes into the last additional attribute that is free.
    """
    body = {"Status": "Active", **supplier_body(payload)}
    free = next((name for name in reversed(ATTRIBUTES) if name not in body), None)
    if free:
        body[free] = sign
    addresses = [{**each, "DefaultForType": True} for each in addresses_of(payload)]
    contacts = [{**each, "Default": True} for each in contacts_of(payload)]
    return body | {name: parts for name, parts in (("Addresses", addresses), ("Contacts", contacts)) if parts}


def addresses_of(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the addresses of a payload; one without street or country, which Cin7 would refuse, is left out."""
    found = []
    for kind in ADDRESS_TYPES:
        parts = _parts(payload, f"{ADDRESSES}{kind}.")
        if not parts.get("Line1") and parts.get("Line2"):
            # The first line of an address may be blank in the source; the street stands behind it then.
            parts |= {"Line1": parts["Line2"], "Line2": ""}
        if parts.get("Line1") and parts.get("Country"):
            found.append({**parts, "Type": kind})
    return found


def contacts_of(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the contact of a payload, in a list; none without a name and anything to reach it by."""
    parts = _parts(payload, CONTACTS)
    name = parts.get("Name") or str(payload.get("Name") or "").strip()
    if not any(value for part, value in parts.items() if part != "Name") and not parts.get("Name"):
        return []
    return [{**parts, "Name": name}]


def _parts(payload: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {
        name.removeprefix(prefix): "" if value is None else str(value).strip()
        for name, value in payload.items()
        if name.startswith(prefix)
    }


@dataclass(frozen=True, slots=True)
class Parts:
    """How the addresses or the contacts of a supplier are told apart and sent.

    :param by: the fields that say which is which, the surest first.
    :param flag: what marks the one that is used by default.
    :param sent: the fields that may be sent, beside the id.
    :param needed: those without which Cin7 refuses the supplier.
    :param before: a name that ours had before.
    """

    by: tuple[str, ...]
    flag: str
    sent: tuple[str, ...]
    needed: tuple[str, ...]
    before: str = ""

    def ours(self, wanted: Mapping[str, Any], there: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """Return the entry that stands for one of ours; of several the default one."""
        for name in self.by:
            if alike := [
                each for each in there if fold(wanted.get(name)) and fold(each.get(name)) == fold(wanted[name])
            ]:
                return max(alike, key=lambda each: str(each.get(self.flag)).lower() == "true")
        former = fold(self.before)
        return next((each for each in there if former and fold(each.get("Name")) == former), None)

    def differ(self, wanted: Sequence[Mapping[str, Any]], there: Sequence[Mapping[str, Any]]) -> bool:
        """Whether any of ours is not there as it should be."""
        return any((mine := self.ours(each, there)) is None or differs(each, mine) for each in wanted)

    def merged(self, wanted: Sequence[Mapping[str, Any]], there: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the whole list to send: ours, with the ids of those that are there, and the others as they are."""
        rest, found = list(there), list[dict[str, Any]]()
        for each in wanted:
            mine = self.ours(each, rest)
            if mine is None:
                alone = not any(fold(other.get(self.by[0])) == fold(each[self.by[0]]) for other in there)
                found.append({**each, self.flag: alone if self.flag == "DefaultForType" else not there})
            else:
                rest.remove(mine)
                found.append({**each, "ID": mine["ID"]} if mine.get("ID") else dict(each))
        kept = [{name: each[name] for name in ("ID", *self.sent) if each.get(name) is not None} for each in rest]
        # Somebody else's incomplete entry would have the whole supplier refused; left out, it stays as it is.
        return [*found, *(each for each in kept if each.get("ID") and all(each.get(name) for name in self.needed))]


ADDRESS_PARTS = Parts(("Type",), "DefaultForType", (*ADDRESS, "Type", "DefaultForType"), ("Line1", "Country", "Type"))
CONTACT_PARTS = Parts(("Name", "Email"), "Default", (*CONTACT, "Default", "IncludeInEmail"), ("Name",))


def differs(wanted: Mapping[str, Any], there: Mapping[str, Any]) -> bool:
    """Whether any value of the first is another in the second; absent, null and "" mean the same."""
    return any(_plain(value) != _plain(there.get(name)) for name, value in wanted.items())


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or value == "":
        return ""
    try:
        return exact(str(value).strip())
    except ValueError:
        return str(value).strip()


def scalars_differ(body: Mapping[str, Any], supplier: Supplier) -> bool:
    """Whether a supplier's own fields are others than those of a body."""
    given = {name: value for name, value in body.items() if name not in ("ID", "Addresses", "Contacts", "Status")}
    status = str(body.get("Status", "")).upper()
    return differs(given, supplier.raw) or bool(status and status != supplier.status.upper())
