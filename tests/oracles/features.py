"""The features of payments, computed the slow way: the whole history of each entity in lists."""

import math
from collections import defaultdict
from typing import Any

from scoring_server.kernels.dtypes import RECENT_SIZE, WINDOW_NAMES
from tests.oracles import naive

HOUR_NS = 3_600 * naive.NS_PER_S
DAY_NS = 24 * HOUR_NS


class SlowFeatures:
    """Feed payments in order; each answer is made before the payment is remembered.

    Only columns that are exact for entities of at most RECENT_SIZE events, and for accounts with
    few payees, are answered.
    """

    def __init__(self) -> None:
        self.of_account: dict[int, list[Any]] = defaultdict(list)
        self.of_merchant: dict[int, list[Any]] = defaultdict(list)
        self.of_device: dict[int, list[Any]] = defaultdict(list)

    def answer(self, p: Any) -> dict[str, float]:
        """Features of a payment by name."""
        now = int(p["event_time_ns"])
        account = self.of_account[int(p["account_key"])]
        merchant = self.of_merchant[int(p["merchant_key"])] if p["merchant_key"] else []
        device = self.of_device[int(p["device_key"])] if p["device_key"] else []
        received = self.of_merchant[int(p["account_key"])]
        out: dict[str, float] = {"amount": float(p["amount"])}
        for name, past in (("account", account), ("merchant", merchant), ("device", device)):
            pairs = [(int(q["event_time_ns"]), float(q["amount"])) for q in past]
            for window, (count, total) in zip(WINDOW_NAMES, naive.windows(pairs, now), strict=True):
                out[f"{name}_tx_count_{window}"] = count
                out[f"{name}_amount_sum_{window}"] = total
            if past:
                first = int(past[0]["event_time_ns"])
                out[f"{name}_age_days"] = max(0.0, (now - first) / DAY_NS)
        out["account_event_count"] = len(account)
        last = max((int(q["event_time_ns"]) for q in account), default=now)
        out["account_gap_s"] = max(0, now - last) / naive.NS_PER_S
        out["account_payees_24h"] = self._distinct(account, "merchant_key", now)
        out["merchant_payers_24h"] = self._distinct(merchant, "account_key", now)
        out["device_accounts_24h"] = self._distinct(device, "account_key", now)
        out["account_inflow_payers_24h"] = self._distinct(received, "account_key", now)
        for column, key in (
            ("account_new_country", "country"),
            ("account_new_mcc", "mcc"),
        ):
            out[column] = float(bool(p[key]) and all(q[key] != p[key] for q in account))
        if account:
            largest = max(float(q["amount"]) for q in account[-RECENT_SIZE:])
            out["account_amount_max_ratio"] = float(p["amount"]) / largest
        placed = [q for q in account if not math.isnan(q["latitude_deg"])]
        if placed and not math.isnan(p["latitude_deg"]):
            q = placed[-1]
            out["distance_km"] = naive.haversine_km(
                q["latitude_deg"], q["longitude_deg"], p["latitude_deg"], p["longitude_deg"]
            )
        return out

    def remember(self, p: Any) -> None:
        """Add a payment to the histories."""
        self.of_account[int(p["account_key"])].append(p.copy())
        if p["merchant_key"]:
            self.of_merchant[int(p["merchant_key"])].append(p.copy())
        if p["device_key"]:
            self.of_device[int(p["device_key"])].append(p.copy())

    @staticmethod
    def _distinct(past: list[Any], key: str, now: int) -> int:
        tags = [(int(q["event_time_ns"]), int(q[key]) & 0xFFFFFFFF) for q in past]
        return naive.distinct(tags, now, DAY_NS)
