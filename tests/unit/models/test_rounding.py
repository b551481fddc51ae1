import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.training.rounding import rounded


@given(seed=st.integers(0, 1_000), count=st.integers(300, 5_000))
@settings(max_examples=20)
def test_a_column_keeps_its_order_its_extremes_and_at_most_255_of_its_values(seed, count):
    values = np.random.default_rng(seed).lognormal(0.0, 2.0, (count, 1)).astype(np.float32)
    result = rounded(values)
    order = np.argsort(values[:, 0])
    assert np.all(np.diff(result[order, 0]) >= 0)
    assert len(np.unique(result)) <= 255
    assert np.isin(result, values).all()
    assert (result.min(), result.max()) == (values.min(), values.max())


def test_the_largest_few_stay_apart():
    values = np.arange(60_000, dtype=np.float32)[:, None]
    assert len(np.unique(rounded(values)[-100:])) > 20


def test_a_column_of_few_values_is_not_changed():
    values = np.random.default_rng(1).integers(0, 255, (10_000, 2)).astype(np.float32)
    assert np.array_equal(rounded(values), values)
