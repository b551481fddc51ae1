import math

import numpy as np
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from scoring_server.kernels.geo import distance_km
from scoring_server.kernels.hashing import hash_strings
from scoring_server.kernels.moments import log_z, moments_update, rate_surprise
from tests.oracles import naive


@given(texts=st.lists(st.text(max_size=80), max_size=20), seed=st.integers(0, 2**64 - 1))
def test_hash_strings_equal_the_xxhash_library(texts, seed):
    encoded = [text.encode() for text in texts]
    offsets = np.concatenate([[0], np.cumsum([len(e) for e in encoded])]).astype(np.int64)
    data = np.frombuffer(b"".join(encoded), np.uint8)
    out = np.zeros(len(texts), np.uint64)
    hash_strings(offsets, data.copy(), np.uint64(seed), out)
    expected = [(xxhash.xxh64_intdigest(e, seed) or 1) if e else 0 for e in encoded]
    assert out.tolist() == expected


latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)


@given(latitudes, longitudes, latitudes, longitudes)
def test_distance_equals_the_vector_formula(lat1, lon1, lat2, lon2):
    expected = naive.haversine_km(lat1, lon1, lat2, lon2)
    # Near the antipode the haversine loses half of its digits: 1e-8 of half the circumference.
    assert distance_km(lat1, lon1, lat2, lon2) == pytest.approx(expected, abs=1e-3)


def test_distance_paris_london():
    assert distance_km(48.8566, 2.3522, 51.5074, -0.1278) == pytest.approx(343.6, abs=0.5)


@given(values=st.lists(st.floats(-5, 5), min_size=2, max_size=7))
def test_moments_before_clipping_are_those_of_numpy(values):
    mean = variance = 0.0
    for count, value in enumerate(values):
        mean, variance = moments_update(value, mean, variance, count, 50.0)
    assert mean == pytest.approx(np.mean(values), abs=1e-9)
    assert variance == pytest.approx(np.var(values), abs=1e-9)


def test_moments_are_stable_far_from_zero():
    mean = variance = 0.0
    for count, value in enumerate([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]):
        mean, variance = moments_update(value, mean, variance, count, 50.0)
    assert variance == pytest.approx(22.5)


def test_an_outlier_moves_the_baseline_by_three_deviations_only():
    mean, variance = 3.0, 0.25
    after, _ = moments_update(100.0, mean, variance, 20, 50.0)
    assert after == pytest.approx(3.0 + 1.5 / 21)


def test_log_z_without_history_is_zero():
    assert log_z(7.0, 0.0, 0.0, 0) == 0.0


def test_log_z_at_zero_variance_is_bounded_by_the_smallest_spread():
    # 1000 equal values: the spread is the floor of 0.15.
    assert log_z(1.15, 1.0, 0.0, 1000) == pytest.approx(1.0)


@given(st.floats(0, 1e6), st.floats(1e-6, 1e6))
def test_rate_surprise_is_never_negative_nor_nan(observed, expected):
    assert rate_surprise(observed, expected) >= 0.0


@given(st.integers(1, 60), st.floats(0.01, 20))
def test_rate_surprise_never_claims_more_than_the_exact_tail(observed, mean):
    tail = naive.poisson_tail(observed, mean)
    if tail > 1e-12:
        # A Chernoff bound is above the probability, so its -log10 is below.
        assert rate_surprise(float(observed), mean) <= -math.log10(tail) + 1e-6
