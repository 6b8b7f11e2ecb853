"""One activity, as the feeds and the bulk files tell it, and the opportunity that it is about."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec
from pydantic import AliasChoices, BeforeValidator, Field

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.hooks.marketo.instants import parse_instant
from airflow_provider_mlconnector.hooks.marketo.models import ReadModel, Text, whole_number

GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
OPPORTUNITY_TYPES = ("Add to Opportunity", "Remove from Opportunity", "Update Opportunity")
"""The activity types that name an opportunity."""
EXTERNAL_ID = ("externalopportunityid", "externalopptyid", "opportunityexternalid")
MARKETO_ID = ("marketoguid", "opportunityguid", "opptyguid")
EITHER_ID = ("opportunityid", "opptyid")


def read_instant(value: Any) -> Any:
    """Return a text as the instant that it is; None for a blank.

    :raises ValueError: for a text that is none.
    """
    if not isinstance(value, str):
        return value
    try:
        return parse_instant(value) if value else None
    except UnexpectedAnswer as error:
        raise ValueError(error.message) from None


def _attributes(value: Any) -> Any:
    """A list of names and values, in files an object as JSON text; an empty attribute is left out by the vendor.

    What is no JSON says nothing: the activity counts all the same.
    """
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value) if value else None
        except (msgspec.DecodeError, RecursionError):
            return {}
    if isinstance(value, list):
        return {
            str(entry.get("name") or entry.get("apiName") or ""): entry.get("value")
            for entry in value
            if isinstance(entry, dict)
        }
    return value if isinstance(value, dict) else {}


Whole = Annotated[int | None, BeforeValidator(whole_number)]
Blank = Annotated[Text | None, BeforeValidator(lambda value: None if value == "" else value)]
Changes = Annotated[tuple["FieldChange", ...], BeforeValidator(lambda value: tuple(value or ()))]


class FieldChange(ReadModel):
    """One field's old and new value."""

    name: Blank = None
    old_value: Any = None
    new_value: Any = None


class Activity(ReadModel):
    """One activity of one lead; `changes` only in the feed of lead changes."""

    marketo_guid: Blank = Field(None, validation_alias=AliasChoices("marketoGUID", "marketoGuid"))
    id: Blank = None
    lead_id: Whole = None
    activity_date: Annotated[datetime | None, BeforeValidator(read_instant)] = None
    activity_type_id: Whole = None
    campaign_id: Blank = None
    primary_attribute_value_id: Blank = None
    primary_attribute_value: Blank = None
    attributes: Annotated[dict[str, Any], BeforeValidator(_attributes)] = Field(default_factory=dict)
    changes: Changes = Field((), validation_alias="fields")

    @property
    def key(self) -> str:
        """What tells it from every other: its GUID; `id` is not unique, so without one all that there is."""
        if self.marketo_guid:
            return self.marketo_guid
        parts = (self.activity_type_id, self.lead_id, self.activity_date, self.id, self.primary_attribute_value_id)
        return "/".join(str(part) for part in parts)


class OpportunityKeys(NamedTuple):
    """The keys of the opportunity that an activity names, each None where it does not.

    They are candidates: what nobody finds under them is not there.
    """

    external_id: str | None
    marketo_guid: str | None


def opportunity_keys(activity: Activity) -> OpportunityKeys:
    """Return the keys under which the activity's opportunity can be looked up.

    The attributes' names are documented nowhere and differ from one instance to another: they are compared by their
    letters alone. Where none names a key, the primary attribute's value may be one, or the deal's name. The number in
    `primary_attribute_value_id` is the vendor's own, by which nothing can be found.
    """
    named = {re.sub("[^a-z]", "", name.lower()): str(value) for name, value in activity.attributes.items() if value}
    guids = [named[name] for name in MARKETO_ID if name in named]
    externals = [named[name] for name in EXTERNAL_ID if name in named]
    for value in [named[name] for name in EITHER_ID if name in named]:
        (guids if GUID.fullmatch(value) else externals).append(value)
    primary = (activity.primary_attribute_value, activity.primary_attribute_value_id)
    guids += [value for value in primary if value and GUID.fullmatch(value)]
    if activity.primary_attribute_value and not (guids or externals):
        externals.append(activity.primary_attribute_value)
    return OpportunityKeys(next(iter(externals), None), next(iter(guids), None))
