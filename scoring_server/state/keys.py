"""Keys of everything that state is kept for: XXH64 of the id, seeded by what the id names.

The seed keeps an account and a device of the same name apart. A key is never 0, which stands for
"not given". Two of n ids of one kind share a key with probability n^2 / 2^65: 3e-6 at 10 million.
The block versions for whole columns are in kernels/hashing.py.
"""

import xxhash

from scoring_server.kernels.seeds import (
    SEED_ACCOUNT,
    SEED_CARD_BIN,
    SEED_CONTENT,
    SEED_DEVICE,
    SEED_INSTRUMENT,
    SEED_IP,
    SEED_LABEL,
    SEED_MERCHANT,
    SEED_TERMINAL,
    SEED_TRADING_ACCOUNT,
    SEED_TRANSACTION,
)

_LETTERS = 27


def seeded_key(text: str, seed: int) -> int:
    """Return the key of an id; 0 for an empty one."""
    # 1 replaces the one hash value in 2^64 that would read as "not given".
    return (xxhash.xxh64_intdigest(text.encode(), seed) or 1) if text else 0


def account_key(account_id: str) -> int:
    """Return the key of a paying or receiving account; 0 for an empty id."""
    return seeded_key(account_id, SEED_ACCOUNT)


def trading_account_key(account_id: str) -> int:
    """Return the key of a trading account or its owner: trades and payments do not mix."""
    return seeded_key(account_id, SEED_TRADING_ACCOUNT)


def merchant_key(merchant_id: str, terminal_id: str, counterparty_account_id: str) -> int:
    """Return the key of who is paid: the terminal, else the merchant, else the account.

    A receiving account has its account_key here, so that what an account received can be found
    when it pays.
    """
    if terminal_id:
        return seeded_key(terminal_id, SEED_TERMINAL)
    if merchant_id:
        return seeded_key(merchant_id, SEED_MERCHANT)
    return seeded_key(counterparty_account_id, SEED_ACCOUNT)


def device_key(device_id: str) -> int:
    """Return the key of a device; 0 for an empty id."""
    return seeded_key(device_id, SEED_DEVICE)


def instrument_key(instrument_id: str) -> int:
    """Return the key of an instrument; 0 for an empty id."""
    return seeded_key(instrument_id, SEED_INSTRUMENT)


def transaction_key(transaction_id: str) -> int:
    """Return the key of a transaction id, for the replay guard and for labels."""
    return seeded_key(transaction_id, SEED_TRANSACTION)


def label_key(label_id: str) -> int:
    """Return the key of a label id."""
    return seeded_key(label_id, SEED_LABEL)


def ip_key(ip_address: str) -> int:
    """Return the key of an IP address as it was written; 0 when not given."""
    return seeded_key(ip_address, SEED_IP)


def card_bin_key(card_bin: str) -> int:
    """Return the key of the first digits of a card; 0 when not given."""
    return seeded_key(card_bin, SEED_CARD_BIN)


def content_key(content: bytes) -> int:
    """Return the key of a transaction's whole content, never 0."""
    return xxhash.xxh64_intdigest(content, SEED_CONTENT) or 1


def pack_letters(letters: str) -> int:
    """Pack up to six capital letters base 27 (A = 1); 0 for an empty text.

    Raises:
        ValueError: a character is not A to Z.
    """
    packed = 0
    for letter in letters:
        digit = ord(letter) - 64
        if not 1 <= digit < _LETTERS:
            message = f"letters must be A to Z, was {letters!r}"
            raise ValueError(message)
        packed = packed * _LETTERS + digit
    return packed
