"""The data of one simulated instance: its records, and how they hang together."""

from __future__ import annotations

import itertools
import random
import uuid
from collections.abc import Mapping
from typing import Any

from airflow_provider_mlconnector.sandbox.core import Clock
from airflow_provider_mlconnector.sandbox.marketo.activities import ActivityLog
from airflow_provider_mlconnector.sandbox.marketo.errors import Refused, Skipped
from airflow_provider_mlconnector.sandbox.marketo.exports import Exports
from airflow_provider_mlconnector.sandbox.marketo.fields import OBJECTS, Field
from airflow_provider_mlconnector.sandbox.marketo.kinds import ITEM, custom_kind, custom_name
from airflow_provider_mlconnector.sandbox.marketo.limits import Limits
from airflow_provider_mlconnector.sandbox.marketo.options import Options
from airflow_provider_mlconnector.sandbox.marketo.schema import Schema, schemas
from airflow_provider_mlconnector.sandbox.marketo.tables import Row, Table, shown
from airflow_provider_mlconnector.sandbox.marketo.values import OverLongError

_NUMBERED = {"leads": 1001, "companies": 501, "salespersons": 301}
"""The objects whose ids are numbers, and where they begin; the others have GUIDs."""


class Instance:
    """Tables, schemas and links. Every lead has a company: the one it names, else one of its own without a name."""

    def __init__(self, options: Options, clock: Clock, seed: int) -> None:
        self.options = options
        self.clock = clock
        self.seed = seed
        self.limits = Limits(options, clock)
        self.schemas = schemas(options.overlong, options.crm_hint)
        self.clear()
        self.add_custom_object(ITEM)

    def clear(self) -> None:
        """Forget all records, activities and exports; fields and counters stay."""
        self.tables = {name: self._table(name) for name in self.schemas}
        self.company_of: dict[int, int] = {}
        self.members: dict[str, dict[str, None]] = {}
        self.activities = ActivityLog(self.clock)
        self.exports = Exports(self.options, self.clock, self.seed)

    def _table(self, object_name: str) -> Table:
        id_field = self.schemas[object_name].id_field
        if object_name in _NUMBERED:
            numbers = itertools.count(_NUMBERED[object_name])
            return Table(id_field, lambda: next(numbers))
        chance = random.Random(f"{self.seed}:{object_name}")
        return Table(id_field, lambda: str(uuid.UUID(int=chance.getrandbits(128), version=4)))

    def add_custom_object(self, described: Mapping[str, Any]) -> str:
        """Add a custom object, as an administrator would, or replace an empty one; raises `ValueError`, `KeyError`."""
        kind = custom_kind(described)
        if kind.name in self.tables and self.tables[kind.name].rows:
            raise ValueError(f"{kind.title} has records")
        self.schemas[kind.name] = Schema(kind, self.options.overlong)
        self.tables[kind.name] = self._table(kind.name)
        return kind.title

    def object_name(self, fixed: str | None, path: Mapping[str, str]) -> str:
        """Return `fixed`, else the custom object named in the path; raises `Refused` 1013 when there is none."""
        found = fixed or custom_name(path["object"])
        if found not in self.schemas:
            raise Refused("1013", message="Object not found")
        return found

    def now(self) -> str:
        """Return the time as the vendor writes it: UTC, seconds, `Z`."""
        return self.clock.datetime().strftime("%Y-%m-%dT%H:%M:%SZ")

    def schema(self, object_name: str) -> Schema:
        """Return the schema of an object.

        Raises `Refused` 1018 when a native CRM sync has taken the object away – opportunity roles are there without
        such a sync only – and 603 or 703 when Target Account Management is off.
        """
        schema, crm = self.schemas[object_name], self.options.crm
        if schema.kind.crm and (crm == "disabled_at_describe" or (object_name == "roles" and crm != "none")):
            raise Refused("1018", schema.kind.crm)
        if schema.kind.abm and self.options.abm != "on":
            raise Refused(self.options.abm.removeprefix("off_"))
        return schema

    def checked(self, object_name: str, record: Row, *keys: str) -> Row:
        """Return the stored form of a record's values; raises `Skipped` or `Refused` at the first wrong one.

        Fields that are not updateable may appear as `keys` only.
        """
        schema = self.schemas[object_name]
        stored: Row = {}
        for name, value in record.items():
            check = schema.checks.get(name)
            if check is None:
                self._unknown(name)
            elif not schema.fields[name].updateable and name not in keys:
                raise Skipped("1003", message=f"Field '{name}' is not updateable")
            else:
                try:
                    stored[name] = check(value)
                except OverLongError:
                    raise Refused("1077") from None
        return stored

    def _unknown(self, name: str) -> None:
        raise (Refused if self.options.unknown_field == "response" else Skipped)("1006", name)

    def write_lead(self, lead_id: int | None, values: Row) -> Row | None:
        """Insert (no id) or update a lead and see to its company; None when the lead is gone."""
        now, table = self.now(), self.tables["leads"]
        inherited = {name: values[name] for name in values if self.schemas["leads"].fields[name].of_company}
        own = {name: value for name, value in values.items() if name not in inherited}
        company_key = own.pop("externalCompanyId", None)
        if lead_id is None:
            row: Row | None = table.insert(own, now)
        else:
            # What the vendor shows as updatedAt goes with the standard fields only.
            fields = self.schemas["leads"].fields
            row = table.update(lead_id, own, now, visibly=not own or any(not fields[name].custom for name in own))
        if row is None:
            return None
        self._link(row, company_key, now)
        if inherited:
            self.tables["companies"].update(self.company_of[row["id"]], inherited, now)
        return row

    def _link(self, lead: Row, company_key: str | None, now: str) -> None:
        """Attach a lead; null detaches nothing, because a lead can be moved but not detached."""
        companies = self.tables["companies"]
        if company_key is not None:
            if found := companies.ids("externalCompanyId", company_key):
                self.company_of[lead["id"]] = found[0]
                lead.pop("externalCompanyId", None)
            else:
                lead["externalCompanyId"] = company_key
        if self.company_of.get(lead["id"]) not in companies.rows:
            self.company_of[lead["id"]] = companies.insert({"_implicit": True}, now)["id"]

    def company_fields(self, lead: Row) -> Row:
        """Return what a lead inherits: the fields of its company."""
        return self.tables["companies"].rows.get(self.company_of.get(lead["id"], 0), {})

    def delete(self, object_name: str, row_id: Any) -> Row | None:
        """Delete a row; the leads of a deleted company get one without a name."""
        row = self.tables[object_name].delete(row_id)
        if row is not None and object_name == "companies":
            for lead_id in [lead for lead, company in self.company_of.items() if company == row_id]:
                self._link(self.tables["leads"].rows[lead_id], None, self.now())
        elif row is not None and object_name == "leads":
            self.company_of.pop(row_id, None)
        return row

    def add_field(self, object_name: str, new: Field) -> None:
        """Add a custom field, as an administrator would."""
        self.schemas[object_name].add(new)

    def dump(self) -> dict[str, Any]:
        """Return all records; `companies` are those with a key, `implicit_companies` those a lead brought along."""
        companies = self.tables["companies"].rows.values()
        return {
            "leads": [self._lead(row) for row in self.tables["leads"].rows.values()],
            "companies": [shown(row) for row in companies if "_implicit" not in row],
            "implicit_companies": [shown(row) for row in companies if "_implicit" in row],
            **{name: self._shown(name) for name in OBJECTS if name not in ("leads", "companies")},
            "customobjects": {
                each.kind.title: self._shown(name)
                for name, each in self.schemas.items()
                if each.kind.relationships is not None
            },
        }

    def _shown(self, object_name: str) -> list[Row]:
        return [shown(row) for row in self.tables[object_name].rows.values()]

    def _lead(self, row: Row) -> Row:
        inherited = self.company_fields(row).get("externalCompanyId")
        found = shown(row) | {"companyId": self.company_of.get(row["id"])}
        return found | ({"externalCompanyId": inherited} if inherited is not None else {})
