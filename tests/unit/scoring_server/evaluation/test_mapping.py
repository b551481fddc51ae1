"""A file of any shape becomes the canonical table, or the message says what to change."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from scoring_server.errors import InvalidArgumentError
from scoring_server.evaluation.mapping import load_transactions

HANDBOOK_ROWS = {
    "transaction_id": pa.array([0, 1, 2], pa.int32()),
    "event_time": pa.array(
        [1_522_540_831_000, 1_522_540_800_000, 1_522_627_200_000],
        pa.timestamp("ms"),
    ),
    "customer_id": pa.array([596, 4961, 2], pa.int16()),
    "terminal_id": pa.array([3156, 3412, 1365], pa.int16()),
    "amount": pa.array([57.16, 81.51, 146.0]),
    "label": pa.array([0, 1, 0], pa.int8()),
    "scenario": pa.array([0, 2, 0], pa.int8()),
}


def write(path: Path, columns: dict[str, Any]) -> Path:
    parquet.write_table(pa.table(columns), path)
    return path


def mapping_file(path: Path, mapping: dict[str, Any]) -> str:
    path.write_text(json.dumps(mapping))
    return str(path)


def test_published_file_is_recognised_and_sorted_by_event_time(tmp_path: Path) -> None:
    table = load_transactions(write(tmp_path / "t.parquet", HANDBOOK_ROWS))
    assert table.to_pylist()[0] == {
        "transaction_id": "1",
        "event_time": datetime(2018, 4, 1, tzinfo=UTC),
        "account_id": "4961",
        "terminal_id": "3412",
        "amount_minor": 8151,
        "currency": "EUR",
        "label": 1,
        "scenario": "2",
    }
    assert table["transaction_id"].to_pylist() == ["1", "0", "2"]


def test_limit_keeps_the_earliest_transactions(tmp_path: Path) -> None:
    table = load_transactions(write(tmp_path / "t.parquet", HANDBOOK_ROWS), "handbook", 2)
    assert table["transaction_id"].to_pylist() == ["1", "0"]


def test_equal_times_keep_the_order_of_the_file(tmp_path: Path) -> None:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    count = 500
    path = write(
        tmp_path / "t.parquet",
        {
            "transaction_id": [f"t{number}" for number in range(count)],
            "event_time": [moment] * (count - 1) + [datetime(2026, 1, 1, tzinfo=UTC)],
            "account_id": ["a"] * count,
            "amount_minor": [1] * count,
            "currency": ["EUR"] * count,
        },
    )
    ids = load_transactions(path)["transaction_id"].to_pylist()
    assert ids == [f"t{count - 1}", *(f"t{number}" for number in range(count - 1))]


def test_csv_with_own_columns_is_mapped_by_a_json_file(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(
        "id,at,card,sum,how,lat\nx1,1700000000,c1,12.5,ecom,\nx2,1700000001,c2,0.01,POS,1.5\n"
    )
    mapping = mapping_file(
        tmp_path / "m.json",
        {
            "columns": {
                "transaction_id": "id",
                "event_time": "at",
                "account_id": "card",
                "amount_minor": "sum",
                "channel": "how",
                "latitude_deg": "lat",
            },
            "constants": {"currency": "BHD", "country": "BH", "mcc": 5411},
            "amount_unit": "major",
            "time_unit": "s",
        },
    )
    first, second = load_transactions(path, mapping).to_pylist()
    assert first["event_time"] == datetime.fromtimestamp(1_700_000_000, UTC)
    assert (first["amount_minor"], first["currency"], first["channel"]) == (12_500, "BHD", 2)
    assert (first["latitude_deg"], second["latitude_deg"]) == (None, 1.5)
    assert (second["channel"], second["country"], second["mcc"]) == (1, "BH", 5411)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05+02:00", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ("2026-01-02 03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ],
)
def test_text_times_are_utc_unless_they_say_otherwise(
    tmp_path: Path, text: str, expected: datetime
) -> None:
    path = write(
        tmp_path / "t.parquet",
        {
            "transaction_id": ["t"],
            "event_time": [text],
            "account_id": ["a"],
            "amount_minor": [5],
            "currency": ["EUR"],
        },
    )
    assert load_transactions(path)["event_time"].to_pylist() == [expected]


def test_canonical_table_survives_a_round_trip(tmp_path: Path) -> None:
    table = load_transactions(write(tmp_path / "t.parquet", HANDBOOK_ROWS))
    parquet.write_table(table, tmp_path / "again.parquet")
    csv.write_csv(table, tmp_path / "again.csv")
    assert load_transactions(tmp_path / "again.parquet").equals(table)
    assert load_transactions(tmp_path / "again.csv", "canonical").equals(table)


@pytest.mark.parametrize(
    ("mapping", "needle"),
    [
        ({"columns": {"transaction_id": "transaction_id"}}, "account_id is not mapped"),
        ({"columns": {"account": "customer_id"}}, "account is no canonical column"),
        (
            {"columns": {"account_id": "client"}},
            "account_id should come from column client, which is not in the file",
        ),
        ({"colums": {}}, "colums"),
        ({"columns": {}, "amount_unit": "pounds"}, "pounds"),
        (
            {"columns": {"label": "label"}, "constants": {"label": 1}},
            "label is both a column and a constant",
        ),
    ],
)
def test_faulty_mapping_file_is_explained(
    tmp_path: Path, mapping: dict[str, Any], needle: str
) -> None:
    path = write(tmp_path / "t.parquet", HANDBOOK_ROWS)
    with pytest.raises(InvalidArgumentError, match=needle):
        load_transactions(path, mapping_file(tmp_path / "m.json", mapping))


def test_unknown_columns_are_listed(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="Columns found: colour"):
        load_transactions(write(tmp_path / "t.parquet", {"colour": ["red"]}))


@pytest.mark.parametrize(
    ("column", "values", "needle"),
    [
        ("amount", pa.array([57.16, 81.514, 146.0]), "row 1 has .*81.514"),
        ("amount", pa.array([57.16, float("nan"), 146.0]), "row 1 has .*nan"),
        ("customer_id", pa.array([1, None, 2]), "every transaction needs account_id, 1 have none"),
        ("event_time", pa.array(["yesterday"] * 3), "column event_time cannot be used"),
    ],
)
def test_value_that_does_not_fit_is_named(
    tmp_path: Path, column: str, values: pa.Array, needle: str
) -> None:
    path = write(tmp_path / "t.parquet", {**HANDBOOK_ROWS, column: values})
    with pytest.raises(InvalidArgumentError, match=needle):
        load_transactions(path, "handbook")


@pytest.mark.parametrize("name", ["missing.csv", "t.xlsx", "broken.parquet"])
def test_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    if name != "missing.csv":
        (tmp_path / name).write_text("no table")
    with pytest.raises(InvalidArgumentError, match=name):
        load_transactions(tmp_path / name)


def test_trades_are_recognised(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.parquet",
        {
            "transaction_id": ["t"],
            "event_time": [datetime(2026, 1, 1, tzinfo=UTC)],
            "account_id": ["a"],
            "instrument_id": ["XS1"],
            "side": ["sell"],
            "price_nanos": [1_500_000_000],
            "quantity_micros": [10_000_000],
            "currency": ["USD"],
        },
    )
    assert load_transactions(path)["side"].to_pylist() == [2]
