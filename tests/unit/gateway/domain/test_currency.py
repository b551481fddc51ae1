from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.currency import AMOUNT_MINOR_MAX, DECIMAL_PLACES, major_units, minor_units
from gateway.errors import InvalidArgumentError


@given(st.sampled_from(sorted(DECIMAL_PLACES)), st.integers(1, AMOUNT_MINOR_MAX))
def test_minor_units_undo_major_units(currency: str, amount_minor: int) -> None:
    assert minor_units(major_units(amount_minor, currency), currency) == amount_minor


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("12.34", "EUR", 1234), ("12", "JPY", 12), ("1.234", "KWD", 1234), ("1E+3", "USD", 100_000)],
)
def test_minor_units_of_known_amounts(amount: str, currency: str, minor: int) -> None:
    assert minor_units(Decimal(amount), currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency", "field"),
    [
        ("12.345", "EUR", "amount"),
        ("0.1", "JPY", "amount"),
        ("0", "EUR", "amount"),
        ("-1", "EUR", "amount"),
        ("NaN", "EUR", "amount"),
        ("Infinity", "EUR", "amount"),
        ("1E+999999", "EUR", "amount"),
        ("1E-999999", "EUR", "amount"),
        ("10000000000000.01", "EUR", "amount"),
        ("1", "XAU", "currency"),
        ("1", "EURO", "currency"),
    ],
)
def test_minor_units_refuse_what_is_not_exact(amount: str, currency: str, field: str) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        minor_units(Decimal(amount), currency)
    assert [fault.field for fault in refused.value.faults] == [field]


def test_table_has_every_code_once() -> None:
    assert all(len(code) == 3 and code.isupper() for code in DECIMAL_PLACES)
    assert (DECIMAL_PLACES["USD"], DECIMAL_PLACES["CLF"], DECIMAL_PLACES["BHD"]) == (2, 4, 3)
    assert 150 < len(DECIMAL_PLACES) < 190
