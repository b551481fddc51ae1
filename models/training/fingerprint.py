"""A fingerprint of training data that depends on its values alone."""

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def fingerprint(tables: list[pa.Table]) -> str:
    """Return SHA-256 over the columns of canonical tables, 64 hexadecimal digits.

    Each column goes in by name, type, nulls and values, in the order of the table. How a table is
    cut into chunks, which file format it came from and the version of Arrow make no difference.
    """
    digest = hashlib.sha256()
    for table in tables:
        digest.update(f"table {table.num_rows}\n".encode())
        for name in table.column_names:
            column = table[name].combine_chunks()
            digest.update(f"column {name} {column.type}\n".encode())
            digest.update(np.packbits(column.is_null().to_numpy(zero_copy_only=False)).tobytes())
            digest.update(_values(column))
    return digest.hexdigest()


def _values(column: pa.Array) -> bytes:
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        filled = pc.fill_null(column, "")
        # The lengths keep "ab" + "c" apart from "a" + "bc".
        lengths: bytes = pc.binary_length(filled).to_numpy().astype("<i8").tobytes()
        return lengths + "".join(filled.to_pylist()).encode()
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    filled = pc.fill_null(column, 0).to_numpy(zero_copy_only=False)
    content: bytes = filled.astype(filled.dtype.newbyteorder("<")).tobytes()
    return content
