"""Checks requests field by field and names every violation. By hand, because it runs on each call.

The rules are the protovalidate annotations of the protos, which tests compare with this module, and
three that they cannot say: a position must be finite, a trade's value is bounded, and text must
not be longer than its limit in characters, counted as Unicode code points.
"""

import ipaddress
import re
from collections.abc import Sequence

from anomaly.v1 import label_service_pb2, transaction_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from scoring_server.clock import NS_PER_S
from scoring_server.errors import FieldViolation, InvalidArgumentError

TRANSACTIONS_MAX = 4_096
LABELS_MAX = 1_000
BATCH_SIZE_MAX = 4_096
# Most violations told in one answer: they travel in HTTP/2 trailers, which clients limit to 8 KiB.
# One transaction has fewer fields than this; only a list of labels can have more.
VIOLATIONS_MAX = 24

_ID_LENGTH_MAX = 64
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
# Unicode has no other control characters (category Cc) that [[:cntrl:]] of RE2 knows: it is ASCII.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_CARD_BIN = re.compile(r"[0-9]{6}(?:[0-9]{2})?", re.ASCII)
_TIME_S_MIN = 86_400
_TIME_S_END = 7_258_118_400
_AMOUNT_MINOR_MAX = 10**15
_PRICE_NANOS_MAX = 9 * 10**18
_QUANTITY_MICROS_MAX = 10**18
# price_nanos * quantity_micros of 10^15 major units, the bound that payments have in minor units.
_VALUE_MAX = 10**30
_MCC_MAX = 9_999
_LATITUDE_DEG_MAX = 90.0
_LONGITUDE_DEG_MAX = 180.0
_CHANNELS = frozenset(transaction_pb2.Channel.values())
_SIDES = frozenset(transaction_pb2.Side.values()) - {0}
_LABEL_VALUES = frozenset(label_service_pb2.LabelValue.values()) - {0}
_LABEL_SOURCES = frozenset(label_service_pb2.LabelSource.values()) - {0}
# Found text is shown cut off here, so that an answer stays small.
_SHOWN_LENGTH_MAX = 40

_PAYMENT_TEXTS = ("merchant_id", "terminal_id", "device_id", "counterparty_account_id")
_TRADE_TEXTS = ("venue", "order_id", "owner_id", "device_id")


def check_transaction(
    transaction: transaction_pb2.Transaction, path: str = "transaction"
) -> list[FieldViolation]:
    """Return every violation of a transaction; empty when it is good.

    Args:
        transaction: as it was parsed.
        path: path of the transaction from the request, put before each field's name.
    """
    found: list[FieldViolation] = []
    if not _ID.fullmatch(transaction.transaction_id):
        found.append(_bad_id(f"{path}.transaction_id", transaction.transaction_id))
    if transaction.HasField("event_time"):
        _check_time(transaction.event_time, f"{path}.event_time", found)
    else:
        found.append(FieldViolation(f"{path}.event_time", "must be given"))
    kind = transaction.WhichOneof("details")
    if kind == "payment":
        _check_payment(transaction.payment, f"{path}.payment", found)
    elif kind == "trade":
        _check_trade(transaction.trade, f"{path}.trade", found)
    else:
        found.append(FieldViolation(f"{path}.details", "must be a payment or a trade, was neither"))
    return found


def check_label(label: label_service_pb2.Label, path: str) -> list[FieldViolation]:
    """Return every violation of a label; empty when it is good."""
    found: list[FieldViolation] = []
    for name in ("label_id", "transaction_id"):
        text = getattr(label, name)
        if not _ID.fullmatch(text):
            found.append(_bad_id(f"{path}.{name}", text))
    if label.value not in _LABEL_VALUES:
        found.append(_bad(f"{path}.value", "a defined label value", label.value))
    if label.source not in _LABEL_SOURCES:
        found.append(_bad(f"{path}.source", "a defined label source", label.source))
    if label.HasField("known_time"):
        _check_time(label.known_time, f"{path}.known_time", found)
    else:
        found.append(FieldViolation(f"{path}.known_time", "must be given"))
    return found


def check_size(name: str, items: Sequence[object], most: int) -> None:
    """Refuse an empty or too long list.

    Raises:
        InvalidArgumentError: it names the list.
    """
    if not 1 <= len(items) <= most:
        raise invalid([FieldViolation(name, f"must have 1..{most} items, had {len(items)}")])


def invalid(violations: Sequence[FieldViolation]) -> InvalidArgumentError:
    """Return the error for violations, with all of them in its details."""
    first = violations[0]
    more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
    return InvalidArgumentError(
        f"{first.field} {first.description}{more}", violations=tuple(violations[:VIOLATIONS_MAX])
    )


def _check_payment(
    payment: transaction_pb2.Payment, path: str, found: list[FieldViolation]
) -> None:
    _check_account(payment.account_id, f"{path}.account_id", found)
    for name in _PAYMENT_TEXTS:
        _check_text(getattr(payment, name), path, name, found)
    if not 0 <= payment.amount_minor <= _AMOUNT_MINOR_MAX:
        found.append(_bad(f"{path}.amount_minor", f"0..{_AMOUNT_MINOR_MAX}", payment.amount_minor))
    _check_currency(payment.currency, path, found)
    if payment.channel not in _CHANNELS:
        found.append(_bad(f"{path}.channel", "a defined channel", payment.channel))
    if payment.mcc > _MCC_MAX:
        found.append(_bad(f"{path}.mcc", f"0..{_MCC_MAX}", payment.mcc))
    if payment.country and not _COUNTRY.fullmatch(payment.country):
        found.append(
            _bad(f"{path}.country", "two capital letters (ISO 3166-1) or empty", payment.country)
        )
    if payment.HasField("position"):
        _check_position(payment.position, f"{path}.position", found)
    if payment.ip_address and not _is_ip(payment.ip_address):
        found.append(
            _bad(f"{path}.ip_address", "an IPv4 or IPv6 address or empty", payment.ip_address)
        )
    if payment.card_bin and not _CARD_BIN.fullmatch(payment.card_bin):
        # What was found is not shown: it may be a whole card number.
        found.append(
            FieldViolation(f"{path}.card_bin", "must be the first six or eight digits or empty")
        )


def _check_trade(trade: transaction_pb2.Trade, path: str, found: list[FieldViolation]) -> None:
    _check_account(trade.account_id, f"{path}.account_id", found)
    _check_account(trade.instrument_id, f"{path}.instrument_id", found)
    if trade.side not in _SIDES:
        found.append(_bad(f"{path}.side", "buy or sell", trade.side))
    price_is_good = 1 <= trade.price_nanos <= _PRICE_NANOS_MAX
    if not price_is_good:
        found.append(_bad(f"{path}.price_nanos", f"1..{_PRICE_NANOS_MAX}", trade.price_nanos))
    quantity_is_good = 1 <= trade.quantity_micros <= _QUANTITY_MICROS_MAX
    if not quantity_is_good:
        found.append(
            _bad(f"{path}.quantity_micros", f"1..{_QUANTITY_MICROS_MAX}", trade.quantity_micros)
        )
    if (
        price_is_good
        and quantity_is_good
        and trade.price_nanos * trade.quantity_micros > _VALUE_MAX
    ):
        value = trade.price_nanos * trade.quantity_micros // 10**15
        found.append(
            _bad(f"{path}.quantity_micros", "at most 10^15 major units times the price", value)
        )
    _check_currency(trade.currency, path, found)
    for name in _TRADE_TEXTS:
        _check_text(getattr(trade, name), path, name, found)


def _check_position(
    position: transaction_pb2.Position, path: str, found: list[FieldViolation]
) -> None:
    # A comparison with NaN is false, so NaN is refused by the same test.
    if not -_LATITUDE_DEG_MAX <= position.latitude_deg <= _LATITUDE_DEG_MAX:
        found.append(_bad(f"{path}.latitude_deg", "-90..90", position.latitude_deg))
    if not -_LONGITUDE_DEG_MAX <= position.longitude_deg <= _LONGITUDE_DEG_MAX:
        found.append(_bad(f"{path}.longitude_deg", "-180..180", position.longitude_deg))


def _check_time(time: Timestamp, path: str, found: list[FieldViolation]) -> None:
    if not _TIME_S_MIN <= time.seconds < _TIME_S_END:
        found.append(
            _bad(path, "1970-01-02 to before 2200-01-01, in seconds since 1970", time.seconds)
        )
    if not 0 <= time.nanos < NS_PER_S:
        found.append(_bad(f"{path}.nanos", "0..999999999", time.nanos))


def _check_account(text: str, path: str, found: list[FieldViolation]) -> None:
    if not text:
        found.append(FieldViolation(path, "must be 1..64 characters, was empty"))
    elif len(text) > _ID_LENGTH_MAX or _CONTROL.search(text):
        found.append(_bad_text(path, text))


def _check_text(text: str, path: str, name: str, found: list[FieldViolation]) -> None:
    if text and (len(text) > _ID_LENGTH_MAX or _CONTROL.search(text)):
        found.append(_bad_text(f"{path}.{name}", text))


def _check_currency(currency: str, path: str, found: list[FieldViolation]) -> None:
    if not _CURRENCY.fullmatch(currency):
        found.append(_bad(f"{path}.currency", "three capital letters (ISO 4217)", currency))


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _bad(path: str, allowed: str, was: object) -> FieldViolation:
    shown = _shown(was) if isinstance(was, str) else str(was)
    return FieldViolation(path, f"must be {allowed}, was {shown}")


def _bad_id(path: str, text: str) -> FieldViolation:
    return FieldViolation(
        path, f"must be 1..64 characters of A-Z a-z 0-9 . _ : -, was {_shown(text)}"
    )


def _bad_text(path: str, text: str) -> FieldViolation:
    if len(text) > _ID_LENGTH_MAX:
        return FieldViolation(path, f"must be at most 64 characters, had {len(text)}")
    return FieldViolation(path, f"must have no control characters, was {_shown(text)}")


def _shown(text: str) -> str:
    cut = text if len(text) <= _SHOWN_LENGTH_MAX else text[:_SHOWN_LENGTH_MAX] + "..."
    return repr(cut)
