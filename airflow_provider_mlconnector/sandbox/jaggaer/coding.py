"""Account coding of a header or line: `splittableFieldSetGroupList`, as an invoice's read has it.

How a split says its part is not public for JSON; the names are those of the XML messages (`distributiontype`,
`distributionvalue`, `splitindex`). A line on a single account says nothing of it, as in the one public sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from airflow_provider_mlconnector.sandbox.jaggaer.paths import Record


def coded(field: str, splits: Sequence[Mapping[str, Any]]) -> Record:
    """Return the coding of splits, each `{"account", "percent" | "amount"}`; other keys are further custom fields."""
    indexes = []
    for number, split in enumerate(splits):
        index: Record = {"customFieldValueList": {"customFieldValue": _values(field, split)}}
        if len(splits) > 1:
            index = {"splitIndex": number, "distributionValue": _part(split), **index}
        indexes.append(index)
    index_set: Record = {"context": "Line", "splittableFieldIndexList": {"splittableFieldIndex": indexes}}
    if len(splits) > 1:
        index_set["distributionType"] = "AmountOfPrice" if "amount" in splits[0] else "PercentOfPrice"
    return {"splittableFieldSetGroup": [{"splittableFieldIndexSet": [index_set]}]}


def _values(field: str, split: Mapping[str, Any]) -> list[Record]:
    others = [name for name in split if name not in ("account", "percent", "amount")]
    values = [{"internalName": name, "value": split[name], "description": split[name]} for name in others]
    account = split.get("account")
    own = {"internalName": field} if account is None else {"internalName": field, "value": account, "description": ""}
    return [own, *values, {"internalName": "Future"}]


def _part(split: Mapping[str, Any]) -> Decimal:
    return Decimal(str(split["amount"] if "amount" in split else split["percent"]))


def values_of(node: Any, field: str) -> Iterator[str]:
    """Yield every value of the custom field `field` anywhere in a document."""
    if isinstance(node, list):
        for each in node:
            yield from values_of(each, field)
    elif isinstance(node, Mapping):
        if node.get("internalName") == field and node.get("value") not in (None, ""):
            yield str(node["value"])
        for each in node.values():
            yield from values_of(each, field)
