"""Files of labels: CSV with a line of names first, checked row by row."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import msgspec

from gateway.domain.outside_labels import FILE_ROWS_MAX
from gateway.errors import FieldFault
from gateway.rest.body import field_fault, was
from gateway.rest.body_list import fault_of, refuse
from gateway.rest.schemas.labels import NewLabel

REQUIRED = ("transaction_id", "value", "source", "known_time")
COLUMNS = (*REQUIRED, "reference")
_FIELDS = {field.name: field for field in msgspec.structs.fields(NewLabel)}
# Longest cell that is read; longer than any value that is allowed.
_MESSAGE_LENGTH_MAX = 100


def parse_file(raw: bytes) -> tuple[list[NewLabel], list[str]]:
    """Return the labels of a file, and the line that each ends on.

    UTF-8, separated by commas. `reference` may be missing, other columns are refused.

    Raises:
        InvalidArgumentError: it names every wrong cell by line and column; nothing is usable then.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise fault_of(
            "file", f"the file must be UTF-8: {error.reason} at byte {error.start}"
        ) from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = _rows(reader)
    _, header = next(rows, (1, []))
    names = [name.strip() for name in header]
    _require_columns(names)
    labels: list[NewLabel] = []
    places: list[str] = []
    faults: list[FieldFault] = []
    for line, cells in rows:
        if len(places) == FILE_ROWS_MAX:
            raise fault_of("file", f"the file must have at most {FILE_ROWS_MAX} rows")
        places.append(f"line {line}")
        if len(cells) != len(names):
            message = f"must have {len(names)} cells, has {len(cells)}"
            faults.append(FieldFault(f"line {line}", message))
            continue
        found = dict(zip(names, (cell.strip() for cell in cells), strict=True))
        label, wrong = _label(found)
        faults += [FieldFault(f"line {line}, {fault.field}", fault.message) for fault in wrong]
        if label is not None:
            labels.append(label)
    refuse(faults)
    if not labels:
        raise fault_of("file", "the file must have at least one row below the names")
    return labels, places


def _rows(reader: Any) -> Iterator[tuple[int, list[str]]]:
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise fault_of(f"line {reader.line_num}", f"not CSV: {error}") from error


def _require_columns(names: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in names]
    other = [name for name in names if name not in COLUMNS]
    if missing or other or len(set(names)) != len(names):
        raise fault_of(
            "line 1",
            f"the first line must name {', '.join(REQUIRED)} and may name reference, each once; "
            f"it named {', '.join(names)[:_MESSAGE_LENGTH_MAX] or 'nothing'}",
        )


def _label(found: dict[str, str]) -> tuple[NewLabel | None, list[FieldFault]]:
    values: dict[str, Any] = {}
    faults: list[FieldFault] = []
    for name, text in found.items():
        if name == "reference" and not text:
            continue
        field = _FIELDS[name]
        try:
            values[name] = msgspec.convert(text, field.type, strict=False)
        except msgspec.ValidationError as error:
            faults.append(field_fault(name, field.type, error, was(text)))
            continue
        if name == "known_time" and values[name] is None:
            faults.append(FieldFault(name, "known_time is required in a file"))
    return (None if faults else NewLabel(**values)), faults
