"""The one definition of every feature: meaning, unit, window and value at cold start.

The order of columns is that of the FEATURES record in kernels/dtypes.py, which the kernels fill; a
test keeps both equal. Models, rules and explanations name features by these names only.
"""

from typing import Final

from scoring_server.catalogue.feature import Feature
from scoring_server.catalogue.table import ALL_FEATURES
from scoring_server.kernels import dtypes
from scoring_server.kernels.dtypes import WINDOW_NAMES

__all__ = [
    "FEATURES",
    "FEATURE_COUNT",
    "FEATURE_INDEX",
    "FEATURE_NAMES",
    "PAYMENT_FEATURE_NAMES",
    "TRADE_FEATURE_NAMES",
    "Feature",
    "record_columns",
]

FEATURES: Final = {feature.name: feature for feature in ALL_FEATURES}
FEATURE_NAMES: Final = tuple(feature.name for feature in ALL_FEATURES)
FEATURE_COUNT: Final = len(FEATURE_NAMES)
FEATURE_INDEX: Final = {name: index for index, name in enumerate(FEATURE_NAMES)}
PAYMENT_FEATURE_NAMES: Final = tuple(f.name for f in ALL_FEATURES if f.kind in {"payment", "both"})
TRADE_FEATURE_NAMES: Final = tuple(f.name for f in ALL_FEATURES if f.kind in {"trade", "both"})


def record_columns() -> tuple[str, ...]:
    """Return the column names that the FEATURES record implies, windows spelled out."""
    columns: list[str] = []
    for name in dtypes.FEATURES.names or ():
        shape = dtypes.FEATURES[name].shape
        columns += [f"{name}_{window}" for window in WINDOW_NAMES] if shape else [name]
    return tuple(columns)
