"""The types of activity of the simulated instance, with the ids the vendor gives the standard ones.

Source: https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/lead-database/activities; ids as seen
in public code, attributes after the vendor's examples where there are any.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

VISIT_WEB_PAGE = 1
NEW_LEAD = 12
CHANGE_DATA_VALUE = 13
ADD_TO_OPPORTUNITY = 34
REMOVE_FROM_OPPORTUNITY = 35
UPDATE_OPPORTUNITY = 36
DELETE_LEAD = 37

EXTERNAL_OPPORTUNITY_ID = "External Opportunity ID"
"""The attribute in which an activity on an opportunity names it."""


@dataclass(frozen=True)
class ActivityType:
    """One type: its number, its name, what its primary attribute is called, its other attributes by data type."""

    id: int
    name: str
    primary: str
    attributes: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """Return the type as activities/types.json shows it."""
        found: dict[str, Any] = {"id": self.id, "name": self.name, "description": f"{self.name} (sandbox)"}
        # Some types have no primary attribute: the vendor's own examples then leave the member out.
        if self.primary:
            found["primaryAttribute"] = {"name": self.primary, "dataType": "integer"}
        return found | {"attributes": [{"name": name, "dataType": kind} for name, kind in self.attributes.items()]}


_TABLE = """
1   | Visit Webpage             | Webpage ID      | Query Parameters, Referrer URL, User Agent, Webpage URL
2   | Fill Out Form             | Webform ID      | Form Fields:text, Referrer URL, Webpage ID:integer
3   | Click Link                | Link ID         | Query Parameters, Referrer URL, Webpage ID:integer
6   | Send Email                | Mailing ID      | Campaign Run ID:integer, Choice Number:integer, Step ID:integer
7   | Email Delivered           | Mailing ID      | Campaign Run ID:integer, Choice Number:integer, Step ID:integer
8   | Email Bounced             | Mailing ID      | Category, Details, Email, Subcategory
9   | Unsubscribe Email         | Mailing ID      | Form Fields:text, Webform ID:integer
10  | Open Email                | Mailing ID      | Device, Is Mobile Device:boolean, Platform, User Agent
11  | Click Email               | Mailing ID      | Device, Is Mobile Device:boolean, Link, Platform, User Agent
12  | New Lead                  |                 | Created Date:date, Lead Source, Modifying User, Source Type
13  | Change Data Value         | Attribute Name  | New Value, Old Value, Reason, Source
22  | Change Score              | Score Name      | Change Value, New Value:integer, Old Value:integer, Reason
23  | Change Owner              | Assign To       | Modifying User, Reason
24  | Add to List               | List ID         | Source
25  | Remove from List          | List ID         | Source
27  | Email Bounced Soft        | Mailing ID      | Category, Details, Email, Subcategory
32  | Merge Leads               | Lead ID         | Master Updated:boolean, Merge IDs:text, Merge Source
34  | Add to Opportunity        | Oppty ID        | External Opportunity ID, Is Primary:boolean, Role
35  | Remove from Opportunity   | Oppty ID        | External Opportunity ID, Is Primary:boolean, Role
36  | Update Opportunity        | Oppty ID        | External Opportunity ID, Attribute Name, New Value, Old Value
37  | Delete Lead               | Lead ID         | Modifying User
46  | Interesting Moment        | Milestone       | Date:datetime, Description:text, Source
104 | Change Status in Progression | Program ID   | Acquired By:boolean, New Status, Old Status, Reason, Success:boolean
"""


def _parse(line: str) -> ActivityType:
    number, name, primary, attributes = (part.strip() for part in line.split("|"))
    pairs = (each.strip().partition(":") for each in attributes.split(","))
    return ActivityType(int(number), name, primary, {each: kind or "string" for each, _, kind in pairs})


TYPES: Mapping[int, ActivityType] = {each.id: each for each in map(_parse, _TABLE.strip().splitlines())}
"""The types by id."""


def type_of(named: int | str) -> ActivityType:
    """Return a type by id or name; raises `ValueError`."""
    for each in TYPES.values():
        if named in (each.id, each.name):
            return each
    raise ValueError(f"unknown activity type {named!r}; known: {', '.join(each.name for each in TYPES.values())}")
