"""The names that a rule may use, their types, and the transactions that have them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from scoring_server.catalogue import FEATURES
from scoring_server.kernels.dtypes import KIND_PAYMENT, KIND_TRADE, SIDE_BUY, SIDE_SELL
from scoring_server.kernels.rule_program import FIELDS, KEY_FIELDS
from scoring_server.kernels.seeds import (
    SEED_ACCOUNT,
    SEED_CARD_BIN,
    SEED_DEVICE,
    SEED_INSTRUMENT,
    SEED_IP,
    SEED_MERCHANT,
    SEED_TERMINAL,
    SEED_TRADING_ACCOUNT,
)
from scoring_server.rules.tree import Kind, Operation
from scoring_server.state.keys import pack_letters, seeded_key

# Values of the proto enum Channel, as in transaction.proto.
CHANNELS: Final = {"POS": 1, "ECOM": 2, "ATM": 3, "TRANSFER": 4, "MOTO": 5}
SIDES: Final = {"BUY": SIDE_BUY, "SELL": SIDE_SELL}
KINDS: Final = {"payment": KIND_PAYMENT, "trade": KIND_TRADE}


@dataclass(frozen=True, slots=True)
class Field:
    """A number or a text of the transaction itself.

    Attributes:
        place: index in FIELDS.
        meaning: for people.
        kind: transactions that have it.
        values: what a text may be, by its number; None for a number.
        pattern: for a text of letters, how many; 0 otherwise.
    """

    place: int
    meaning: str
    kind: Kind
    values: dict[str, int] | None = None
    letters: int = 0

    @property
    def is_text(self) -> bool:
        """Whether it is compared with texts."""
        return self.values is not None or self.letters > 0


@dataclass(frozen=True, slots=True)
class Entity:
    """Who or what takes part, named by an id.

    Attributes:
        place: index in KEY_FIELDS.
        seeds: an id is looked for under each of them.
        kind: transactions that have it.
        meaning: for people.
    """

    place: int
    seeds: tuple[int, ...]
    kind: Kind
    meaning: str

    def keys(self, text: str) -> tuple[int, ...]:
        """Return the keys that an id may have in a transaction."""
        return tuple(seeded_key(text, seed) for seed in self.seeds)


def _field(name: str, meaning: str, kind: Kind, **more: object) -> tuple[str, Field]:
    return name, Field(FIELDS.index(name), meaning, kind, **more)  # type: ignore[arg-type]


def _entity(
    name: str, column: str, seeds: tuple[int, ...], kind: Kind, meaning: str
) -> tuple[str, Entity]:
    return name, Entity(KEY_FIELDS.index(column), seeds, kind, meaning)


TRANSACTION_FIELDS: Final[dict[str, Field]] = dict(
    [
        _field("amount", "amount in major currency units; trades: price times quantity", "both"),
        _field("price", "price of a trade", "trade"),
        _field("quantity", "quantity of a trade", "trade"),
        _field("latitude_deg", "latitude, degrees; compares false when not given", "payment"),
        _field("longitude_deg", "longitude, degrees; compares false when not given", "payment"),
        _field("mcc", "merchant category code; 0 when not given", "payment"),
        _field("currency", "ISO 4217 code", "both", letters=3),
        _field("country", "ISO 3166-1 alpha-2 code", "payment", letters=2),
        _field("channel", "how it was made", "payment", values=CHANNELS),
        _field("side", "side of a trade", "trade", values=SIDES),
        _field("kind", "what the transaction is", "both", values=KINDS),
    ]
)
_ACCOUNTS: Final = (SEED_ACCOUNT, SEED_TRADING_ACCOUNT)
ENTITIES: Final[dict[str, Entity]] = dict(
    [
        _entity("account", "account_key", _ACCOUNTS, "both", "paying or trading account"),
        _entity(
            "merchant", "merchant_key", (SEED_MERCHANT,), "payment", "merchant, without a terminal"
        ),
        _entity("terminal", "merchant_key", (SEED_TERMINAL,), "payment", "terminal"),
        _entity(
            "counterparty", "counterparty_key", (SEED_ACCOUNT,), "payment", "receiving account"
        ),
        _entity("device", "device_key", (SEED_DEVICE,), "both", "device"),
        _entity("ip", "ip_key", (SEED_IP,), "payment", "IP address as it was written"),
        _entity("card_bin", "card_bin_key", (SEED_CARD_BIN,), "payment", "first digits of a card"),
        _entity("instrument", "instrument_key", (SEED_INSTRUMENT,), "trade", "instrument"),
        _entity("owner", "owner_key", (SEED_TRADING_ACCOUNT,), "trade", "beneficial owner"),
    ]
)
# Function -> operation and number of values; who takes two takes more as well.
FUNCTIONS: Final[dict[str, tuple[Operation, int]]] = {
    "abs": ("abs", 1),
    "log10": ("log10", 1),
    "sqrt": ("sqrt", 1),
    "min": ("min", 2),
    "max": ("max", 2),
}
ALL_NAMES: Final = tuple(dict.fromkeys((*TRANSACTION_FIELDS, *ENTITIES, *FEATURES)))


def code_of(field: Field) -> Callable[[str], int | None]:
    """Return what turns a text into the number that stands for it; None for a wrong text."""

    def code(text: str) -> int | None:
        if field.values is not None:
            return field.values.get(text)
        is_code = len(text) == field.letters and text.isascii() and text.isupper()
        return pack_letters(text) if is_code and text.isalpha() else None

    return code


def allowed_of(field: Field) -> str:
    """Return the texts that a field may be compared with, for a message."""
    if field.values is not None:
        return " or ".join(f'"{value}"' for value in field.values)
    return f"{field.letters} capital letters"
