import csv
import io
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rest.csv_export import cell, lines

_TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))


@given(st.lists(st.lists(_TEXTS, min_size=2, max_size=4), max_size=5))
def test_rows_come_back_as_they_were_but_for_formulas(rows: list[list[str]]) -> None:
    text = lines(rows).decode()
    read = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert read == [[cell(each) for each in row] for row in rows]
    for given_row, row in zip(rows, read, strict=True):
        for before, after in zip(given_row, row, strict=True):
            assert after in {before, "'" + before}
            assert not after.startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (True, "true"),
        (-1.5, "-1.5"),
        (
            datetime(2026, 2, 9, 15, 32, 18, tzinfo=timezone(timedelta(hours=1))),
            "2026-02-09T14:32:18Z",
        ),
        (datetime(2026, 2, 9, 14, 32, 18, 5, tzinfo=UTC), "2026-02-09T14:32:18.000005Z"),
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("\tx", "'\tx"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_values_are_shown_plainly(value: object, shown: str) -> None:
    assert cell(value) == shown


def test_lines_end_with_both_characters_and_quotes_are_doubled() -> None:
    assert lines([['a"b', "c\nd", "e,f", "Zoë 😀"]]) == '"a""b","c\nd","e,f",Zoë 😀\r\n'.encode()
