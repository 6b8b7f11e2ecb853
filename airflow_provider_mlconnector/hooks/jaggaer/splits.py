"""The GL coding of a line: splittable custom fields, one set of values for each account that the line is charged to.

`splittableFieldSetGroupList.splittableFieldSetGroup[].splittableFieldIndexSet[].splittableFieldIndexList
.splittableFieldIndex[].customFieldValueList.customFieldValue[]`, each value with an `internalName`. The objects in
between are not documented: a set of values is one wherever it stands, with its own list around it or without. How a
share is written is not public; amounts, percentages and quantities are looked for under the usual names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Any

from airflow_provider_mlconnector.hooks.jaggaer.models import entries_of, number_of, text_of

GROUPS = "splittableFieldSetGroupList"
VALUES = ("customFieldValueList", "customFieldValue")
MEASURES = {
    "amount": ("amount", "distributionAmount", "splitAmount"),
    "percent": ("percent", "percentage", "distributionPercent", "distributionPercentage", "splitPercent"),
    "quantity": ("quantity", "distributionQuantity", "splitQuantity"),
}
"""Names of a share, by what it is a share in."""
VALUE_NAMES = ("distributionValue", "splitValue")
KIND_NAMES = ("distributionType", "splitType")

Split = dict[str, Any]
"""`account`, the shares `amount`, `percent` and `quantity` (Decimal or None), `fields`: internal name → value."""


def splits_of(part: Mapping[str, Any], account_field: str) -> list[Split]:
    """Return the coding of a line, or of a header; empty where it has none.

    Of several groups those with an account count, each for a part of the amount unless they name the same accounts.
    Groups with as many sets are read side by side.

    :raises ValueError: a set with several accounts, whose shares nobody can know; a share that is no number.
    """
    given = part.get(GROUPS)
    is_set = isinstance(given, Mapping) and any(name in given for name in VALUES)
    groups = [list(_sets(group, "")) for group in ([given] if is_set else entries_of(given))]
    with_account = [group for group in groups if any(account_field in each["fields"] for each in group)]
    if not with_account:
        return []
    coded = with_account[0]
    if any(_accounts(group, account_field) != _accounts(coded, account_field) for group in with_account):
        coded = [each for group in with_account for each in group]
        groups = [group for group in groups if group not in with_account]
    beside = [group for group in groups if group is not coded and len(group) == len(coded)]
    return [
        {
            "account": own["fields"].get(account_field),
            **{name: own[name] for name in MEASURES},
            "fields": {**{k: v for group in beside for k, v in group[at]["fields"].items()}, **own["fields"]},
        }
        for at, own in enumerate(coded)
    ]


def _accounts(sets: Sequence[Mapping[str, Any]], account_field: str) -> list[str | None]:
    return [each["fields"].get(account_field) for each in sets]


def _sets(node: Any, kind: str) -> Iterator[dict[str, Any]]:
    """Yield each set of values below a group, with its share."""
    if isinstance(node, list):
        for entry in node:
            yield from _sets(entry, kind)
    elif isinstance(node, Mapping):
        kind = next((text_of(node[name]).lower() for name in KIND_NAMES if node.get(name)), kind)
        values = next((name for name in VALUES if name in node), None)
        if values:
            yield {"fields": _fields(node[values]), **_measures(node, kind)}
        else:
            for inner in node.values():
                yield from _sets(inner, kind)


def _fields(values: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in entries_of(values):
        name, value = text_of(entry.get("internalName") or entry.get("name")), text_of(entry.get("value"))
        if not name or not value:
            continue
        if found.setdefault(name, value) != value:
            raise ValueError(f"'{name}' stands twice in one set of the coding")
    return found


def _measures(node: Mapping[str, Any], kind: str) -> dict[str, Decimal | None]:
    found = {
        name: next((number for each in names if (number := number_of(node.get(each))) is not None), None)
        for name, names in MEASURES.items()
    }
    value = next((number for each in VALUE_NAMES if (number := number_of(node.get(each))) is not None), None)
    for name in MEASURES:
        if value is not None and found[name] is None and name in kind:
            found[name] = value
            break
    return found


def shares(total: Decimal, splits: Sequence[Split], unit: Decimal = Decimal("0.01")) -> list[Decimal]:
    """Return how much of a line's amount each split bears; together exactly the amount.

    What percentages and quantities leave over by rounding down goes, unit by unit, to the largest remainders.

    :param unit: the smallest amount of the currency.
    :raises ValueError: amounts or percentages that do not add up, or several splits without a share.
    """
    for name in ("amount", "percent", "quantity"):
        parts = [split[name] for split in splits]
        if parts and all(part is not None for part in parts):
            return _shared(total, name, parts, unit)
    if len(splits) == 1:
        return [total]
    raise ValueError("the coding is split, but not every part has a share")


def _shared(total: Decimal, name: str, parts: Sequence[Decimal], unit: Decimal) -> list[Decimal]:
    whole = sum(parts, Decimal(0))
    if name == "amount":
        if whole != total:
            raise ValueError(f"the amounts of the coding add up to {whole} instead of {total}")
        return list(parts)
    if name == "percent" and whole != 100:
        raise ValueError(f"the percentages of the coding add up to {whole}")
    if not whole:
        raise ValueError("the quantities of the coding add up to nothing")
    exact = [total * part / whole for part in parts]
    found = [value.quantize(unit, rounding=ROUND_DOWN) for value in exact]
    step = unit if total >= 0 else -unit
    order = sorted(range(len(parts)), key=lambda at: (-abs(exact[at] - found[at]), at))
    left = total - sum(found, Decimal(0))
    for at in order[: int(left / step)]:
        found[at] += step
    found[order[0]] += total - sum(found, Decimal(0))
    return found
