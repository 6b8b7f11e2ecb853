"""The objects of the lead database: where they are, how they are keyed, and the rules of a batch.

Facts: Adobe's pages `leads`, `companies`, `opportunities`, `opportunity-roles`, `sales-persons`, `named-accounts`,
`custom-objects`. 300 records a call, bodies of at most 1 MB; any other name is the API name of a custom object.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from airflow_provider_mlconnector.exceptions import BatchRefused, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.marketo.models import Envelope, RowAnswer
from airflow_provider_mlconnector.transport.body import encode_json

MAX_BATCH = 300
ROWS = TypeAdapter(list[RowAnswer])
MAX_BODY = 1_000_000
ACTIONS = ("createOrUpdate", "createOnly", "updateOnly")
"""`createDuplicate` is left out on purpose: it has no key, so it could not be repeated."""
CUSTOM_NAME = re.compile(r"[A-Za-z0-9_]+")
COMPANY_FIELDS = frozenset(
    {
        "company", "site", "website", "mainPhone", "industry", "sicCode", "annualRevenue", "numberOfEmployees",
        "billingStreet", "billingCity", "billingState", "billingPostalCode", "billingCountry",
    }
)  # fmt: skip
"""Fields of the company that describe also shows on leads. Written through a lead they would change the company
of all its leads, or be refused (1021); the lead's own part is `externalCompanyId`."""


@dataclass(frozen=True)
class ObjectSpec:
    """One object; `seconds` is the server's own time-out for a sync call.

    :param dedupe: the key fields; empty where only describe knows them.
    :param key_fixed: whether the key cannot be changed, so that an update by id must not carry it.
    :param races: whether two upserts of one new key at the same time create it twice; documented of leads alone, the
        others are keyed by an external id.
    :param crm_owned: whether a native CRM sync takes the object over.
    :param feature: what a subscription must include to have the object; empty where every one has it.
    """

    name: str
    path: str
    dedupe: tuple[str, ...]
    id_field: str
    seconds: float
    key_fixed: bool = False
    races: bool = False
    crm_owned: bool = False
    link_fields: tuple[str, ...] = ()
    feature: str = ""

    @property
    def renames(self) -> bool:
        """Whether the key is a value that changes in a record's life, which the vendor's id outlives."""
        return len(self.dedupe) == 1 and not self.key_fixed

    def resource(self, verb: str = "") -> str:
        """Return the path of the object's endpoint, or of one below it such as `describe`."""
        return f"{self.path}/{verb}.json" if verb else f"{self.path}.json"


SPECS: dict[str, ObjectSpec] = {
    spec.name: spec
    for spec in (
        ObjectSpec("leads", "/rest/v1/leads", ("email",), "id", 90, races=True, link_fields=("externalCompanyId",)),
        ObjectSpec("companies", "/rest/v1/companies", ("externalCompanyId",), "id", 60, key_fixed=True, crm_owned=True),
        ObjectSpec(
            "opportunities",
            "/rest/v1/opportunities",
            ("externalOpportunityId",),
            "marketoGUID",
            60,
            key_fixed=True,
            crm_owned=True,
            link_fields=("externalCompanyId",),
        ),
        ObjectSpec(
            "opportunity_roles",
            "/rest/v1/opportunities/roles",
            ("externalOpportunityId", "leadId", "role"),
            "marketoGUID",
            60,
            key_fixed=True,
            crm_owned=True,
        ),
        ObjectSpec(
            "sales_persons",
            "/rest/v1/salespersons",
            ("externalSalesPersonId",),
            "id",
            60,
            key_fixed=True,
            crm_owned=True,
        ),
        ObjectSpec(
            "named_accounts",
            "/rest/v1/namedaccounts",
            ("name",),
            "marketoGUID",
            120,
            feature="Target Account Management (account-based marketing)",
        ),
    )
}


def spec_of(name: str) -> ObjectSpec:
    """Return the object of a name; any other plain name is a custom object."""
    if name in SPECS:
        return SPECS[name]
    if not CUSTOM_NAME.fullmatch(name):
        raise ValueError(f"'{name}' is neither a Marketo object ({', '.join(SPECS)}) nor a custom object's API name")
    return ObjectSpec(name, f"/rest/v1/customobjects/{name}", (), "marketoGUID", 60)


@dataclass(frozen=True)
class Batch:
    """One call's worth of records, checked and encoded; `keys` are the folded key values, in order."""

    spec: ObjectSpec
    action: str
    key_fields: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    body: bytes

    @property
    def may_create(self) -> bool:
        """Whether two runs of this batch at the same time could create a record twice."""
        return self.spec.races and self.action != "updateOnly"


def make_batch(
    spec: ObjectSpec, records: Sequence[Mapping[str, Any]], *, action: str, by: str | None, dedupe: tuple[str, ...]
) -> Batch:
    """Check a batch against the object's rules and encode it.

    :param dedupe: the object's key fields.
    :raises ValueError: for a call that no data can make right: over 300 records, an unknown action, a misplaced id.
    :raises BatchRefused: for data the vendor would refuse: a key missing or twice (1036), over 1 MB (413).
    """
    if len(records) > MAX_BATCH:
        raise ValueError(f"{len(records)} records in one call; Marketo takes {MAX_BATCH}")
    if action not in ACTIONS:
        raise ValueError(f"action '{action}' is none of {', '.join(ACTIONS)}")
    by_id = by in ("idField", spec.id_field)
    key_fields = (spec.id_field,) if by_id else _chosen_key(spec, by, dedupe)
    _check_ids(spec, records, action, by_id=by_id, dedupe=dedupe)
    keys = tuple(_key(record, key_fields) for record in records)
    if len(set(keys)) < len(keys):
        raise BatchRefused("the same key stands twice in one batch", code="1036")
    content: dict[str, Any] = {"action": action}
    if spec.name == "leads":
        content["lookupField"] = key_fields[0]
    elif by_id:
        # Named for updateOnly alone by most of Adobe's pages; else the default, the dedupe fields, is what we want.
        content["dedupeBy"] = "idField"
    body = encode_json({**content, "input": records})
    if len(body) > MAX_BODY:
        raise BatchRefused("the body is over 1 MB", code="413")
    return Batch(spec, action, key_fields, keys, body)


def _chosen_key(spec: ObjectSpec, by: str | None, dedupe: tuple[str, ...]) -> tuple[str, ...]:
    if by is None or by == "dedupeFields" or (by,) == dedupe:
        return dedupe
    if spec.name == "leads":
        return (by,)
    raise ValueError(f"'{spec.name}' is keyed by {'+'.join(dedupe)} or {spec.id_field}, not by '{by}'")


def _check_ids(
    spec: ObjectSpec, records: Sequence[Mapping[str, Any]], action: str, *, by_id: bool, dedupe: tuple[str, ...]
) -> None:
    if by_id and action != "updateOnly":
        raise ValueError(f"{spec.id_field} finds a record only with updateOnly, not with {action}")
    for record in records:
        if not by_id and spec.id_field in record:
            raise ValueError(f"a record found by {'+'.join(dedupe)} must not carry {spec.id_field}")
        if by_id and spec.key_fixed and not record.keys().isdisjoint(dedupe):
            raise ValueError(f"a record found by {spec.id_field} must not carry {'+'.join(dedupe)}")


def _key(record: Mapping[str, Any], key_fields: tuple[str, ...]) -> tuple[str, ...]:
    """The key of a record, folded: Marketo's keys do not tell upper from lower case."""
    if len(key_fields) == 1 and type(only := record.get(key_fields[0])) is str and only:
        return (only.casefold(),)
    values = [record.get(name) for name in key_fields]
    if any(value is None or value == "" for value in values):
        raise BatchRefused(f"a record has no {'+'.join(key_fields)}", code="missing_key")
    return tuple(str(value).casefold() for value in values)


def without_company_fields(
    records: Sequence[Mapping[str, Any]],
) -> tuple[Sequence[Mapping[str, Any]], frozenset[str]]:
    """Return leads without the fields of their company, and which fields those were."""
    found = frozenset[str]().union(
        *(COMPANY_FIELDS & record.keys() for record in records if not COMPANY_FIELDS.isdisjoint(record))
    )
    if not found:
        return records, found
    return [{name: value for name, value in record.items() if name not in found} for record in records], found


def read_answers(envelope: Envelope, count: int) -> list[RowAnswer]:
    """Return the answers in the order of the batch, which is the vendor's own: by `seq` where it counts, from 0 or 1.

    :raises UnexpectedAnswer: when they cannot be joined to the records; the whole batch is in doubt then.
    """
    try:
        answers = ROWS.validate_python(envelope.result)
    except ValidationError:
        raise UnexpectedAnswer("Marketo: an answer is no record's answer", request_id=envelope.request_id) from None
    if len(answers) != count:
        raise UnexpectedAnswer(
            f"Marketo gave {len(answers)} answers for {count} records", request_id=envelope.request_id
        )
    counted = [answer.seq for answer in answers if answer.seq is not None]
    if len(counted) < count or counted == sorted(counted):
        return answers
    placed = dict(zip(counted, answers, strict=True))
    first = min(counted)
    if placed.keys() != set(range(first, first + count)):
        # Neither the order of the input nor another one: who was written is in doubt.
        raise UnexpectedAnswer("Marketo: the answers' seq do not count the records", request_id=envelope.request_id)
    return [placed[index] for index in range(first, first + count)]
