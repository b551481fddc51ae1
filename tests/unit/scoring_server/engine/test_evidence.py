import math
from hashlib import sha256
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import numpy as np
import pytest

from scoring_server.engine.evidence import Context, Recorder, read_evidence
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


def test_evidence_of_a_smaller_catalogue_is_read_as_the_beginning_of_this():
    count = 95
    values = np.arange(count, dtype=np.float32)
    present = values != 0.0
    mask = np.packbits(present, bitorder="little").tobytes()
    content = bytes(32) + np.float64(0.25).tobytes() + mask + values[present].tobytes()
    read = read_evidence(content, count)
    features = read.features.view(np.float32)
    np.testing.assert_array_equal(features[:count], values)
    assert not features[count:].any()
    assert read.ml == 0.25


def test_a_context_that_does_not_say_is_of_the_first_catalogue():
    contexts: list[bytes] = []
    keep = lambda content: contexts.append(content) or bytes(32)  # noqa: E731
    Recorder(EngineSettings(), keep).record(assessment())
    told = msgspec.json.decode(contexts[0], type=Context)
    assert told.feature_count == dtypes.FEATURE_COUNT
    plain = msgspec.json.decode(contexts[0])
    del plain["feature_count"]
    assert msgspec.json.decode(msgspec.json.encode(plain), type=Context).feature_count == 95


@pytest.mark.parametrize("count", [0, dtypes.FEATURE_COUNT + 1])
def test_evidence_of_a_later_release_is_refused(count):
    with pytest.raises(ValueError, match="feature_count must be"):
        read_evidence(bytes(200), count)
