"""Business documents and browses: their paths, keys, fields and columns (qad.md §3, §4).

Names in the facts stand as they are; the others are plausible camelCase (see the package's docstring).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

LEGACY, BEBROWSE = "urn:browse:mfg:", "urn:browse:bebrowse:com.qad.erp."
FIELD_CATALOGUE = "urn:browse:custom:lookupBrowseFields"


@dataclass(frozen=True, slots=True)
class Field:
    """A field: `kind` is character, date, integer, decimal or logical; `lean` fields are columns of the lean browse."""

    name: str
    kind: str = "character"
    lean: bool = False
    required: bool = False

    @property
    def code(self) -> str:
        """The name as entity metadata spells it: PascalCase."""
        return self.name[:1].upper() + self.name[1:]

    @property
    def label(self) -> str:
        """The name in words."""
        return "".join(f" {c}" if c.isupper() and i else c for i, c in enumerate(self.code)).replace("E Mail", "E-Mail")


@dataclass(frozen=True)
class Document:
    """A business document. `scope`: the field that binds its rows to a workspace; `children`: its child list."""

    path: str
    view_uri: str
    keys: tuple[str, ...]
    fields: tuple[Field, ...]
    module: str
    scope: str = ""
    children: tuple[str, tuple[Field, ...]] | None = None
    browsable: bool = True
    by_name: dict[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {each.name: each for each in self.fields})

    @property
    def plural(self) -> str:
        """The name of its list."""
        return self.path.rpartition("/")[2]

    @property
    def singular(self) -> str:
        """What its browse columns begin with."""
        name = self.view_uri.rpartition(".I")[2]
        return name[:1].lower() + name[1:]

    @property
    def browse_id(self) -> str:
        """The id of its browse."""
        return f"{BEBROWSE}{self.module}.{self.plural}"


def _fields(names: str, *, lean: str = "", required: str = "") -> Iterator[Field]:
    """Yield fields from `name` or `name:kind` words."""
    for word in names.split():
        name, _, kind = word.partition(":")
        yield Field(name, kind or "character", name in lean.split(), name in required.split())


MODIFIED = tuple(
    Field(name, kind, lean=True)
    for name, kind in (("lastModifiedDate", "date"), ("lastModifiedTime", "integer"), ("lastModifiedUser", "character"))
)
MODIFIED_NAMES = frozenset(each.name for each in MODIFIED)
ADDRESS = "addressSearchName street1 street2 street3 city zipCode stateCode countryCode telephone EMail webSite"
CONTACT = tuple(
    _fields(
        "contactName firstName lastName email telephone mobilePhone jobTitle isPrimary:logical", required="contactName"
    )
)

CUSTOMER = Document(
    "customerV2s",
    "urn:be:com.qad.base.customer.ICustomerV2",
    ("sharedSetCode", "customerCode"),
    (
        *_fields(
            "sharedSetCode customerCode isActive:logical customerTypeCode businessRelationCode businessRelationName "
            f"businessRelationName2 businessRelationName3 {ADDRESS} currencyCode creditTermsCode languageCode "
            "corporateGroupCode creditLimit:decimal",
            lean="sharedSetCode customerCode isActive businessRelationCode businessRelationName city countryCode "
            "currencyCode",
            required="sharedSetCode customerCode businessRelationCode currencyCode",
        ),
        *MODIFIED,
    ),
    "base",
    scope="sharedSetCode",
    children=("customerContactV2s", (*CONTACT, *MODIFIED)),
)
MFG_CUSTOMER = Document(
    "mfgCustomers",
    "urn:be:com.qad.base.customer.IMfgCustomer",
    ("domainContext", "customerCode"),
    (*_fields("domainContext customerCode siteCode salespersonCode", required="domainContext customerCode"), *MODIFIED),
    "base",
    scope="domainContext",
    browsable=False,
)
RELATION = Document(
    "businessRelationV2s",
    "urn:be:com.qad.base.address.IBusinessRelationV2",
    ("businessRelationCode",),
    (
        *_fields(
            f"businessRelationCode businessRelationName businessRelationName2 businessRelationName3 isActive:logical "
            f"{ADDRESS} languageCode corporateGroupCode",
            lean="businessRelationCode businessRelationName isActive corporateGroupCode city countryCode",
            required="businessRelationCode businessRelationName",
        ),
        *MODIFIED,
    ),
    "base",
)
SUPPLIER = Document(
    "supplierV2s",
    "urn:be:com.qad.base.supplier.ISupplierV2",
    ("sharedSetCode", "supplierCode"),
    (
        *_fields(
            "sharedSetCode supplierCode isActive:logical businessRelationCode businessRelationName currencyCode",
            lean="sharedSetCode supplierCode isActive businessRelationName",
            required="sharedSetCode supplierCode",
        ),
        *MODIFIED,
    ),
    "base",
)
CURRENCY = Document(
    "currencies",
    "urn:be:com.qad.base.currency.ICurrency",
    ("currencyCode",),
    (
        *_fields("currencyCode currencyDescription isActive:logical", lean="currencyCode currencyDescription"),
        *MODIFIED,
    ),
    "base",
)
DOCUMENTS = {each.plural: each for each in (CUSTOMER, MFG_CUSTOMER, RELATION, SUPPLIER, CURRENCY)}

CUSTOMER_BROWSE_CODE = "cm007"
CUSTOMER_BROWSE = {
    "debtor.DebtorCode": "customerCode",
    "debtor.DebtorIsActive": "isActive",
    "debtor.CurrencyCode": "currencyCode",
    "businessrelation.BusinessRelationName1": "businessRelationName",
    "debtor.LastModifiedDate": "lastModifiedDate",
    "debtor.LastModifiedTime": "lastModifiedTime",
}
"""Columns of the customer browse of the table world, `table.column` → field."""

CUSTOM_FIELDS: dict[str, object] = {
    **{f"customShort{n}": "" for n in range(20)},
    **{f"customCombo{n}": "" for n in range(15)},
    **{f"customDecimal{n}": 0 for n in range(5)},
    **{f"customInteger{n}": 0 for n in range(5)},
    **{f"customDate{n}": None for n in range(6)},
    "customNote": "",
}
"""What every record carries beside its own fields, empty unless the site uses it."""
