"""What Cin7 has of an order compared with what was to be written: line by line, then the total to the cent.

Cin7 drops and changes lines without a word, so that its "yes" alone says little.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from airflow_provider_mlconnector.hooks.cin7.documents import Order, OrderLine, Purchase
from airflow_provider_mlconnector.hooks.cin7.finding import MARK
from airflow_provider_mlconnector.hooks.cin7.models import amount, fold
from airflow_provider_mlconnector.hooks.cin7.order_fields import Draft
from airflow_provider_mlconnector.hooks.cin7.order_lines import Line, entries_of, is_left_out
from airflow_provider_mlconnector.hooks.cin7.supplier_fields import differs
from airflow_provider_mlconnector.hooks.cin7.totals import CENT, TotalRule

ZERO = Decimal(0)
FIXED = ("PurchaseType",)
"""Of the header, what is set for good when it is made."""


def missing(order: Order, wanted: Draft, rule: TotalRule) -> str | None:
    """Return what an order lacks of what was to be written; None when it is whole.

    Lines come back in another order than they were sent, so they are counted by what they hold.

    :param rule: how the account makes the total of a line.
    """
    if len(order.lines) != len(wanted.lines):
        return f"{len(order.lines)} of {len(wanted.lines)} lines are there"
    if not same_lines(order, wanted):
        return "its lines have other products, quantities, prices or taxes"
    return _wrong_total(order, wanted, rule)


def same_lines(order: Order, wanted: Draft, *, texts: bool = False) -> bool:
    """Whether an order has just these lines.

    :param wanted: with the tax of each line; see `Draft.taxed`.
    :param texts: comments count, too.
    """
    by_id = all(line.product_id for line in order.lines)
    has_tax = all(line.tax is not None for line in order.lines)
    there = Counter(_there(line, by_id, has_tax, texts) for line in order.lines)
    return there == Counter(_wanted(line, by_id, has_tax, texts) for line in wanted.lines)


def same_order(purchase: Purchase, header: Mapping[str, Any], wanted: Draft) -> bool:
    """Whether a purchase is as it should be in everything: header, lines, taxes and comments."""
    return same_lines(purchase.order, wanted, texts=True) and not header_differs(header, purchase)


def unlike(purchase: Purchase, sent: Mapping[str, Any]) -> bool:
    """Whether a purchase's lines are others than those of the payload that was sent; reference books are not asked."""
    entries = [each for each in entries_of(sent) if not is_left_out(each)]
    by_sku = all(line.sku for line in purchase.order.lines)
    there = Counter((fold(line.sku) if by_sku else "", *_numbers(line)) for line in purchase.order.lines)
    return there != Counter(
        (
            fold(each.get("SKU")) if by_sku else "",
            *(amount(each.get(name)) for name in ("Quantity", "Price")),
            amount(each.get("Discount")) or ZERO,
        )
        for each in entries
    )


def as_before(order: Order, before: Order) -> bool:
    """Whether an order has the lines that it had."""
    return _bare(order) == _bare(before)


def header_differs(body: Mapping[str, Any], purchase: Purchase) -> bool:
    """Whether a purchase's header is another than it should be; times count by their day, blanks do not count."""
    left = (*FIXED, "Approach", "AdditionalAttributes", "RequiredBy")
    there = {name: _words(value) for name, value in purchase.raw.items()}
    attributes = _untagged(body.get("AdditionalAttributes") or {})
    day, known = str(body.get("RequiredBy") or "")[:10], str(purchase.raw.get("RequiredBy") or "")[:10]
    return (
        differs({name: _words(value) for name, value in body.items() if name not in left}, there)
        or differs(attributes, _untagged(purchase.additional_attributes))
        or (bool(day) and day != known)
    )


def _untagged(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes with markers as they are in a note: with the instance or without it, they mean the same."""
    return {name: MARK.sub(r"[ERP \1]", str(value)) for name, value in attributes.items() if value is not None}


def _there(line: OrderLine, by_id: bool, has_tax: bool, texts: bool) -> tuple[Any, ...]:
    product = line.product_id.lower() if by_id else fold(line.sku)
    tax = line.tax if has_tax else None
    return (product, *_numbers(line), tax, _words(line.comment) if texts else "")


def _wanted(line: Line, by_id: bool, has_tax: bool, texts: bool) -> tuple[Any, ...]:
    product = line.product.id.lower() if by_id else fold(line.product.sku)
    amounts = line.amounts
    tax = amounts.tax if has_tax else None
    return (product, amounts.quantity, amounts.price, amounts.discount, tax, _words(line.comment) if texts else "")


def _bare(order: Order) -> Counter[tuple[Any, ...]]:
    return Counter((line.product_id.lower() or fold(line.sku), *_numbers(line)) for line in order.lines)


def _numbers(line: OrderLine) -> tuple[Decimal | None, ...]:
    return line.quantity, line.price, line.discount or ZERO


def _wrong_total(order: Order, wanted: Draft, rule: TotalRule) -> str | None:
    amounts = [line.amounts for line in wanted.lines]
    taxes = _sum(each.tax for each in amounts)
    nets = _sum(each.net for each in amounts)
    lines = _sum(rule.total(each) for each in amounts) - (taxes if rule.with_tax else ZERO)
    # The lines are those that were sent. What is left open is whether the sum is rounded, or is one of rounded lines;
    # and whether an amount is meant with tax or without; where the lines' own totals have it, some add it once more.
    meant = (ZERO, taxes, 2 * taxes) if rule.with_tax else (ZERO, taxes, -taxes)
    right = {(sum_ + tax).quantize(CENT, ROUND_HALF_UP) for sum_ in (lines, nets) for tax in meant}
    told = [found for found in (order.total_before_tax, order.total) if found is not None]
    if all(any(abs(found - each) < CENT for each in right) for found in told):
        return None
    return f"Cin7 makes the total {told[-1]}, the lines make {lines} before tax"


def _sum(numbers: Iterable[Decimal]) -> Decimal:
    return sum(numbers, ZERO)


def _words(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value
