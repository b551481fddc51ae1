"""Files of labels are read whole or refused with every wrong cell named."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.enumerations import LabelSource, LabelValue
from gateway.errors import InvalidArgumentError
from gateway.rest import label_file
from gateway.rest.body_list import FAULTS_SHOWN_MAX
from gateway.rest.label_file import parse_file

HEAD = "transaction_id,value,source,known_time,reference\n"
ROW = "tx-{},FRAUD,CHARGEBACK,2026-02-09T14:32:18Z,\n"


def faults_of(text: str | bytes) -> dict[str, str]:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_file(text if isinstance(text, bytes) else text.encode())
    return {fault.field: fault.message for fault in caught.value.faults}


def test_a_good_file_is_read_with_its_lines() -> None:
    text = (
        "\ufeffreference , known_time,source,value,transaction_id\r\n"
        '\r\n"CB-1",2026-02-09T15:32:18+01:00,CHARGEBACK,FRAUD,tx-1\r\n'
        ",2026-02-09T14:32:18Z, CUSTOMER ,WITHDRAWN,tx-2"
    )
    labels, places = parse_file(text.encode())
    assert places == ["line 3", "line 4"]
    assert [label.reference for label in labels] == ["CB-1", None]
    assert labels[0].known_time == datetime(2026, 2, 9, 14, 32, 18, tzinfo=UTC)
    assert (labels[1].value, labels[1].source) == (LabelValue.WITHDRAWN, LabelSource.CUSTOMER)


def test_every_wrong_cell_is_named_by_line_and_column() -> None:
    found = faults_of(
        HEAD
        + ROW.format(1)
        + "tx 2,FRAUDULENT,CHARGEBACK,2026-02-09,\n"
        + "tx-3,FRAUD\n"
        + "tx-4,FRAUD,ANALYST,2026-02-09T14:32:18,a b\n"
        + ",FRAUD,OTHER,,\n"
    )
    assert list(found) == [
        "line 3, transaction_id",
        "line 3, value",
        "line 3, known_time",
        "line 4",
        "line 5, source",
        "line 5, known_time",
        "line 5, reference",
        "line 6, transaction_id",
        "line 6, known_time",
    ]
    assert found["line 3, value"] == (
        "value must be one of FRAUD, LEGITIMATE, WITHDRAWN, was 'FRAUDULENT'"
    )
    assert "CHARGEBACK, CUSTOMER, OTHER" in found["line 5, source"]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "line 1"),
        ("transaction_id,value\n", "line 1"),
        (HEAD.replace("reference", "amount"), "line 1"),
        (HEAD.replace("reference", "value"), "line 1"),
        (HEAD, "file"),
        (HEAD + '"tx-1\n', "line 2"),
        (b"\xff\xfe", "file"),
        (HEAD.encode() + b"tx-1\x00,FRAUD,OTHER,2026-02-09T14:32:18Z,\n", "line 2, transaction_id"),
    ],
)
def test_what_is_no_such_file_is_refused(text: str | bytes, field: str) -> None:
    assert list(faults_of(text)) == [field]


def test_rows_and_named_faults_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    many = HEAD + "".join("?,FRAUD,OTHER,2026-02-09T14:32:18Z,\n" for _ in range(150))
    assert len(faults_of(many)) == FAULTS_SHOWN_MAX
    monkeypatch.setattr(label_file, "FILE_ROWS_MAX", 3)
    good = "".join(ROW.format(number) for number in range(4))
    assert faults_of(HEAD + good) == {"file": "the file must have at most 3 rows"}


@given(raw=st.binary(max_size=200), head=st.booleans())
def test_any_bytes_are_read_or_refused(raw: bytes, head: bool) -> None:
    with suppress(InvalidArgumentError):
        labels, places = parse_file(HEAD.encode() * head + raw)
        assert len(labels) == len(places) > 0
