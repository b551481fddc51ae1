import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring_server.kernels.dtypes import ENTITY, RECENT_SIZE, WINDOW_COUNT, WINDOWS_S
from scoring_server.kernels.windows import (
    distinct_tags,
    recent_amount_extremes,
    windows_score,
    windows_update,
)
from tests.oracles import naive

START_NS = 1_700_000_000_000_000_000
NS_PER_S = naive.NS_PER_S

gaps_s = st.one_of(
    st.integers(0, 5), st.integers(0, 400), st.integers(0, 100_000), st.integers(0, 3_000_000)
)
events_strategy = st.lists(
    st.tuples(gaps_s, st.integers(1, 10_000), st.integers(0, 5)), min_size=1, max_size=80
)


def feed(events):
    entity = np.zeros(1, ENTITY)[0]
    for time_ns, amount, tag in events:
        windows_update(entity, time_ns, amount, np.uint32(tag))
    return entity


def score(entity, now_ns):
    count, amount = np.zeros(WINDOW_COUNT, np.float32), np.zeros(WINDOW_COUNT, np.float32)
    windows_score(entity, np.int64(now_ns), count, amount)
    return count, amount


def timeline(raw, order=None):
    time_ns = START_NS
    events = []
    for gap_s, amount, tag in raw:
        time_ns += gap_s * NS_PER_S
        events.append((time_ns, float(amount), tag))
    return events if order is None else [events[i] for i in order]


@given(raw=events_strategy, late_s=st.integers(0, 5_000_000))
@settings(max_examples=150)
def test_windows_equal_the_oracle_within_one_tile(raw, late_s):
    events = timeline(raw)
    now_ns = events[-1][0] + late_s * NS_PER_S
    count, _ = score(feed(events), now_ns)
    plain = [(t, a) for t, a, _ in events]
    for place, length_s in enumerate(WINDOWS_S):
        expected, _ = naive.window(plain, now_ns, length_s)
        bound = naive.window_error_bound(plain, now_ns, length_s)
        assert abs(count[place] - expected) <= bound + 1e-3, (length_s, count[place], expected)


@given(
    raw=st.lists(
        st.tuples(gaps_s, st.integers(1, 10_000), st.integers(0, 5)),
        min_size=1,
        max_size=RECENT_SIZE,
    ),
    data=st.data(),
)
@settings(max_examples=150)
def test_windows_of_recent_events_are_exact_in_any_order(raw, data):
    order = data.draw(st.permutations(range(len(raw))))
    events = timeline(raw, order)
    now_ns = max(t for t, _, _ in events)
    count, amount = score(feed(events), now_ns)
    expected = naive.windows([(t, a) for t, a, _ in events], now_ns)
    # Sums of whole numbers below 2^24 are exact in float32.
    assert [(int(c), float(a)) for c, a in zip(count, amount, strict=True)] == expected


@given(raw=events_strategy)
@settings(max_examples=50)
def test_distinct_tags_equal_the_oracle(raw):
    events = timeline(raw)
    entity = feed(events)
    now_ns = events[-1][0]
    for length_s in WINDOWS_S:
        got = distinct_tags(entity, np.int64(now_ns), np.int64(length_s * NS_PER_S))
        expected = naive.distinct([(t, g) for t, _, g in events], now_ns, length_s * NS_PER_S)
        assert got == expected


def test_window_edge_is_half_open():
    entity = feed([(START_NS, 5.0, 1)])
    length_ns = WINDOWS_S[0] * NS_PER_S
    assert score(entity, START_NS + length_ns - 1)[0][0] == 1.0
    assert score(entity, START_NS + length_ns)[0][0] == 0.0


def test_event_later_than_now_is_left_out():
    entity = feed([(START_NS + 1, 5.0, 1)])
    assert score(entity, START_NS)[0].tolist() == [0.0] * WINDOW_COUNT
    assert score(entity, START_NS + 1)[0].tolist() == [1.0] * WINDOW_COUNT


def test_empty_entity_has_empty_windows():
    count, amount = score(np.zeros(1, ENTITY)[0], START_NS)
    assert not count.any()
    assert not amount.any()


def test_full_ring_moves_the_oldest_event_to_the_tiles():
    events = [(START_NS + i, 1.0, i) for i in range(RECENT_SIZE + 1)]
    entity = feed(events)
    assert entity["evicted_count"] == 1
    assert score(entity, START_NS + RECENT_SIZE)[0].tolist() == [RECENT_SIZE + 1] * WINDOW_COUNT


def test_recent_extremes():
    entity = feed([(START_NS, 9.0, 1), (START_NS + 7_200 * NS_PER_S, 4.0, 1)])
    now_ns = np.int64(START_NS + 7_201 * NS_PER_S)
    assert recent_amount_extremes(entity, now_ns, np.int64(3_600 * NS_PER_S)) == (9.0, 4.0)
    assert recent_amount_extremes(np.zeros(1, ENTITY)[0], now_ns, np.int64(1)) == (0.0, 0.0)
