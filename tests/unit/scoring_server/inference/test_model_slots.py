"""Finding models in a folder, and going on without one."""

from pathlib import Path
from typing import Any

import pytest

from scoring_server.inference.artifact import load_model
from scoring_server.inference.errors import ModelError
from scoring_server.inference.manifest import manifest_schema
from scoring_server.inference.model_slots import Lineup, open_models
from scoring_server.inference.repository import find_model, list_models, list_versions


def test_highest_version_by_number_becomes_champion(make_artifact: Any) -> None:
    for version in ("2", "10", "9"):
        directory = make_artifact("m", version).directory
    slots = open_models(directory.parent.parent, "m")
    assert slots.fault == ""
    assert slots.champion is not None
    assert slots.champion.identity.version == "10"
    assert slots.all() == [("champion", slots.champion)]


def test_versions_are_ordered_by_their_numbers(make_artifact: Any) -> None:
    for version in ("1.10", "1.9", "1.10-rc1", "beta", "2"):
        directory = make_artifact("m", version).directory
    model_dir = directory.parent.parent
    assert list_versions(model_dir, "m") == ["beta", "1.9", "1.10", "1.10-rc1", "2"]


def test_version_is_taken_by_name(make_artifact: Any) -> None:
    directory = make_artifact("m", "1").directory
    make_artifact("m", "2")
    champion = open_models(directory.parent.parent, "m", "1").champion
    assert champion is not None
    assert champion.identity.version == "1"


def test_missing_folder_leaves_no_champion_and_says_why(tmp_path: Path) -> None:
    slots = open_models(tmp_path / "nothing")
    assert slots.champion is None
    assert slots.all() == []
    assert "no model default" in slots.fault


def test_missing_version_names_those_there_are(make_artifact: Any) -> None:
    directory = make_artifact("m", "1").directory
    assert "there is 1" in open_models(directory.parent.parent, "m", "7").fault


def test_broken_highest_version_is_not_replaced_by_an_older_one(make_artifact: Any) -> None:
    directory = make_artifact("m", "1").directory
    (make_artifact("m", "2").directory / "model.onnx").write_bytes(b"x")
    slots = open_models(directory.parent.parent, "m")
    assert slots.champion is None
    assert "SHA-256" in slots.fault


@pytest.mark.parametrize("name", ["..", "a/b", "", ".hidden", "x" * 65])
def test_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="a model's name must be"):
        find_model(tmp_path, name)


def test_version_that_leaves_the_folder_is_refused(make_artifact: Any) -> None:
    directory = make_artifact("m", "1").directory
    with pytest.raises(ModelError, match="a model's version must be"):
        find_model(directory.parent.parent, "m", "../m/1")


@pytest.mark.parametrize("level", ["name", "version"])
def test_folder_that_is_a_link_is_refused(make_artifact: Any, level: str) -> None:
    directory: Path = make_artifact("m", "1").directory
    folder = directory.parent if level == "name" else directory
    elsewhere = directory.parent.parent.parent / "elsewhere"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    slots = open_models(directory.parent.parent, "m")
    assert slots.champion is None
    assert "symbolic link" in slots.fault


def test_model_dir_itself_may_be_a_link(make_artifact: Any, tmp_path: Path) -> None:
    model_dir = make_artifact("m", "1").directory.parent.parent
    link = tmp_path / "link"
    link.symlink_to(model_dir)
    assert open_models(link, "m").champion is not None


def test_list_models_takes_folders_with_an_artifact_only(make_artifact: Any) -> None:
    model_dir = make_artifact("b", "1").directory.parent.parent
    make_artifact("a", "1")
    (model_dir / "training").mkdir()
    assert list_models(model_dir) == ["a", "b"]
    assert list_models(model_dir / "none") == []


def test_all_names_every_role_champion_first(artifact: Any) -> None:
    model = load_model(artifact.directory)
    lineup = Lineup(champion=model, canary=model, shadows=(model,), previous=model)
    assert [role for role, _ in lineup.all()] == ["champion", "canary", "shadow", "previous"]


def test_schema_names_every_required_field() -> None:
    required = manifest_schema()["$defs"]["Manifest"]["required"]
    assert {"name", "version", "sha256", "opset", "features", "threshold"} <= set(required)
