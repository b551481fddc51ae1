"""What a feature is, and the features that every windowed entity has alike."""

from dataclasses import dataclass
from typing import Literal

from scoring_server.kernels.dtypes import WINDOW_NAMES

Kind = Literal["payment", "trade", "both"]


@dataclass(frozen=True, slots=True)
class Feature:
    """One column that the engine computes.

    Attributes:
        name: stable name, lower case.
        meaning: what it says, one phrase for people; read before the transaction itself is counted.
        unit: unit of the value.
        kind: the transactions it is computed for; 0.0 for the others.
        window: length of time it looks back over; "" for all of the past or none.
        cold_start: value for an entity that was never seen.
    """

    name: str
    meaning: str
    unit: str
    kind: Kind
    window: str = ""
    cold_start: float = 0.0


def windows(entity: str, kind: Kind) -> list[Feature]:
    """Return count and sum of each window of an entity, in the order of the record."""
    counts = [
        Feature(
            f"{entity}_tx_count_{window}",
            f"transactions of the {entity} in the last {window}",
            "transactions",
            kind,
            window,
        )
        for window in WINDOW_NAMES
    ]
    unit = "quantity" if entity == "instrument" else "major currency units"
    what = "quantity" if entity == "instrument" else "amount"
    sums = [
        Feature(
            f"{entity}_amount_sum_{window}",
            f"total {what} of the {entity} in the last {window}",
            unit,
            kind,
            window,
        )
        for window in WINDOW_NAMES
    ]
    return counts + sums
