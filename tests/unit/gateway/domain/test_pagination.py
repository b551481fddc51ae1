from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.pagination import (
    Position,
    decode_cursor,
    decode_time_cursor,
    encode_cursor,
    encode_time_cursor,
)
from gateway.errors import InvalidArgumentError


@given(
    st.one_of(
        st.tuples(st.just("timestamp"), st.datetimes(timezones=st.just(UTC))),
        st.tuples(st.just("risk_score"), st.floats(allow_nan=False, allow_infinity=False)),
    ),
    # No id has a NUL in it: PostgreSQL cannot hold one.
    st.text(max_size=64).filter(lambda text: "\0" not in text),
    st.booleans(),
)
def test_cursor_holds_its_position(
    key: tuple[str, float | datetime], row_id: str, is_open: bool
) -> None:
    position = Position(key[0], key[1], row_id, is_open)
    assert decode_cursor(encode_cursor(position), key[0]) == position


def test_cursor_of_another_order_is_refused() -> None:
    cursor = encode_cursor(Position("risk_score", 1.0, "a"))
    with pytest.raises(InvalidArgumentError):
        decode_cursor(cursor, "priority")


@given(st.text(max_size=80))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    try:
        decode_cursor(text, "timestamp")
    except InvalidArgumentError as refused:
        assert refused.faults[0].field == "cursor"  # noqa: PT017 - both outcomes are fine


@given(st.datetimes(timezones=st.just(UTC)), st.text(st.characters(exclude_characters="\0")))
def test_time_cursor_holds_its_place_and_is_refused_by_other_lists(
    time: datetime, row_id: str
) -> None:
    cursor = encode_time_cursor("feedback", time, row_id)
    assert decode_time_cursor(cursor, "feedback") == (time, row_id)
    with pytest.raises(InvalidArgumentError):
        decode_time_cursor(cursor, "transactions")
    with pytest.raises(InvalidArgumentError):
        decode_cursor(cursor, "timestamp")


@given(st.text(max_size=80))
def test_any_text_is_a_time_cursor_or_refused(text: str) -> None:
    try:
        decode_time_cursor(text, "feedback")
    except InvalidArgumentError as refused:
        assert refused.faults[0].field == "cursor"  # noqa: PT017 - both outcomes are fine


@pytest.mark.parametrize(
    ("time", "row_id"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None), "a"),
        (datetime(2026, 1, 1, tzinfo=UTC), "a\0"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))), "a"),
    ],
)
def test_time_cursor_that_no_page_gave_is_refused(time: datetime, row_id: str) -> None:
    with pytest.raises(InvalidArgumentError):
        decode_time_cursor(encode_time_cursor("feedback", time, row_id), "feedback")
