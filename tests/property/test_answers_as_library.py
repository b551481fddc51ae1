"""The events and answers that kernels write are those that the protobuf library writes."""

import math

import numpy as np
import pytest
from anomaly.v1.scoring_service_pb2 import ScoreBatchRequest
from hypothesis import given
from hypothesis import strategies as st

from scoring_server.bench.corpus import Corpus
from scoring_server.detectors.reasons import REASONS
from scoring_server.engine.assessment import Assessment
from scoring_server.engine.engine import Engine
from scoring_server.engine.explain import reasons
from scoring_server.inference.onnx_model import ModelIdentity
from scoring_server.kernels.dtypes import FEATURES, JUDGEMENT, REASON_COUNT_MAX
from scoring_server.kernels.text_write import NUMBER_END
from scoring_server.rpc import wire
from scoring_server.rpc.block_codec import EventWriter, RequestReader
from scoring_server.rpc.converters import score_result, scored_event
from scoring_server.state.shared_table import StateCapacities, open_state
from tests.oracles import streams

TIME_NS = 1_700_000_000_123_456_789
MODEL = ModelIdentity("default", "1", "0" * 64, 0.25, ("amount",), 1)
ALERT_THRESHOLD = 30.0
BLOCK = 64
REQUESTS = RequestReader().read_batch(
    ScoreBatchRequest(transactions=Corpus("t").take(BLOCK)).SerializeToString()
)
WRITER = EventWriter(ALERT_THRESHOLD)


def expected(assessment: Assessment, row: int, position: int) -> tuple[bytes, bytes]:
    content = REQUESTS.content(position)
    result = score_result(
        content[2 : 2 + content[1]].decode(),
        assessment,
        row,
        sequence=int(assessment.sequences[row]),
        ingest_time_ns=TIME_NS,
        alert_threshold=ALERT_THRESHOLD,
    ).SerializeToString()
    sequence = int(assessment.sequences[row])
    event = scored_event(content, result, sequence=sequence, ingest_time_ns=TIME_NS)
    return event, wire.field(wire.tag(1), result)


def assert_written_as_the_library_does(assessment: Assessment, positions: list[int]) -> None:
    events, answers = WRITER.write(REQUESTS, positions, assessment, TIME_NS)
    assert len(events) == len(answers) == len(positions)
    for row, position in enumerate(positions):
        assert (events[row], answers[row]) == expected(assessment, row, position)


def assessment_of(seed: int, *, with_model: bool) -> Assessment:
    """Return an assessment with every reason, of features far and wide."""
    random = np.random.default_rng(seed)
    records = np.zeros(BLOCK, FEATURES)
    magnitudes = 10.0 ** random.uniform(-3, 7, (BLOCK, FEATURES.itemsize // 4))
    magnitudes[random.random(magnitudes.shape) < 0.2] = 0.0
    records.view(np.float32).reshape(BLOCK, -1)[:] = magnitudes
    records["hour_of_day"] = random.uniform(0, 23.99, BLOCK)
    for name in ("instrument_return_z", "instrument_drift_z", "peer_amount_z"):
        records[name] *= random.choice([-1, 1], BLOCK)
    judgements = np.zeros(BLOCK, JUDGEMENT)
    judgements["statistical"] = random.choice([0.0, 0.3], BLOCK)
    judgements["behavioral"] = random.uniform(0, 1, BLOCK)
    judgements["risk_score"] = random.uniform(0, 100, BLOCK)
    judgements["severity"] = random.integers(1, 6, BLOCK)
    judgements["decision"] = random.integers(1, 4, BLOCK)
    judgements["reason_count"] = random.integers(0, REASON_COUNT_MAX + 1, BLOCK)
    judgements["reason_contribution"] = random.uniform(0, 1, (BLOCK, REASON_COUNT_MAX))
    kinds = len(REASONS) if with_model else len(REASONS) - 1
    for row in range(BLOCK):
        judgements["reason_index"][row] = random.permutation(kinds)[:REASON_COUNT_MAX]
    return Assessment(
        records,
        judgements,
        random.choice([0.0, 0.9, 1.0], BLOCK) if with_model else np.full(BLOCK, np.nan),
        np.arange(2**35, 2**35 + BLOCK, dtype=np.uint64),
        () if with_model else ("MODEL_MISSING", "OTHER"),
        MODEL if with_model else None,
    )


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_answers_of_any_features_are_the_librarys(seed, with_model):
    assessment = assessment_of(seed, with_model=with_model)
    assert_written_as_the_library_does(assessment, list(range(BLOCK)))


def test_answers_of_the_engine_are_the_librarys():
    capacities = StateCapacities(64, 64, 64, 64, 64, 1_000_000)
    engine = Engine(open_state(None, capacities), None)
    told = set()
    for number in range(40):
        rows = streams.transactions(BLOCK, seed=4 + number, first_id=1 + number * BLOCK)
        assessment = engine.assess(rows)
        assert_written_as_the_library_does(assessment, list(range(BLOCK)))
        told |= {reason.code for row in range(BLOCK) for reason in reasons(assessment, row)}
    assert len(told) > 10


def test_part_of_a_block_is_written_in_its_own_order():
    engine = Engine(open_state(None, StateCapacities(64, 64, 64, 64, 64, 1_000)), None)
    positions = [5, 3, 60]
    assert_written_as_the_library_does(engine.assess(REQUESTS.rows[positions]), positions)


@pytest.mark.parametrize("number", [-1.0, NUMBER_END * 2, math.inf])
def test_number_that_the_kernel_refuses_is_written_by_the_library(number):
    assessment = assessment_of(1, with_model=True)
    assessment.judgements["reason_count"] = 1
    assessment.judgements["reason_index"][:, 0] = 0
    assessment.records["amount"][::2] = number
    events, _ = WRITER.write(REQUESTS, range(BLOCK), assessment, TIME_NS)
    assert events == [expected(assessment, row, row)[0] for row in range(BLOCK)]


@pytest.mark.parametrize("index", range(len(REASONS)))
def test_each_reason_is_told_with_its_own_sentence(index):
    assessment = assessment_of(index, with_model=True)
    assessment.judgements["reason_count"] = 1
    assessment.judgements["reason_index"][:, 0] = index
    assert_written_as_the_library_does(assessment, list(range(BLOCK)))
    sentences = [reasons(assessment, row)[0].sentence for row in range(BLOCK)]
    assert all("{" not in sentence and sentence.endswith(".") for sentence in sentences)
