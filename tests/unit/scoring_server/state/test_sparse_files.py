import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring_server.state.sparse_files import checksum, copy_file

MIB = 1 << 20


def _sparse(path, size, pieces):
    with path.open("wb") as file:
        file.truncate(size)
        for position, content in pieces:
            file.seek(position)
            file.write(content)
    return path


def test_copy_has_the_same_bytes_and_the_same_holes(tmp_path):
    source = _sparse(tmp_path / "source", 64 * MIB, [(5 * MIB + 17, b"here"), (63 * MIB, b"end")])
    copy_file(source, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()
    assert (tmp_path / "copy").stat().st_blocks * 512 < MIB


def test_copy_never_overwrites(tmp_path):
    source = _sparse(tmp_path / "source", 10, [])
    with pytest.raises(FileExistsError):
        copy_file(source, source)


def test_zeros_that_were_written_count_like_a_hole(tmp_path):
    hole = _sparse(tmp_path / "hole", 4 * MIB, [(3 * MIB, b"x")])
    written = _sparse(tmp_path / "written", 4 * MIB, [(0, b"\0" * 2 * MIB), (3 * MIB, b"x")])
    assert checksum(hole) == checksum(written)


def test_longer_file_of_zeros_has_another_sum(tmp_path):
    assert checksum(_sparse(tmp_path / "a", MIB, [])) != checksum(
        _sparse(tmp_path / "b", MIB + 1, [])
    )


@settings(deadline=None, max_examples=60)
@given(
    pieces=st.lists(
        st.tuples(st.integers(0, 5 * MIB - 64), st.binary(min_size=1, max_size=64)), max_size=6
    ),
    position=st.integers(0, 5 * MIB - 1),
    flip=st.integers(1, 255),
)
def test_one_changed_byte_anywhere_changes_the_sum(tmp_path_factory, pieces, position, flip):
    path = _sparse(tmp_path_factory.mktemp("sum") / "file", 5 * MIB, pieces)
    before = checksum(path)
    with path.open("r+b") as file:
        byte = os.pread(file.fileno(), 1, position)[0]
        os.pwrite(file.fileno(), bytes([byte ^ flip]), position)
    assert checksum(path) != before
