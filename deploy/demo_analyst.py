"""A simulated analyst: takes the most urgent alert, writes a note and decides as the file says."""

import json
import random
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pyarrow.parquet as pq

NAMES = ("anna", "ben", "mira")
# Now and then an analyst errs, or leaves an alert open; chosen by us, so that pages have both.
_ERROR_RATIO = 0.05
_REVIEW_RATIO = 0.1
PAUSE_SECONDS = 4.0
_TIMEOUT_SECONDS = 10.0
_NOTES = {
    "FRAUD": "the customer does not know this payment",
    "LEGITIMATE": "confirmed by the customer",
    "REVIEW": "waiting for the customer to call back",
}


def labels_of(path: Path) -> dict[str, bool]:
    """Return which transactions of a file are fraud."""
    table = pq.read_table(path, columns=["transaction_id", "label"])
    ids, labels = (table.column(name).to_pylist() for name in ("transaction_id", "label"))
    return {name: label == 1 for name, label in zip(ids, labels, strict=True)}


class Analyst(threading.Thread):
    """Works the queue of a gateway until it is told to stop."""

    def __init__(
        self, url: str, labels: Mapping[str, bool], pause_seconds: float = PAUSE_SECONDS
    ) -> None:
        super().__init__(name="analyst", daemon=True)
        self._url = url
        self._pause_seconds = pause_seconds
        self._labels = labels
        self._choose = random.Random(1)  # noqa: S311 - a play, the same each time
        self.stopping = threading.Event()

    def run(self) -> None:
        """Decide one alert after the other, and say it once when that does not work."""
        has_told = False
        while not self.stopping.wait(self._pause_seconds):
            try:
                self._work_one()
            except (urllib.error.URLError, TimeoutError) as error:
                if not has_told and not self.stopping.is_set():
                    sys.stderr.write(f"the simulated analyst is held up: {error}\n")
                has_told = True

    def _work_one(self) -> None:
        name = self._choose.choice(NAMES)
        alert = self._post("/api/queue/next", {"analyst_id": name})["data"]
        if alert is None:
            return
        is_fraud = self._labels.get(alert["transaction_id"], False)
        if self._choose.random() < _ERROR_RATIO:
            is_fraud = not is_fraud
        decision = "FRAUD" if is_fraud else "LEGITIMATE"
        if self._choose.random() < _REVIEW_RATIO:
            decision = "REVIEW"
        self._post(
            f"/api/investigations/{alert['alert_id']}/decision",
            {"decision": decision, "notes": _NOTES[decision], "analyst_id": name},
        )

    def _post(self, path: str, body: dict[str, object]) -> dict[str, dict[str, str] | None]:
        request = urllib.request.Request(  # noqa: S310 - the address is ours
            self._url + path,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            found: dict[str, dict[str, str] | None] = json.load(answer)
            return found
