"""Labels from outside, such as chargebacks: who says them, and when one is a repetition."""

import hashlib
from datetime import datetime

from msgspec import Struct

from gateway.domain.enumerations import LabelSource, LabelValue
from gateway.domain.labels import LabelReport

# Most labels of one request, and of one file; chosen by us.
LABELS_MAX = 1_000
FILE_ROWS_MAX = 50_000
FILE_SIZE_BYTES_MAX = 10 * 1024 * 1024


class OutsideLabel(Struct, frozen=True):
    """A label as it comes from outside.

    Attributes:
        known_time: None lets the gateway say when it became known.
        reference: the reporter's name for this one report; empty without one.
    """

    transaction_id: str
    value: LabelValue
    source: LabelSource
    known_time: datetime | None
    reference: str

    def label_id(self, fallback: str) -> str:
        """Return the id of the label.

        A reference names one report of its source for ever. Without one, what is said is the name
        where it says when; `fallback` is the name where not even that is known.
        """
        if self.reference:
            name = f"{self.source}\n{self.reference}"
        elif self.known_time is not None:
            when = self.known_time.isoformat()
            # Begins as no name with a reference does.
            name = f"\n{self.source}\n{self.transaction_id}\n{self.value}\n{when}"
        else:
            return fallback
        return f"ext_{hashlib.sha256(name.encode()).hexdigest()[:40]}"

    def repeats(self, report: LabelReport) -> bool:
        """Return whether a stored report says the same."""
        same = (self.transaction_id, self.value, self.source) == (
            report.transaction_id,
            report.value,
            report.source,
        )
        return same and self.known_time in {None, report.known_time}
