"""Money.

ISO 4217 codes, their decimal places, and exact conversion between major and minor units.
"""

from decimal import Decimal

from gateway.errors import FieldFault, InvalidArgumentError

# Active codes of ISO 4217:2015 (list one, with its amendments up to 2025) by their number of
# decimal places. Precious metals, test codes and the code for no currency have no minor unit and
# are not money here.
_TWO_PLACES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD
CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL
MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK
PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS
TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
"""
_ZERO_PLACES = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_PLACES = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_PLACES = "CLF UYW"

DECIMAL_PLACES: dict[str, int] = {
    code: places
    for places, codes in (
        (2, _TWO_PLACES),
        (0, _ZERO_PLACES),
        (3, _THREE_PLACES),
        (4, _FOUR_PLACES),
    )
    for code in codes.split()
}

# The bounds of Payment.amount_minor in the protocol.
AMOUNT_MINOR_MAX = 10**15
# A decimal exponent beyond this cannot be an amount; refused before any arithmetic with it.
_EXPONENT_MAX = 30
# Places assumed when showing an amount whose code the table does not know.
_PLACES_DEFAULT = 2


def minor_units(amount: Decimal, currency: str) -> int:
    """Return an amount of major units as minor units, exactly.

    Raises:
        InvalidArgumentError: unknown currency, an amount that is not above zero or too large, or
            more decimal places than the currency has. Nothing is ever rounded.
    """
    places = DECIMAL_PLACES.get(currency)
    if places is None:
        raise _fault("currency", f"currency must be an active ISO 4217 code, was {currency!r}")
    if not amount.is_finite() or amount <= 0:
        raise _fault("amount", f"amount must be above 0, was {amount}")
    if abs(amount.adjusted()) > _EXPONENT_MAX:
        raise _fault(
            "amount", f"amount must be at most {major_units(AMOUNT_MINOR_MAX, currency)} {currency}"
        )
    scaled = amount.scaleb(places)
    minor = int(scaled)
    if minor != scaled:
        raise _fault(
            "amount",
            f"amount must have at most {places} decimal places in {currency}, was {amount}",
        )
    if minor > AMOUNT_MINOR_MAX:
        raise _fault(
            "amount", f"amount must be at most {major_units(AMOUNT_MINOR_MAX, currency)} {currency}"
        )
    return minor


def major_units(amount_minor: int, currency: str) -> Decimal:
    """Return minor units as major units; a code outside the table counts as having two places."""
    return Decimal(amount_minor).scaleb(-DECIMAL_PLACES.get(currency, _PLACES_DEFAULT))


def _fault(field: str, message: str) -> InvalidArgumentError:
    return InvalidArgumentError(message, faults=(FieldFault(field, message),))
