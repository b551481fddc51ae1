import numpy as np
import pytest

from scoring_server.catalogue import FEATURE_INDEX
from scoring_server.engine.engine import Engine
from scoring_server.kernels.dtypes import KIND_PAYMENT
from scoring_server.state.shared_table import StateCapacities, open_state
from tests.oracles import streams
from tests.oracles.features import SlowFeatures

CAPACITIES = StateCapacities(4_096, 4_096, 4_096, 256, 64, 4_000)


@pytest.mark.parametrize("seed", range(5))
def test_payment_features_equal_the_slow_twin(seed):
    rows = streams.transactions(900, seed=seed)
    rows = rows[rows["kind"] == KIND_PAYMENT]
    # At most 16 events an entity: there the windows promise to be exact.
    for name in ("account_key", "merchant_key", "device_key"):
        rows[name] += 1 + np.arange(len(rows), dtype=np.uint64) // 16
    result = Engine(open_state(None, CAPACITIES), None).assess(rows)
    slow = SlowFeatures()
    checked = 0
    for place, row in enumerate(rows):
        for name, expected in slow.answer(row).items():
            got = result.features[place, FEATURE_INDEX[name]]
            # float32 columns; the haversine loses digits near the antipode.
            assert got == pytest.approx(expected, rel=1e-5, abs=1e-2), (place, name)
            checked += 1
        slow.remember(row)
    assert checked > 20_000
