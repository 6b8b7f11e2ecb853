"""The fields of the simulated instance: standard ones and those its administrator added.

Names, types and lengths follow the describe answers in the vendor's documentation; the custom fields are ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

OBJECTS = ("leads", "companies", "opportunities")
"""The objects of the simulated lead database, by the name in their path."""

TYPES = frozenset({
    "boolean", "currency", "date", "datetime", "email", "float", "integer", "percent", "phone", "reference", "score",
    "string", "text", "url",
})  # fmt: skip
"""The data types a field may have."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field as describe shows it.

    `length` is in characters, for text types only. `custom` fields were added by the customer. `searchable` fields are
    good for `filterType` and `lookupField`. `rest=False` fields have no `rest` member in leads/describe.json
    and do not exist for the REST API. `of_company` fields show up on a lead and live on its company.
    """

    name: str
    data_type: str
    length: int | None = None
    updateable: bool = True
    custom: bool = False
    searchable: bool = False
    rest: bool = True
    of_company: bool = False

    @property
    def display_name(self) -> str:
        """Return the label of the user interface, e.g. `Billing Street` for `billingStreet`."""
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", self.name)
        return words[:1].upper() + words[1:]


_COMPANY = """
company            string    255
site               string    255
website            url       255
mainPhone          phone     255
billingStreet      text      2000
billingCity        string    255
billingState       string    255
billingCountry     string    255
billingPostalCode  string    255
industry           string    255
sicCode            string    40
annualRevenue      currency  -
numberOfEmployees  integer   -
companyNotes       text      30000
"""

_LEAD = """
id                 integer   -      system search
email              email     255    search
firstName          string    255
middleName         string    255
lastName           string    255
salutation         string    255
title              string    255
department         string    255
phone              phone     255
mobilePhone        phone     255
fax                phone     255
address            text      2000
city               string    255
state              string    255
postalCode         string    255
country            string    255
dateOfBirth        date      -
leadSource         string    255
leadScore          score     -
unsubscribed       boolean   -
unsubscribedReason text      2000
doNotCall          boolean   -
externalCompanyId  string    100
externalSalesPersonId string 255
leadPartitionId    integer   -      system search
facebookId         string    255    search
linkedInId         string    255    search
twitterId          string    255    search
sfdcAccountId      string    18     system search
sfdcContactId      string    18     system search
sfdcLeadId         string    18     system search
sfdcLeadOwnerId    string    18     system search
sfdcOpptyId        string    18     system search
cookies            string    255    system search
createdAt          datetime  -      system
updatedAt          datetime  -      system
erpSourceId        string    255    custom
erpModifiedAt      datetime  -      custom
mktoNurtureTrack   string    255    system norest
mktoSfdcSyncNote   text      2000   system norest
"""

_COMPANY_KEYS = """
id                 integer   -      system search
externalCompanyId  string    100    system search
createdAt          datetime  -      system
updatedAt          datetime  -      system
externalSalesPersonId string 255
erpSourceId        string    255    custom
erpModifiedAt      datetime  -      custom
creditLimit        currency  -      custom
paymentTerms       string    40     custom
taxId              string    40     custom
"""

_OPPORTUNITY = """
marketoGUID        string    36     system search
externalOpportunityId string 50     system search
createdAt          datetime  -      system
updatedAt          datetime  -      system
name               string    255
description        text      2000
type               string    255
stage              string    255
amount             currency  -
expectedRevenue    currency  -
quantity           float     -
probability        percent   -
closeDate          date      -
isClosed           boolean   -
isWon              boolean   -
fiscal             string    255
fiscalQuarter      string    255
fiscalYear         string    255
forecastCategoryName string  255
leadSource         string    255
source             string    255
nextStep           string    255
lastActivityDate   date      -
externalCreatedDate datetime -
externalCompanyId  string    100
externalSalesPersonId string 255
erpSourceId        string    255    custom
erpModifiedAt      datetime  -      custom
"""


def field_of(object_name: str, name: str, data_type: str, length: int | None = None) -> Field:
    """Return a custom field of an object, searchable when the vendor would make it so; raises `ValueError`."""
    if object_name not in OBJECTS:
        raise ValueError(f"unknown object {object_name!r}; known: {', '.join(OBJECTS)}")
    if data_type not in TYPES:
        raise ValueError(f"unknown data type {data_type!r}; known: {', '.join(sorted(TYPES))}")
    return Field(name, data_type, length, custom=True, searchable=_custom_searchable(object_name, data_type))


def _custom_searchable(object_name: str, data_type: str) -> bool:
    kinds = {"leads": ("string", "email", "integer"), "opportunities": ("string", "integer"), "companies": ()}
    return data_type in kinds[object_name]


def _parse(object_name: str, table: str) -> list[Field]:
    """Read a table of `name type length flags`."""
    found = []
    for name, data_type, length, *flags in (line.split() for line in table.strip().splitlines()):
        custom = "custom" in flags
        found.append(
            Field(
                name,
                data_type,
                None if length == "-" else int(length),
                updateable="system" not in flags,
                custom=custom,
                searchable="search" in flags or (custom and _custom_searchable(object_name, data_type)),
                rest="norest" not in flags,
                of_company="company" in flags,
            )
        )
    return found


def standard_fields(object_name: str) -> list[Field]:
    """Return the fields an object has before anybody adds one; a lead also shows those of its company."""
    if object_name == "opportunities":
        return _parse(object_name, _OPPORTUNITY)
    company = _parse("companies", _COMPANY)
    if object_name == "companies":
        named = [Field(f.name, f.data_type, f.length, searchable=f.name == "company") for f in company]
        return _parse(object_name, _COMPANY_KEYS) + named
    inherited = [Field(f.name, f.data_type, f.length, of_company=True) for f in company]
    return _parse(object_name, _LEAD) + inherited
