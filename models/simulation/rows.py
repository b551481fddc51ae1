"""The numeric form that the payment generators share, and its way to the canonical table."""

from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.simulation.geography import COUNTRIES, CURRENCIES, CURRENCY_UNITS
from scoring_server.currencies import minor_unit_exponent

NS_PER_S: Final = 1_000_000_000
DAY_NS: Final = 86_400 * NS_PER_S
NO_INDEX: Final = -1

# Values of the proto enum Channel.
CHANNEL_POS, CHANNEL_ECOM, CHANNEL_ATM, CHANNEL_TRANSFER, CHANNEL_MOTO = 1, 2, 3, 4, 5

# Places in this list are the values of the `scenario` column of PAYMENT_ROW; 0 is a genuine
# payment.
PAYMENT_SCENARIOS: Final = (
    "",
    "card_testing",
    "account_takeover",
    "stolen_card",
    "compromised_terminal",
    "structuring",
    "mule",
)

# One payment. Indexes point into the world's accounts and terminals; NO_INDEX stands for none.
PAYMENT_ROW: Final = np.dtype(
    [
        ("time_ns", "i8"),
        ("label_time_ns", "i8"),
        ("account", "i4"),
        ("terminal", "i4"),
        ("device", "i4"),
        ("counterparty", "i4"),
        ("address", "i4"),
        # Euro; converted once, at the end. 0 is a check of the card that moves no money.
        ("amount_eur", "f8"),
        ("latitude_deg", "f4"),
        ("longitude_deg", "f4"),
        ("mcc", "u2"),
        ("currency", "i1"),
        ("country", "i1"),
        ("channel", "i1"),
        ("scenario", "i1"),
    ]
)

PAYMENT_SCHEMA: Final = pa.schema(
    [
        ("transaction_id", pa.string()),
        ("event_time", pa.timestamp("ns", tz="UTC")),
        ("account_id", pa.string()),
        ("merchant_id", pa.string()),
        ("terminal_id", pa.string()),
        ("device_id", pa.string()),
        ("counterparty_account_id", pa.string()),
        ("amount_minor", pa.int64()),
        ("currency", pa.string()),
        ("channel", pa.int32()),
        ("mcc", pa.int32()),
        ("country", pa.string()),
        ("latitude_deg", pa.float64()),
        ("longitude_deg", pa.float64()),
        ("ip_address", pa.string()),
        ("card_bin", pa.string()),
        ("label", pa.int8()),
        ("scenario", pa.string()),
        ("label_time", pa.timestamp("ns", tz="UTC")),
    ]
)

# Home addresses come from a private range, attackers' from the range for benchmarks (RFC 1918, RFC
# 2544), so that no simulated address is anybody's.
ATTACKER_ADDRESS_START: Final = 1 << 24
# ISO/IEC 7812 leaves numbers that begin with 9 to national use: no issuer in the world has these.
_CARD_BINS: Final = tuple(f"9{number:05d}" for number in range(12_345, 12_345 + 9 * 1_111, 1_111))


def blank_rows(count: int) -> NDArray[np.void]:
    """Return rows that name nothing: no terminal, device, counterparty, address or place."""
    rows = np.zeros(count, dtype=PAYMENT_ROW)
    for name in ("terminal", "device", "counterparty", "address", "country"):
        rows[name] = NO_INDEX
    rows["latitude_deg"] = np.nan
    rows["longitude_deg"] = np.nan
    return rows


def payments_table(
    rows: NDArray[np.void], terminal_merchant: NDArray[np.int32], prefix: str
) -> pa.Table:
    """Return rows as the canonical table of payments, in event order.

    Args:
        rows: PAYMENT_ROW.
        terminal_merchant: merchant of each terminal.
        prefix: what transaction ids begin with.
    """
    rows = rows[np.argsort(rows["time_ns"], kind="stable")]
    merchant = np.where(rows["terminal"] >= 0, terminal_merchant[rows["terminal"]], NO_INDEX)
    exponents = np.array([minor_unit_exponent(currency) for currency in CURRENCIES])
    scale = CURRENCY_UNITS * 10.0**exponents
    amounts = np.rint(rows["amount_eur"] * scale[rows["currency"]]).astype(np.int64)
    # Only a check of the card is for nothing; a small price does not round down to one.
    amounts = np.where(rows["amount_eur"] > 0.0, np.maximum(1, amounts), 0)
    on_card = (rows["channel"] != CHANNEL_TRANSFER) & (rows["terminal"] >= 0)
    bins = np.where(on_card, rows["account"] % len(_CARD_BINS), NO_INDEX)
    places = np.isnan(rows["latitude_deg"])
    fraud = rows["scenario"] > 0
    columns = [
        pa.array([f"{prefix}{number:08d}" for number in range(len(rows))]),
        pa.array(rows["time_ns"]).cast(pa.timestamp("ns", tz="UTC")),
        named(rows["account"], "acc-"),
        named(merchant, "mer-"),
        named(rows["terminal"], "term-"),
        named(rows["device"], "dev-"),
        named(rows["counterparty"], "acc-"),
        pa.array(amounts),
        chosen(rows["currency"], CURRENCIES),
        pa.array(rows["channel"].astype(np.int32)),
        pa.array(rows["mcc"].astype(np.int32)),
        chosen(rows["country"], COUNTRIES),
        pa.array(np.round(rows["latitude_deg"].astype(np.float64), 5), mask=places),
        pa.array(np.round(rows["longitude_deg"].astype(np.float64), 5), mask=places),
        _addresses(rows["address"]),
        chosen(bins, _CARD_BINS),
        pa.array(fraud.astype(np.int8)),
        chosen(rows["scenario"], PAYMENT_SCENARIOS),
        times(rows["label_time_ns"]),
    ]
    return pa.Table.from_arrays(columns, schema=PAYMENT_SCHEMA)


def named(indexes: NDArray[np.integer], prefix: str) -> pa.Array:
    """Return an id for each index, the empty text for NO_INDEX."""
    known, places = np.unique(indexes, return_inverse=True)
    names = ["" if index < 0 else f"{prefix}{index:06d}" for index in known.tolist()]
    return pa.array(names).take(pa.array(places))


def chosen(indexes: NDArray[np.integer], texts: tuple[str, ...]) -> pa.Array:
    """Return the text at each index, the empty text for NO_INDEX."""
    return pa.array(["", *texts]).take(pa.array(indexes.astype(np.int64) + 1))


def times(times_ns: NDArray[np.int64]) -> pa.Array:
    """Return instants; null for 0."""
    return pa.array(times_ns, mask=times_ns == 0).cast(pa.timestamp("ns", tz="UTC"))


def _addresses(indexes: NDArray[np.integer]) -> pa.Array:
    known, places = np.unique(indexes, return_inverse=True)
    return pa.array([_address(index) for index in known.tolist()]).take(pa.array(places))


def _address(index: int) -> str:
    if index < 0:
        return ""
    if index >= ATTACKER_ADDRESS_START:
        index -= ATTACKER_ADDRESS_START
        return f"198.{18 + (index >> 16) % 2}.{index >> 8 & 255}.{index & 255}"
    return f"10.{index >> 16 & 255}.{index >> 8 & 255}.{index & 255}"
