"""Transactions for measuring: varied accounts, terminals, devices and places, new ids each time."""

import itertools

import numpy as np
from anomaly.v1.transaction_pb2 import Channel, Transaction

from scoring_server.clock import NS_PER_S
from scoring_server.replay.messages import timestamp

ACCOUNT_COUNT = 20_000
TERMINAL_COUNT = 5_000
_SEED = 20260102
_START_TIME_NS = 1_767_312_000 * NS_PER_S
_CURRENCIES = ("EUR", "USD", "GBP")
_COUNTRIES = ("DE", "FR", "US", "GB")


class Corpus:
    """An endless supply of transactions; two corpora of one seed give the same ones."""

    def __init__(self, prefix: str) -> None:
        self._random = np.random.default_rng(_SEED)
        self._prefix = prefix
        self._numbers = itertools.count(1)

    def take(self, count: int) -> list[Transaction]:
        """Return the next `count` transactions, each a tenth of a second after the one before."""
        random = self._random
        accounts = random.integers(0, ACCOUNT_COUNT, count).tolist()
        terminals = random.integers(0, TERMINAL_COUNT, count).tolist()
        amounts = np.maximum(random.lognormal(8.0, 1.0, count), 1.0).astype(np.int64).tolist()
        latitudes = random.uniform(36.0, 60.0, count).tolist()
        longitudes = random.uniform(-9.0, 25.0, count).tolist()
        messages = []
        for row in range(count):
            number = next(self._numbers)
            account = accounts[row]
            message = Transaction(
                transaction_id=f"{self._prefix}-{number}",
                event_time=timestamp(_START_TIME_NS + number * (NS_PER_S // 10)),
            )
            payment = message.payment
            payment.account_id = f"account-{account}"
            payment.merchant_id = f"merchant-{terminals[row] // 4}"
            payment.terminal_id = f"terminal-{terminals[row]}"
            payment.device_id = f"device-{account}"
            payment.amount_minor = amounts[row]
            payment.currency = _CURRENCIES[account % len(_CURRENCIES)]
            payment.channel = Channel.CHANNEL_ECOM if account % 3 else Channel.CHANNEL_POS
            payment.mcc = 5411 if terminals[row] % 2 else 5812
            payment.country = _COUNTRIES[account % len(_COUNTRIES)]
            payment.position.latitude_deg = latitudes[row]
            payment.position.longitude_deg = longitudes[row]
            payment.ip_address = f"10.{account >> 8}.{account & 255}.7"
            messages.append(message)
        return messages
