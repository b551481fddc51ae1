import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scoring_server.kernels.text_write import (
    NUMBER_END,
    rounded,
    write_clock,
    write_decimal,
    write_integer,
)

# Halves, thirds and what float32 makes of decimals are where rounding goes wrong.
NUMBERS = st.one_of(
    st.floats(0.0, NUMBER_END, exclude_max=True),
    st.floats(0.0, 1e6, width=32),
    st.integers(0, 10**9).map(lambda count: count / 8),
    st.integers(0, 10**9).map(lambda count: count / 200),
    st.integers(0, 10**9).map(lambda count: math.nextafter(count / 200, 0.0)),
)


def written(write, *arguments) -> str:
    out = np.zeros(64, np.uint8)
    end = write(out, 3, *arguments)
    assert not out[:3].any()
    assert not out[end:].any()
    return out[3:end].tobytes().decode()


@given(NUMBERS, st.sampled_from([0, 1, 2]), st.booleans())
@example(0.125, 2, False)
@example(0.375, 2, False)
@example(2.5, 0, False)
@example(0.005, 2, False)
@example(1.005, 2, False)
@example(999.995, 2, True)
@example(0.0, 2, True)
def test_decimals_are_pythons(number, decimals, grouped):
    expected = f"{number:,.{decimals}f}" if grouped else f"{number:.{decimals}f}"
    assert written(write_decimal, number, decimals, grouped) == expected


@given(st.integers(0, 10**18), st.booleans())
@example(0, True)
@example(999, True)
@example(1_000, True)
def test_integers_are_pythons(number, grouped):
    assert written(write_integer, np.int64(number), grouped) == (
        f"{number:,}" if grouped else f"{number}"
    )


@given(st.floats(0.0, 1e15))
def test_rounding_to_whole_numbers_is_pythons(number):
    assert rounded(number, 1.0) == round(number)


@given(st.floats(0.0, 24.0, exclude_max=True, width=32))
def test_clock_cuts_minutes_off(hour):
    assert written(write_clock, hour) == f"{int(hour):02d}:{int(hour % 1 * 60):02d}"


@pytest.mark.parametrize("number", [-1.0, -0.0, NUMBER_END, math.inf, math.nan])
def test_what_is_out_of_range_is_refused(number):
    assert write_decimal(np.zeros(64, np.uint8), 0, number, 2, False) == -1


@pytest.mark.parametrize("hour", [-1.0, 24.0, math.nan])
def test_no_hour_of_the_day_is_refused(hour):
    assert write_clock(np.zeros(64, np.uint8), 0, hour) == -1
