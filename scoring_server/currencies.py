"""Minor units and reporting limits of currencies, for converters and for tables read from files."""

import math
from collections.abc import Mapping

from scoring_server.environment import EnvironmentReader

# ISO 4217 list one (2024-06): currencies whose minor unit is not a hundredth.
EXPONENTS = dict.fromkeys(
    (
        *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"),
        *("UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
    ),
    0,
)
EXPONENTS |= dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
EXPONENTS |= dict.fromkeys(("CLF", "UYW"), 4)
_DEFAULT_EXPONENT = 2

# Amount from which a cash payment is reported, major units: 31 CFR 1010.311 for USD, PCMLTFR for
# CAD, AML/CTF Act for AUD, Directive (EU) 2015/849 for EUR; the same figure is chosen by us for
# GBP, CHF and NZD.
DEFAULT_REPORTING_LIMITS: Mapping[str, float] = dict.fromkeys(
    ("USD", "EUR", "GBP", "CHF", "CAD", "AUD", "NZD"), 10_000.0
)


def minor_unit_exponent(currency: str) -> int:
    """Return how many decimal digits the minor unit of a currency has; 2 for an unknown code."""
    return EXPONENTS.get(currency, _DEFAULT_EXPONENT)


def major_units(amount_minor: int, currency: str) -> float:
    """Return an amount in major units, rounded once to the nearest float64."""
    divisor: int = 10 ** minor_unit_exponent(currency)
    return amount_minor / divisor


def reporting_limit(currency: str, limits: Mapping[str, float] = DEFAULT_REPORTING_LIMITS) -> float:
    """Return the first reporting limit of a currency in major units; NaN without one."""
    return limits.get(currency, math.nan)


def reporting_limits_of(read: EnvironmentReader) -> Mapping[str, float]:
    """Read `USD=10000,EUR=10000`; a currency that is not named has no limit."""
    if not (text := read.text("REPORTING_LIMITS", "")):
        return DEFAULT_REPORTING_LIMITS
    limits: dict[str, float] = {}
    for part in text.split(","):
        currency, _, amount = part.strip().partition("=")
        try:
            limits[currency] = float(amount)
        except ValueError:
            limits[currency] = math.nan
        well_formed = len(currency) == len("USD") and currency.isascii() and currency.isupper()
        if not well_formed or not 0 < limits[currency] < math.inf:
            read.fault(f"REPORTING_LIMITS must be like USD=10000,EUR=10000, was {text!r}")
            break
    return limits
