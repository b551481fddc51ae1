import math

import pytest

from scoring_server.currencies import major_units, minor_unit_exponent, reporting_limit


@pytest.mark.parametrize(
    ("currency", "exponent"), [("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("XYZ", 2)]
)
def test_minor_unit_exponent_is_iso_4217s(currency, exponent):
    assert minor_unit_exponent(currency) == exponent
    assert major_units(12_345, currency) == 12_345 / 10**exponent


def test_currency_without_a_reporting_limit_has_none():
    assert math.isnan(reporting_limit("JPY"))
    assert reporting_limit("EUR") == 10_000.0
    assert reporting_limit("JPY", {"JPY": 5.0}) == 5.0
