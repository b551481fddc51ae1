import math
from hashlib import sha256
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from scoring_server.engine.evidence import Recorder, read_evidence
from scoring_server.engine.risk import EngineSettings
from scoring_server.kernels import dtypes

N = 50


def assessment() -> Any:
    random = np.random.default_rng(7)
    values = random.normal(size=(N, dtypes.FEATURE_COUNT)).astype(np.float32)
    values[random.random(values.shape) < 0.5] = 0.0
    values[0], values[1], values[2, 0] = 0.0, 1.0, -0.0
    ml = random.random(N)
    ml[3] = math.nan
    records = values.view(dtypes.FEATURES).reshape(N)
    made = SimpleNamespace(records=records, ml=ml, model=None, degraded_reasons=(), rules=None)
    return cast("Any", made)


def test_evidence_is_read_as_it_was_recorded():
    contexts: dict[bytes, bytes] = {}

    def keep(content: bytes) -> bytes:
        digest = sha256(content).digest()
        contexts[digest] = content
        return digest

    made = assessment()
    for row, content in enumerate(Recorder(EngineSettings(), keep).record(made)):
        read = read_evidence(content)
        assert read.features.tobytes() == made.records[row].tobytes()
        assert np.float64(read.ml).tobytes() == made.ml[row].tobytes()
        assert b'"alert_threshold"' in contexts[read.context]


@pytest.mark.parametrize("cut", [0, 20, -1])
def test_evidence_of_another_length_is_refused(cut):
    content = Recorder(EngineSettings(), lambda _content: bytes(32)).record(assessment())[1]
    with pytest.raises(ValueError, match="as long as its mask"):
        read_evidence(content[:cut])
