"""Drift: what shifts is seen within two windows, and what does not stays silent."""

from types import SimpleNamespace

import numpy as np
import pytest

from scoring_server.catalogue import FEATURE_COUNT, FEATURE_INDEX
from scoring_server.engine.drift import ALARM_PSI, WINDOW_ROWS, DriftMeter, distances
from scoring_server.inference.manifest import Histogram

FEATURES = ("amount", "hour_of_day", "score")


def normal_snapshot() -> Histogram:
    quantiles = np.quantile(np.random.default_rng(0).normal(size=200_000), np.arange(1, 10) / 10)
    return Histogram(edges=tuple(quantiles.tolist()), shares=(0.1,) * 10)


@pytest.fixture
def meter() -> DriftMeter:
    snapshot = dict.fromkeys(FEATURES, normal_snapshot())
    return DriftMeter(SimpleNamespace(manifest=SimpleNamespace(snapshot=snapshot)))


def feed(meter: DriftMeter, generator: np.random.Generator, rows: int, shift: float = 0.0) -> None:
    features = np.zeros((rows, FEATURE_COUNT), np.float32)
    features[:, FEATURE_INDEX["amount"]] = generator.normal(size=rows) + shift
    features[:, FEATURE_INDEX["hour_of_day"]] = generator.normal(size=rows)
    meter.take(features, generator.normal(size=rows))


def alarms(meter: DriftMeter) -> list[str]:
    return [each.feature for each in meter.found if each.is_alarm]


def test_shifted_feature_alone_raises_its_alarm_within_ten_thousand(meter: DriftMeter) -> None:
    generator = np.random.default_rng(1)
    feed(meter, generator, WINDOW_ROWS // 2)
    for _ in range(10_000 // 500):
        feed(meter, generator, 500, shift=0.6)
    assert alarms(meter) == ["amount"]
    assert meter.found[0].ks > 0.2


def test_unshifted_stream_stays_silent_in_a_hundred_runs() -> None:
    snapshot = dict.fromkeys(FEATURES, normal_snapshot())
    for seed in range(100):
        meter = DriftMeter(SimpleNamespace(manifest=SimpleNamespace(snapshot=snapshot)))
        feed(meter, np.random.default_rng(seed), 2 * WINDOW_ROWS)
        assert alarms(meter) == []
        assert max(each.psi for each in meter.found) < ALARM_PSI / 10


def test_alarm_ends_when_the_shift_does(meter: DriftMeter) -> None:
    generator = np.random.default_rng(3)
    feed(meter, generator, WINDOW_ROWS, shift=2.0)
    assert alarms(meter) == ["amount"]
    feed(meter, generator, WINDOW_ROWS)
    assert alarms(meter) == []


def test_blocks_of_any_size_give_the_same_windows(meter: DriftMeter) -> None:
    generator = np.random.default_rng(4)
    features = np.zeros((WINDOW_ROWS, FEATURE_COUNT), np.float32)
    features[:, FEATURE_INDEX["amount"]] = generator.normal(size=WINDOW_ROWS)
    scores = generator.normal(size=WINDOW_ROWS)
    meter.take(features, scores)
    whole = list(meter.found)
    for part in np.array_split(np.arange(WINDOW_ROWS), 7):
        meter.take(features[part], scores[part])
    assert meter.found == whole


def test_distances_are_those_of_the_formula() -> None:
    psi, ks = distances(np.array([50, 50]), np.array([0.25, 0.75]))
    assert psi == pytest.approx(0.25 * np.log(2.0) + -0.25 * np.log(2 / 3))
    assert ks == pytest.approx(0.25)
    assert np.isfinite(distances(np.array([100, 0]), np.array([0.0, 1.0]))).all()
