"""Malformed messages for the kernels that read the wire: `make fuzz MESSAGES=n`.

Each lies right before memory that must not be touched, so that a read beyond its end ends the
process. What a kernel takes is compared with what the library reads. The mutations are our own: a
fuzzer that follows coverage sees nothing of compiled kernels.
"""

import argparse
import ctypes
import json
import mmap
import random
import sys
import time

import click
import numpy as np
from anomaly.v1.scoring_service_pb2 import ScoreBatchRequest, ScoreRequest
from anomaly.v1.transaction_pb2 import Payment, Position, Trade, Transaction
from google.protobuf.timestamp_pb2 import Timestamp

from scoring_server.rpc import block_codec
from tests.property.test_wire_reading_as_library import READER, assert_read_as_the_library_does

ROOM = 16 * mmap.PAGESIZE
TIME = Timestamp(seconds=1_700_000_000, nanos=5)
TRANSACTIONS = [
    Transaction(
        transaction_id="t1",
        event_time=TIME,
        payment=Payment(account_id="a", merchant_id="m", amount_minor=100, currency="EUR"),
    ),
    Transaction(
        transaction_id="t" * 64,
        event_time=TIME,
        payment=Payment(
            account_id="a" * 64,
            terminal_id="t-1",
            counterparty_account_id="b",
            device_id="d",
            amount_minor=1 << 40,
            currency="JPY",
            position=Position(latitude_deg=48.1, longitude_deg=-11.5),
        ),
    ),
    Transaction(
        transaction_id="t3",
        event_time=TIME,
        trade=Trade(
            account_id="a",
            instrument_id="ACME",
            side=1,
            price_nanos=10_000_000_000,
            quantity_micros=5_000_000,
            currency="USD",
        ),
    ),
]


class Guarded:
    """Memory that ends where reading ends the process."""

    def __init__(self) -> None:
        self._map = mmap.mmap(-1, ROOM + mmap.PAGESIZE)
        self._bytes = np.frombuffer(self._map, np.uint8)
        end = ctypes.c_void_p(self._bytes.ctypes.data + ROOM)
        no_access = 0
        assert ctypes.CDLL(None).mprotect(end, mmap.PAGESIZE, no_access) == 0

    def holding(self, content: bytes):
        """Return the content as an array that ends there."""
        start = ROOM - len(content)
        self._bytes[start:ROOM] = np.frombuffer(content, np.uint8)
        held = self._bytes[start:ROOM]
        # Like the bytes that a server gets; the kernels are compiled for that.
        held.flags.writeable = False
        return held


def malformed(drawn: random.Random, message: bytes) -> bytes:
    """Change, insert, remove, repeat or cut bytes; now and then all of them are random."""
    if drawn.random() < 0.05:
        return drawn.randbytes(drawn.randrange(1, 120))
    changed = bytearray(message)
    for _ in range(drawn.randint(1, 4)):
        place = drawn.randrange(len(changed) + 1)
        kind = drawn.randrange(5)
        if kind == 0 and place < len(changed):
            changed[place] = drawn.choice([0, 0x7F, 0x80, 0xFF, drawn.randrange(256)])
        elif kind == 1:
            changed[place:place] = drawn.randbytes(drawn.randint(1, 12))
        elif kind == 2:
            del changed[place : place + drawn.randint(1, 12)]
        elif kind == 3:
            changed[place:place] = changed[place : place + drawn.randint(1, 40)]
        else:
            del changed[place:]
    return bytes(changed) or b"\0"


def read_guarded(guarded: Guarded, message: bytes, *, batch: bool) -> bool:
    """Let a kernel read a message where it may read no further; return whether it took it."""
    data = guarded.holding(message)
    n = max(1, len(message) // block_codec._TRANSACTION_SIZE_MIN) if batch else 1
    spans, rows, good = block_codec._room(n)
    out = (READER._divisors, READER._limits, rows, spans, good)
    if batch:
        return bool(block_codec._batch_rows(data, *out) > 0 and good.any())
    block_codec._single_rows(data, np.array([0, len(message)]), 1, *out)
    return bool(good[0])


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    asked = parser.parse_args()
    drawn, guarded = random.Random(asked.seed), Guarded()
    singles = [ScoreRequest(transaction=each).SerializeToString() for each in TRANSACTIONS]
    batch = ScoreBatchRequest(transactions=TRANSACTIONS).SerializeToString()
    taken = 0
    for number in range(asked.messages):
        if number % 4 == 3:
            taken += read_guarded(guarded, malformed(drawn, batch), batch=True)
            continue
        message = malformed(drawn, drawn.choice(singles))
        if read_guarded(guarded, message, batch=False):
            taken += 1
            assert assert_read_as_the_library_does(message)
    click.echo(json.dumps({"seed": asked.seed, "messages": asked.messages, "taken": taken}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
