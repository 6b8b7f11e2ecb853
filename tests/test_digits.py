from __future__ import annotations

from decimal import Decimal

import pytest

from airflow_provider_mlconnector.digits import count, exact


@pytest.mark.parametrize("text", ["1e999999999", "-1e-999999999", "1e9999999999999999999", "NaN", "Infinity", "x", ""])
def test_what_nobody_can_compute_with_is_no_number(text: str) -> None:
    """A few characters cannot make the digits of a number fill the memory."""
    with pytest.raises(ValueError, match=r"is (not )?a number"):
        exact(text)


def test_digits_stay_what_they_are() -> None:
    """A number is exact."""
    assert exact("1250.50") == Decimal("1250.50")


@pytest.mark.parametrize(
    ("text", "found"), [("42", 42), (7, 7), ("²", None), ("٣", None), ("-1", None), ("9" * 5000, None)]
)
def test_a_count_is_up_to_eighteen_digits(text: object, found: int | None) -> None:
    """What `int` would refuse or take for another script's digits is no count."""
    assert count(text) == found
