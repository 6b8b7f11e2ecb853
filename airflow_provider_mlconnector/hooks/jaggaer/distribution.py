"""The GL distribution of an invoice: each line's amount on the accounts it is coded to, exact, or why it cannot be.

Lines carry charges of their own (tax, freight, handling, discount), which go where the line goes. What the header has
beyond them needs a coding of the header; without one the invoice cannot be distributed, and is to be rejected. Tax
alone may be without an account: the target may post it by itself.
A credit memo is negative throughout; one that is written with positive amounts, all of them or those of its lines
alone, is turned round.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from airflow_provider_mlconnector.currencies import unit_of
from airflow_provider_mlconnector.hooks.jaggaer.splits import Split, shares

LINES, TOTAL, TAX = "GL.LINES", "GL.TOTAL", "GL.TAX"
PROBLEM, CODE = "GL.PROBLEM", "GL.PROBLEM_CODE"
ZERO = Decimal(0)
CHARGES = {
    "TAX": ("tax", "tax", "not_coded"),
    "SHIPPING": ("shipping", "freight", "freight_not_coded"),
    "HANDLING": ("handling", "handling", "freight_not_coded"),
    "DISCOUNT": ("discount", "discount", "discount_not_coded"),
    "MISC": ("misc", "other charges", "charge_not_coded"),
}
"""Column of the header → the line's own name of it, what it is called, code where it is not coded."""
AGAINST = ("DISCOUNT",)
"""Charges that make an invoice smaller."""


class Undistributed(ValueError):
    """The invoice cannot be distributed; `code` says in a word why."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class _Line:
    """A line with its amount in whole cents (all but tax, `extra` of it charges), and what was cut off for that."""

    number: str
    net: Decimal
    extra: Decimal
    rest: Decimal
    tax: Decimal
    splits: Sequence[Split]
    description: str | None


def distribution(record: Mapping[str, Any], coding: Sequence[Split]) -> dict[str, Any]:
    """Return the columns `GL.…` of an invoice's record (columns `INVOICE.…` without that name).

    `GL.LINES`: entries with `ACCOUNT`, `NET` (all but tax), `TAX`, `LINE` (the line's number; none for a charge of the
    header), `DESCRIPTION` and `custom_…` for each further field of the coding; `ACCOUNT` is None for tax of a header
    without a coding. `GL.TOTAL` and `GL.TAX`: the invoice's, negative for a credit memo. `GL.PROBLEM` and
    `GL.PROBLEM_CODE`: why there is no distribution.

    :param coding: of the header.
    """
    try:
        total, entries = _of_either_sign(record, coding)
    except Undistributed as error:
        return {LINES: [], TOTAL: record.get("TOTAL"), TAX: None, PROBLEM: str(error), CODE: error.code}
    except ArithmeticError:
        text = "its amounts are too large to be reckoned with"
        return {LINES: [], TOTAL: record.get("TOTAL"), TAX: None, PROBLEM: text, CODE: "unreadable"}
    tax = sum((entry["TAX"] for entry in entries), ZERO)
    return {LINES: entries, TOTAL: total, TAX: tax, PROBLEM: None, CODE: None}


def _of_either_sign(record: Mapping[str, Any], coding: Sequence[Split]) -> tuple[Decimal, list[dict[str, Any]]]:
    """Return total and entries of an invoice, and of a credit memo whose lines have another sign than its total."""
    try:
        return _distributed(record, coding)
    except Undistributed as error:
        if error.code != "unbalanced" or not record["CREDIT"]:
            raise
        sign = -record["TOTAL"]
        charges = {name: abs(record[name] or ZERO).copy_sign(sign) for name in CHARGES}
        try:
            return _distributed({**record, **charges, "TOTAL": sign}, coding)
        except Undistributed:
            raise error from None


def _distributed(record: Mapping[str, Any], coding: Sequence[Split]) -> tuple[Decimal, list[dict[str, Any]]]:
    total, currency, given = record["TOTAL"], record["CURRENCY"], record["LINES"]
    if total is None:
        raise Undistributed("no_total", "it has no total")
    if not currency:
        raise Undistributed("no_currency", "its total has no currency")
    if not given:
        raise Undistributed("no_lines", "it has no lines")
    unit = unit_of(currency)
    if total != total.quantize(unit):
        raise Undistributed("too_many_decimals", f"its total has more decimals than {currency}")
    lines = [_line(line, currency, unit) for line in given]
    charges = _charges(record, given)
    lines = _balanced(lines, total - sum(charges.values(), ZERO) - sum((line.tax for line in lines), ZERO), unit)
    entries = [entry for line in lines for entry in _entries(line, unit)]
    entries += [entry for name, value in charges.items() if value for entry in _charge(name, value, coding, unit)]
    sign = -1 if record["CREDIT"] and total > 0 else 1
    return sign * total, [
        {**entry, "NET": sign * entry["NET"], "TAX": sign * entry["TAX"]}
        for entry in entries
        if entry["NET"] or entry["TAX"]
    ]


def _line(line: Mapping[str, Any], currency: str, unit: Decimal) -> _Line:
    number, amount = line["number"], line["amount"]
    if amount is None:
        raise Undistributed("no_amount", f"line {number} has no amount")
    if line.get("currency") not in (None, currency):
        raise Undistributed("several_currencies", f"line {number} is in {line['currency']}, the invoice in {currency}")
    extra = line["shipping"] + line["handling"] - line["discount"]
    exact = amount + extra
    net = exact.quantize(unit, ROUND_HALF_UP)
    if line["tax"] != line["tax"].quantize(unit):
        raise Undistributed("too_many_decimals", f"the tax of line {number} has more decimals than {currency}")
    splits = line["splits"]
    if (net or line["tax"]) and (not splits or any(not split["account"] for split in splits)):
        raise Undistributed("not_coded", f"line {number} has no account")
    return _Line(number, net, extra, exact - net, line["tax"], splits, line["description"])


def _charges(record: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> dict[str, Decimal]:
    """Return what the header charges beyond the lines' own."""
    found = {}
    for name, (own, _, _) in CHARGES.items():
        of_lines = sum((line.get(own) or ZERO for line in lines), ZERO)
        beyond = (record[name] or of_lines) - of_lines
        found[name] = -beyond if name in AGAINST else beyond
    return found


def _balanced(lines: Sequence[_Line], wanted: Decimal, unit: Decimal) -> list[_Line]:
    """Return the lines so that they add up to what is wanted, by cents that rounding has cut off or added.

    :raises Undistributed: what is missing is more than rounding explains.
    """
    left = wanted - sum((line.net for line in lines), ZERO)
    exact = sum((line.net + line.rest for line in lines), ZERO).quantize(unit, ROUND_HALF_UP)
    if left and exact != wanted:
        raise Undistributed("unbalanced", f"its lines and charges are {exact - wanted:+f} off its total")
    step = unit if left > 0 else -unit
    order = sorted(range(len(lines)), key=lambda at: (-lines[at].rest if left > 0 else lines[at].rest, at))
    moved = set(order[: int(left / step)]) if left else set()
    return [
        replace(line, net=line.net + step, rest=line.rest - step) if at in moved else line
        for at, line in enumerate(lines)
    ]


def _entries(line: _Line, unit: Decimal) -> Iterator[dict[str, Any]]:
    if not line.splits:
        return
    try:
        nets, taxes = _spread(line, unit)
    except ValueError as error:
        raise Undistributed("split_not_known", f"line {line.number}: {error}") from None
    for split, net, tax in zip(line.splits, nets, taxes, strict=True):
        yield _entry(split, net, tax, line.number, line.description)


def _spread(line: _Line, unit: Decimal) -> tuple[list[Decimal], list[Decimal]]:
    """Return the shares of a line's amount and of its tax.

    Shares that are given as amounts are those of the line without its charges, which follow them in proportion.
    """
    splits = line.splits
    if any(split["amount"] is None for split in splits) or line.net == line.extra:
        return shares(line.net, splits, unit), shares(line.tax, splits, unit)
    base = shares(line.net - line.extra, splits, unit)
    alike = [
        {**split, "amount": None, "percent": None, "quantity": part} for split, part in zip(splits, base, strict=True)
    ]
    extra = shares(line.extra, alike, unit)
    return [one + more for one, more in zip(base, extra, strict=True)], shares(line.tax, alike, unit)


def _charge(name: str, value: Decimal, coding: Sequence[Split], unit: Decimal) -> Iterator[dict[str, Any]]:
    _, word, code = CHARGES[name]
    if name == "TAX" and not coding:
        yield _entry({"account": None, "fields": {}}, ZERO, value, None, word)
        return
    if not coding or any(not split["account"] for split in coding):
        raise Undistributed(code, f"{word} of {abs(value):f} is on the header, and has no account")
    try:
        parts = shares(value, coding, unit)
    except ValueError as error:
        raise Undistributed("split_not_known", f"{word}: {error}") from None
    for split, part in zip(coding, parts, strict=True):
        net, tax = (ZERO, part) if name == "TAX" else (part, ZERO)
        yield _entry(split, net, tax, None, word)


def _entry(split: Split, net: Decimal, tax: Decimal, number: str | None, description: str | None) -> dict[str, Any]:
    custom = {f"custom_{name}": value for name, value in split["fields"].items()}
    return {
        **custom, "ACCOUNT": split["account"], "NET": net, "TAX": tax, "LINE": number, "DESCRIPTION": description,
    }  # fmt: skip
