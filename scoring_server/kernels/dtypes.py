"""Record layouts that the kernels share with their callers.

A layout is a NumPy structured dtype. TRANSACTION is the canonical numeric form of a transaction,
FEATURES what the engine reads from the state before a transaction changes it. ENTITY, PEER and
MARKET are state records, GUARD and HEADER what stands beside them; these live in memory-mapped
files, so a change to one of them is a change of LAYOUT_VERSION.
"""

import numpy as np

from scoring_server.kernels.feature_record import feature_record

LAYOUT_VERSION = 2

WINDOWS_S = (60, 300, 3_600, 86_400, 604_800, 2_592_000)
WINDOW_NAMES = ("1m", "5m", "1h", "24h", "7d", "30d")
WINDOW_COUNT = len(WINDOWS_S)
# Recent events an entity remembers one by one; windows over them are exact.
RECENT_SIZE = 16
# Parts of a window that older events are counted in. Chosen by us: 8 parts and linear interpolation
# of the oldest one keep the error below one eighth of the window's content.
TILE_COUNT = 8
HOUR_BIN_COUNT = 8
# Days that a payee remembers its payments and known frauds of, one by one: 30 and the time that it
# may take until frauds become known.
DAY_COUNT = 40
REASON_COUNT_MAX = 8
WORKER_COUNT_MAX = 64

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
        # Who is paid: the terminal, else the merchant, else the receiving account; trades: 0.
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

# Every column is described in scoring_server/catalogue/.
FEATURES = feature_record(WINDOW_COUNT)
FEATURE_COUNT = FEATURES.itemsize // 4

# State of one account, merchant or device, 1,216 bytes, whole cache lines. `key` 0 is an empty
# slot. The windows are kept in two parts: the last RECENT_SIZE events one by one, everything older
# in tiles (see windows.py).
ENTITY = np.dtype(
    [
        ("key", "u8"),
        ("lock", "u8"),
        # Sequence of the last event that changed the record.
        ("sequence", "u8"),
        ("first_time_ns", "i8"),
        ("last_time_ns", "i8"),
        ("event_count", "i8"),
        # Events that have left the ring for the tiles.
        ("evicted_count", "i8"),
        ("last_position_time_ns", "i8"),
        ("recent_time_ns", "i8", (RECENT_SIZE,)),
        ("recent_amount", "f8", (RECENT_SIZE,)),
        # Low half of the other side's key: the payee for an account, the payer for a merchant or
        # device.
        ("recent_tag", "u4", (RECENT_SIZE,)),
        # Number of the newest tile of each window; a tile's number is its time divided by its
        # width.
        ("tile_head", "i8", (WINDOW_COUNT,)),
        ("tile_count", "f4", (WINDOW_COUNT, TILE_COUNT)),
        ("tile_amount", "f4", (WINDOW_COUNT, TILE_COUNT)),
        # Running mean and variance of the natural logarithm of the amount (see moments.py).
        ("log_amount_mean", "f8"),
        ("log_amount_variance", "f8"),
        ("hour_weight", "f4", (HOUR_BIN_COUNT,)),
        # Bloom filter of payees seen, 256 bits.
        ("payee_bits", "u8", (4,)),
        # Hashed sets of countries and merchant categories seen, 128 and 256 bits.
        ("country_bits", "u8", (2,)),
        ("mcc_bits", "u8", (4,)),
        ("recent_device", "u4", (4,)),
        ("last_latitude_deg", "f8"),
        ("last_longitude_deg", "f8"),
        ("near_limit_weight", "f4"),
        ("fraud_weight", "f4"),
        ("legitimate_weight", "f4"),
        # Payments far above the account's usual amount and their surprise, fading.
        ("large_weight", "f4"),
        ("near_limit_time_ns", "i8"),
        ("label_time_ns", "i8"),
        ("last_fraud_time_ns", "i8"),
        ("large_time_ns", "i8"),
        ("large_surprise", "f4"),
        ("reserved_1", "f4"),
        # How long it takes until a fraud of the payee becomes known, running mean.
        ("label_delay_ns", "i8"),
        # Number of the newest of the days since 1970, and payments and known frauds by day.
        ("day_head", "i8"),
        ("day_count", "u2", (DAY_COUNT,)),
        ("day_fraud_count", "u2", (DAY_COUNT,)),
        ("reserved_2", "u1", (8,)),
    ],
    align=True,
)

# A peer group: payments of one merchant category, channel and currency.
PEER = np.dtype(
    [
        ("key", "u8"),
        ("lock", "u8"),
        ("sequence", "u8"),
        ("last_time_ns", "i8"),
        ("event_count", "i8"),
        ("log_amount_mean", "f8"),
        ("log_amount_variance", "f8"),
        # The upper tail of the amounts, and of their ratios to what is usual for each account
        # (see tails.py).
        ("amount_quantile", "f8"),
        ("amount_excess", "f8"),
        ("ratio_quantile", "f8"),
        ("ratio_excess", "f8"),
        ("reserved", "u8", (5,)),
    ],
    align=True,
)

# What trading needs of an instrument beside its ENTITY record: price, volatility and who traded
# last.
MARKET = np.dtype(
    [
        ("key", "u8"),
        ("lock", "u8"),
        ("sequence", "u8"),
        ("last_time_ns", "i8"),
        ("event_count", "i8"),
        ("last_price", "f8"),
        # Running mean and variance of the natural logarithm of the traded quantity.
        ("log_quantity_mean", "f8"),
        ("log_quantity_variance", "f8"),
        # Running variance of the trade-to-trade logarithmic return.
        ("return_variance", "f8"),
        # Slow running mean of the logarithm of the price.
        ("log_price_mean", "f8"),
        ("recent_time_ns", "i8", (RECENT_SIZE,)),
        ("recent_price", "f8", (RECENT_SIZE,)),
        ("recent_quantity", "f8", (RECENT_SIZE,)),
        ("recent_owner", "u4", (RECENT_SIZE,)),
        ("recent_side", "u1", (RECENT_SIZE,)),
        ("reserved", "u1", (224,)),
    ],
    align=True,
)

# One remembered transaction id of the replay guard.
GUARD = np.dtype(
    [("key", "u8"), ("content_key", "u8"), ("sequence", "u8"), ("generation", "u8")], align=True
)

# The first page of the state: counters that all workers share.
HEADER = np.dtype(
    [
        ("magic", "u8"),
        ("layout_version", "u8"),
        # Sequence of the last event; taken by atomic addition under the locks of the event's
        # records.
        ("sequence", "u8"),
        # 1 while nobody has the state open, 0 from opening to a clean close.
        ("clean", "u8"),
        # Names the boot of the machine that the last opener ran in.
        ("boot", "u8"),
        # 1 while a worker is inside a kernel that changes records, by worker.
        ("busy", "u8", (WORKER_COUNT_MAX,)),
        ("guard_generation", "u8"),
        ("guard_count", "u8"),
        ("guard_limit", "u8"),
        # Records evicted because their neighbourhood was full, by table.
        ("eviction_count", "u8", (8,)),
        ("occupied_count", "u8", (8,)),
    ],
    align=True,
)

# Largest reason table that a kernel can fill; the table itself is
# scoring_server/detectors/reasons.py.
EVIDENCE_COUNT = 32

# What the detectors and the risk step make of one transaction.
JUDGEMENT = np.dtype(
    [
        # Strength of each reason, see evidence.py.
        ("strengths", "f8", (EVIDENCE_COUNT,)),
        ("behavioral", "f8"),
        ("statistical", "f8"),
        ("risk_score", "f8"),
        # Strongest first: lines of the reason table and their shares of all evidence.
        ("reason_contribution", "f8", (REASON_COUNT_MAX,)),
        # Of user rules alone, whose index is EVIDENCE_COUNT and more: what was seen, what is usual.
        ("reason_value", "f8", (REASON_COUNT_MAX,)),
        ("reason_baseline", "f8", (REASON_COUNT_MAX,)),
        ("reason_index", "i2", (REASON_COUNT_MAX,)),
        ("reason_count", "i8"),
        # Values of the proto enums Severity and Decision.
        ("severity", "i1"),
        ("decision", "i1"),
        ("reserved", "u1", (6,)),
    ],
    align=True,
)
