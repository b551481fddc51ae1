import time
from pathlib import Path

import pytest
from anomaly.v1 import event_service_pb2, scoring_service_pb2
from anomaly.v1.transaction_pb2 import Payment, Transaction
from google.protobuf.timestamp_pb2 import Timestamp

from scoring_server.clock import wall_time_ns
from scoring_server.engine.engine import Engine
from scoring_server.engine.risk import EngineSettings
from scoring_server.engine.scorer import Scorer
from scoring_server.errors import DeadlineExceededError
from scoring_server.inference.artifact import load_model
from scoring_server.inference.model_slots import ModelSlots
from scoring_server.journal.embedded import EmbeddedJournal
from scoring_server.rpc.converters import TransactionConverter
from scoring_server.rpc.scoring import ScoringService
from scoring_server.state.shared_table import StateCapacities, open_state
from scoring_server.telemetry.metrics import Metrics

DEFAULT_MODEL = Path(__file__).parents[4] / "models" / "default" / "1"
SMALL = StateCapacities(64, 64, 64, 64, 64, 1_000)


class GivenCall:
    """A call whose deadline and caller are what a test says."""

    request_id = ""

    def __init__(self, remaining_s: float | None = None, *, active: bool = True) -> None:
        self._remaining_s = remaining_s
        self._active = active

    def is_active(self) -> bool:
        return self._active

    def time_remaining_s(self) -> float | None:
        return self._remaining_s

    def on_end(self, callback) -> None:
        raise NotImplementedError


@pytest.fixture
def journal(tmp_path):
    opened = EmbeddedJournal(tmp_path)
    yield opened
    opened.close()


def service(journal, *, models=None, alert_threshold=50.0, metrics=None) -> ScoringService:
    settings = EngineSettings(alert_threshold=alert_threshold)
    scorer = Scorer(Engine(open_state(None, SMALL), models, settings), journal, wall_time_ns)
    return ScoringService(
        scorer, TransactionConverter(), metrics or Metrics(), model_time_s_min=0.001
    )


def request(number: int = 1) -> bytes:
    transaction = Transaction(
        transaction_id=f"t{number}",
        event_time=Timestamp(seconds=1_700_000_000),
        payment=Payment(account_id="a", amount_minor=100, currency="EUR"),
    )
    return scoring_service_pb2.ScoreRequest(transaction=transaction).SerializeToString()


def result_of(response: bytes) -> scoring_service_pb2.ScoreResult:
    return scoring_service_pb2.ScoreResponse.FromString(response).result


@pytest.mark.parametrize(
    "call", [GivenCall(0.0), GivenCall(-1.0), GivenCall(active=False)], ids=str
)
def test_deadline_that_passed_in_the_queue_changes_nothing(journal, call):
    scoring = service(journal)
    with pytest.raises(DeadlineExceededError):
        scoring.score(request(), call)
    assert journal.last_sequence == 0
    assert scoring._scorer.engine.sequence == 0
    assert not result_of(scoring.score(request(), GivenCall())).replayed


def test_little_time_left_leaves_the_model_out_and_says_so(journal):
    scoring = service(journal, models=ModelSlots(champion=_NeverAsked()))
    result = result_of(scoring.score(request(), GivenCall(0.0001)))
    assert list(result.degraded_reasons) == ["MODEL_SKIPPED"]


def test_model_that_has_become_slow_is_left_out_where_the_deadline_cannot_hold_it(journal):
    champion = _SlowModel(load_model(DEFAULT_MODEL), seconds=0.02)
    scoring = service(journal, models=ModelSlots(champion=champion))
    answers = [result_of(scoring.score(request(n), GivenCall(0.002))) for n in range(1_000)]
    # It is asked once to find out, and again after a while.
    assert 1 < champion.asked <= 10
    degraded = [list(answer.degraded_reasons) for answer in answers]
    assert degraded.count(["MODEL_SKIPPED"]) >= 990
    assert not result_of(scoring.score(request(2_000), GivenCall(1.0))).degraded_reasons
    assert not result_of(scoring.score(request(2_001), GivenCall())).degraded_reasons


class _SlowModel:
    """A model that takes its time."""

    def __init__(self, model, *, seconds) -> None:
        self._model = model
        self._seconds = seconds
        self.identity = model.identity
        self.asked = 0

    def score(self, features, out) -> None:
        self.asked += 1
        time.sleep(self._seconds)
        self._model.score(features, out)


class _NeverAsked:
    """A champion that a call in a hurry must not wait for."""

    def score(self, *_arrays) -> None:
        raise AssertionError


def test_alert_is_named_from_the_threshold_on(journal):
    scoring = service(journal, alert_threshold=0.0)
    result = result_of(scoring.score(request(), GivenCall()))
    assert result.alert_id.startswith("alr_")
    assert result_of(scoring.score(request(), GivenCall())).alert_id == result.alert_id


def test_answer_is_what_the_journal_holds(journal):
    result = result_of(service(journal).score(request(), GivenCall()))
    event = event_service_pb2.Event.FromString(journal.read(0, 1)[0].payload)
    assert event.scored_transaction.result == result
    assert event.scored_transaction.transaction.transaction_id == "t1"
    assert event.sequence == result.sequence == 1
    assert event.ingest_time == result.ingest_time


def test_metrics_count_what_became_of_transactions(journal):
    metrics = Metrics()
    scoring = service(journal, alert_threshold=0.0, metrics=metrics)
    scoring.score(request(1), GivenCall())
    scoring.score(request(1), GivenCall())
    scoring.score(request(2), GivenCall())
    read = metrics.registry.get_sample_value
    assert read("anomaly_transactions_total", {"outcome": "new"}) == 2
    assert read("anomaly_transactions_total", {"outcome": "replayed"}) == 1
    assert read("anomaly_decisions_total", {"decision": "DECISION_APPROVE"}) == 2
    assert read("anomaly_alerts_total") == 2
