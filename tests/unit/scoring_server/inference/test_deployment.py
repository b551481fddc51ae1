"""Changing slots: gate first, one lineup at a time, the same after a restart."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scoring_server.errors import InvalidArgumentError, UnavailableError
from scoring_server.inference.deployment import SHADOWS_MAX, Deployment, open_deployment
from scoring_server.inference.errors import ModelError
from scoring_server.inference.model_slots import bucket_of
from scoring_server.inference.model_watch import ModelWatch
from scoring_server.kernels.dtypes import TRANSACTION


@pytest.fixture
def model_dir(make_artifact: Any) -> Path:
    """Return a folder with the versions 1, 2 and 3 of one model."""
    for version in ("1", "2", "3"):
        directory = make_artifact("m", version).directory
    return directory.parent.parent


@pytest.fixture
def opened(model_dir: Path, tmp_path: Path) -> Deployment:
    (tmp_path / "data").mkdir()
    return reopened(model_dir, tmp_path)


def reopened(model_dir: Path, tmp_path: Path, version: str = "1") -> Deployment:
    deployment = open_deployment(model_dir, tmp_path / "data", ("m", version))
    deployment.check = lambda _: None
    return deployment


def in_use(deployment: Deployment) -> list[str]:
    return [f"{role} {model.identity.version}" for role, model in deployment.slots.all()]


def test_promotion_keeps_the_one_before_and_rollback_returns_to_it(opened: Deployment) -> None:
    opened.promote("m", "2")
    assert in_use(opened) == ["champion 2", "previous 1"]
    opened.promote("m", "2")
    assert in_use(opened) == ["champion 2", "previous 1"]
    opened.rollback()
    assert in_use(opened) == ["champion 1", "previous 2"]
    opened.rollback()
    assert in_use(opened) == ["champion 2", "previous 1"]


def test_promoted_canary_or_shadow_leaves_its_other_role(opened: Deployment) -> None:
    opened.set_canary("m", "2", 10.0)
    opened.set_shadow("m", "3", on=True)
    assert in_use(opened) == ["champion 1", "canary 2", "shadow 3"]
    opened.promote("m", "3")
    assert in_use(opened) == ["champion 3", "canary 2", "previous 1"]
    opened.promote("m", "2")
    assert in_use(opened) == ["champion 2", "previous 3"]
    assert opened.slots.lineup.canary_pct == 0.0


def test_slots_survive_a_restart(opened: Deployment, model_dir: Path, tmp_path: Path) -> None:
    opened.promote("m", "2")
    opened.set_canary("m", "3", 12.5)
    again = reopened(model_dir, tmp_path)
    assert in_use(again) == ["champion 2", "canary 3", "previous 1"]
    assert again.slots.lineup.canary_pct == 12.5


def test_another_configuration_makes_the_record_void(
    opened: Deployment, model_dir: Path, tmp_path: Path
) -> None:
    opened.promote("m", "2")
    assert in_use(reopened(model_dir, tmp_path, version="3")) == ["champion 3"]


def test_champion_that_was_changed_on_disk_is_no_surprise_after_a_restart(
    opened: Deployment, model_dir: Path, tmp_path: Path
) -> None:
    opened.promote("m", "2")
    manifest = model_dir / "m" / "2" / "manifest.json"
    content = json.loads(manifest.read_text())
    content["sha256"] = "0" * 64
    manifest.write_text(json.dumps(content))
    again = reopened(model_dir, tmp_path)
    assert in_use(again) == ["previous 1"]
    assert "copy the artifact anew" in again.slots.fault


def test_what_cannot_be_recorded_is_not_used(
    opened: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("scoring_server.inference.slot_file.write_durably", full)
    with pytest.raises(UnavailableError, match="No space left"):
        opened.promote("m", "2")
    assert in_use(opened) == ["champion 1"]


def test_refused_changes_change_nothing(opened: Deployment) -> None:
    with pytest.raises(ModelError, match="no version 9 of model m"):
        opened.promote("m", "9")
    with pytest.raises(ModelError, match="must be 1 to 64 of"):
        opened.promote("../m", "1")
    with pytest.raises(ModelError, match="no previous model"):
        opened.rollback()
    with pytest.raises(ModelError, match="its own canary"):
        opened.set_canary("m", "1", 5.0)
    with pytest.raises(ModelError, match="its own shadow"):
        opened.set_shadow("m", "1", on=True)
    for pct in (-1.0, 100.5, float("nan")):
        with pytest.raises(InvalidArgumentError, match=r"canary_pct must be 0\.\.100"):
            opened.set_canary("m", "2", pct)
    assert in_use(opened) == ["champion 1"]


def test_shadows_are_bounded(opened: Deployment, make_artifact: Any) -> None:
    for number in range(SHADOWS_MAX):
        make_artifact("s", str(number))
        opened.set_shadow("s", str(number), on=True)
    with pytest.raises(ModelError, match="at most 8 shadows"):
        opened.set_shadow("m", "2", on=True)
    opened.set_shadow("s", "0", on=False)
    opened.set_shadow("m", "2", on=True)
    assert "shadow 2" in in_use(opened)


def test_canary_takes_its_share_of_accounts_and_always_the_same(opened: Deployment) -> None:
    rows = np.zeros(20_000, TRANSACTION)
    rows["account_key"] = np.random.default_rng(1).integers(0, 2**63, len(rows), dtype=np.uint64)
    assert opened.slots.lineup.for_canary(rows) is None
    at = {}
    for pct in (5.0, 20.0, 100.0):
        opened.set_canary("m", "2", pct)
        at[pct] = opened.slots.lineup.for_canary(rows)
        assert abs(at[pct].mean() - pct / 100) < 0.01
    assert (at[5.0] <= at[20.0]).all()
    assert at[100.0].all()
    assert opened.slots.lineup.scoring(rows[:1]).identity.version == "2"


def test_bucket_of_an_account_never_changes() -> None:
    # The first is that of the published generator: SplitMix64 gives 0xe220a8397b1dcdaf for 0.
    keys = np.array([0, 1, 2**63, 2**64 - 1], np.uint64)
    assert bucket_of(keys).tolist() == [7535, 2465, 3915, 3936]


def test_dropped_model_becomes_a_shadow_once_it_is_whole(
    opened: Deployment, make_artifact: Any
) -> None:
    watch = ModelWatch(opened, 0)
    watch.step()
    artifact = make_artifact("m", "4")
    watch.step()
    assert in_use(opened) == ["champion 1"]
    watch.step()
    assert in_use(opened) == ["champion 1", "shadow 4"]
    assert [each.fault for each in watch.found()] == [""] * 4
    artifact.directory.rename(artifact.directory.with_name("5"))
    watch.step()
    watch.step()
    assert "names m/4 and lies in m/5" in watch.found()[-1].fault
    assert in_use(opened) == ["champion 1", "shadow 4"]


def test_champion_file_is_followed_once(opened: Deployment, model_dir: Path) -> None:
    watch = ModelWatch(opened, 0)
    (model_dir / "champion").write_text("m/2\n")
    watch.step()
    assert in_use(opened) == ["champion 2", "previous 1"]
    opened.rollback()
    watch.step()
    assert in_use(opened) == ["champion 1", "previous 2"]
    (model_dir / "champion").write_text("m/3\n")
    watch.step()
    assert in_use(opened) == ["champion 3", "previous 1"]
    (model_dir / "champion").write_text("../../etc")
    watch.step()
    assert in_use(opened) == ["champion 3", "previous 1"]


def test_what_another_process_recorded_is_followed(
    opened: Deployment, model_dir: Path, tmp_path: Path
) -> None:
    other = reopened(model_dir, tmp_path)
    watch = ModelWatch(other, 0)
    opened.promote("m", "3")
    watch.step()
    assert in_use(other) == ["champion 3", "previous 1"]
