"""The recipe of the model that comes with the project: three simulated histories, one model.

The first history has everything that a payment can carry. The second is what many streams look
like: cards at terminals, and of each payment only account, terminal, time and amount. It keeps the
model from leaning on fields that may be missing. The third are trades.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from models.simulation.payments import simulate_payments
from models.simulation.rows import CHANNEL_TRANSFER
from models.simulation.trades import simulate_trades
from models.training.dataset import Dataset, build_dataset, read_history
from models.training.export import export
from models.training.fingerprint import fingerprint
from models.training.train import Recipe, fit
from scoring_server.inference.onnx_model import OnnxModel

DEFAULT_NAME: Final = "default"
DEFAULT_VERSION: Final = "1"
DESCRIPTION: Final = (
    "Gradient-boosted trees for payments and trades, fitted on simulated histories. A start for "
    "streams without labels of their own."
)
_BARE_COLUMNS: Final = (
    "transaction_id",
    "event_time",
    "account_id",
    "terminal_id",
    "amount_minor",
    "currency",
    "label",
    "scenario",
    "label_time",
)


@dataclass(frozen=True, slots=True)
class DefaultData:
    """How much is simulated for the default model; smaller numbers are for tests.

    Attributes:
        payment_count: payments with all fields.
        card_count: payments of which the transfers are left out and few fields kept.
        trade_count: trades.
        seed: of the first history; the others take the next ones.
    """

    payment_count: int = 400_000
    card_count: int = 300_000
    trade_count: int = 150_000
    seed: int = 11

    def words(self) -> str:
        """Return the data in words, for the manifest."""
        return (
            f"Simulated by this project: {self.payment_count:,} payments (seed {self.seed}), "
            f"{self.card_count:,} payments of a plain card portfolio with few fields, without "
            f"the transfers (seed {self.seed + 1}), and {self.trade_count:,} trades "
            f"(seed {self.seed + 2}), over 75 days."
        )


def default_tables(data: DefaultData) -> dict[str, pa.Table]:
    """Return the canonical tables of the three histories, by the name of their stream."""
    cards = simulate_payments(data.card_count, data.seed + 1, price_contrast=0.2)
    cards = cards.filter(pc.not_equal(cards["channel"], CHANNEL_TRANSFER))
    return {
        "payments": simulate_payments(data.payment_count, data.seed),
        "cards": cards.select(list(_BARE_COLUMNS)),
        "trades": simulate_trades(data.trade_count, data.seed + 2),
    }


def train_default(
    directory: Path,
    data: DefaultData | None = None,
    recipe: Recipe | None = None,
    on_progress: Callable[[str], None] = lambda _what: None,
) -> OnnxModel:
    """Build the default model into `directory`, replacing what is there.

    Args:
        directory: `<model dir>/<name>/<version>`.
        data: how much to simulate; None takes what the committed model was made of.
        recipe: how to fit; None takes the committed model's.
        on_progress: called with what is being done.
    """
    data, recipe = data or DefaultData(), recipe or Recipe()
    on_progress("simulating")
    tables = default_tables(data)
    streams: dict[str, Dataset] = {}
    for name, table in tables.items():
        on_progress(f"replaying {name}")
        streams[name] = build_dataset(read_history(table))
    on_progress("fitting")
    fitted = fit(streams, recipe)
    on_progress("exporting")
    return export(
        fitted,
        directory,
        description=DESCRIPTION,
        data=data.words(),
        fingerprint=fingerprint(list(tables.values())),
        seed=recipe.seed,
        overwrite=True,
    )
