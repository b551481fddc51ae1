import pytest

from scoring_server.errors import ResourceExhaustedError
from scoring_server.journal.positions import SUBSCRIBERS_MAX, Positions


def test_lowest_of_all_subscribers_counts(tmp_path):
    positions = Positions(tmp_path / "positions.json", "j")
    assert positions.lowest == 0
    positions.confirm("gateway", 70)
    positions.confirm("archive", 40)
    assert positions.lowest == 40
    positions.confirm("archive", 90)
    assert positions.lowest == 70


def test_positions_outlive_the_process(tmp_path):
    Positions(tmp_path / "positions.json", "j").confirm("gateway", 70)
    assert Positions(tmp_path / "positions.json", "j").lowest == 70


def test_positions_of_another_journal_mean_nothing(tmp_path):
    Positions(tmp_path / "positions.json", "j").confirm("gateway", 70)
    assert Positions(tmp_path / "positions.json", "k").lowest == 0


def test_damaged_file_keeps_more_rather_than_less(tmp_path):
    (tmp_path / "positions.json").write_bytes(b"{")
    assert Positions(tmp_path / "positions.json", "j").lowest == 0


def test_subscriber_that_lost_its_data_may_go_back(tmp_path):
    positions = Positions(tmp_path / "positions.json", "j")
    positions.confirm("gateway", 70)
    positions.confirm("gateway", 7)
    assert positions.lowest == 7


def test_made_up_names_are_bounded(tmp_path):
    positions = Positions(tmp_path / "positions.json", "j")
    for number in range(SUBSCRIBERS_MAX):
        positions.confirm(f"subscriber-{number}", 1)
    with pytest.raises(ResourceExhaustedError):
        positions.confirm("one-more", 1)
    positions.confirm("subscriber-3", 2)


def test_position_that_cannot_be_stored_does_not_count(tmp_path):
    path = tmp_path / "folder" / "positions.json"
    path.parent.mkdir()
    positions = Positions(path, "j")
    path.parent.rmdir()
    with pytest.raises(OSError, match="No such file"):
        positions.confirm("gateway", 70)
    assert positions.lowest == 0
