"""Record layouts that the kernels share with their callers.

A layout is a NumPy structured dtype. TRANSACTION is the canonical numeric form of a transaction, FEATURES what the
engine reads from the state before a transaction changes it, ASSESSMENT what the detectors make of that. ENTITY,
INSTRUMENT and PEER are state records; they live in memory-mapped files, so a change to one of them is a change of
LAYOUT_VERSION.
"""

import numpy as np

LAYOUT_VERSION = 1

WINDOWS_S = (60, 300, 3_600, 86_400, 604_800, 2_592_000)
WINDOW_NAMES = ("1m", "5m", "1h", "24h", "7d", "30d")
WINDOW_COUNT = len(WINDOWS_S)
# Recent events an entity remembers one by one; windows over them are exact.
RECENT_SIZE = 16
# Parts of a window that older events are counted in. Chosen by us: 8 parts and linear interpolation of the oldest one
# keep the error below one eighth of the window's content.
TILE_COUNT = 8
HOUR_BIN_COUNT = 8
REASON_COUNT_MAX = 8

KIND_PAYMENT = 0
KIND_TRADE = 1
SIDE_BUY = 1
SIDE_SELL = 2

# All keys are XXH64 of the id's UTF-8 bytes, seeded by what the id names; 0 stands for "not given".
TRANSACTION = np.dtype(
    [
        ("transaction_key", "u8"),
        # XXH64 of the whole content, for telling a retry from a reused id.
        ("content_key", "u8"),
        ("event_time_ns", "i8"),
        ("account_key", "u8"),
        # The terminal when there is one, else the merchant; trades: 0.
        ("merchant_key", "u8"),
        ("device_key", "u8"),
        # The receiving account of a transfer, keyed like account_key.
        ("counterparty_key", "u8"),
        ("instrument_key", "u8"),
        # The beneficial owner of a trade's account, keyed like account_key.
        ("owner_key", "u8"),
        ("ip_key", "u8"),
        ("card_bin_key", "u8"),
        # Payments: amount in major units. Trades: price times quantity.
        ("amount", "f8"),
        ("price", "f8"),
        ("quantity", "f8"),
        # Degrees; NaN when not given.
        ("latitude_deg", "f8"),
        ("longitude_deg", "f8"),
        # First reporting limit of the currency in major units, NaN without one.
        ("reporting_limit", "f8"),
        # Letters packed base 27 (A = 1); 0 when not given.
        ("currency", "u4"),
        ("country", "u4"),
        ("mcc", "u2"),
        ("kind", "u1"),
        # Values of the proto enums Channel and Side.
        ("channel", "u1"),
        ("side", "u1"),
        ("reserved", "u1", (3,)),
    ],
    align=True,
)

LABEL = np.dtype(
    [
        ("transaction_key", "u8"),
        ("known_time_ns", "i8"),
        ("event_time_ns", "i8"),
        ("account_key", "u8"),
        ("merchant_key", "u8"),
        ("device_key", "u8"),
        # Change of the number of known frauds and known legitimate transactions: -1, 0 or 1.
        ("fraud_delta", "i4"),
        ("legitimate_delta", "i4"),
    ],
    align=True,
)
