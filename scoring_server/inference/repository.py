"""The folder of models: which names and versions there are, without trusting what lies there."""

import re
import stat
from pathlib import Path

from scoring_server.inference.errors import ModelError
from scoring_server.inference.manifest import is_identifier


def find_model(model_dir: Path, name: str, version: str = "") -> Path:
    """Return the folder of a model.

    Args:
        model_dir: folder that holds one folder a model; it may itself be a symbolic link.
        name: the model's folder.
        version: the version's folder; empty takes the highest, by number: 10 is higher than 9.

    Raises:
        ModelError: a name leaves the folder, there is no such model, or a folder below `model_dir`
            is a link.
    """
    for what, text in (("name", name), ("version", version or "1")):
        if not is_identifier(text):
            raise ModelError(
                f"a model's {what} must be 1 to 64 of A-Z a-z 0-9 . _ - and start with a letter or "
                f"digit, was {text!r}"
            )
    folder = model_dir / name
    versions = list_versions(model_dir, name)
    if not versions:
        raise ModelError(f"no model {name} in {model_dir}", reason="MODEL_MISSING")
    if version and version not in versions:
        raise ModelError(
            f"no version {version} of model {name} in {model_dir}, there is {', '.join(versions)}",
            reason="MODEL_MISSING",
        )
    return folder / (version or versions[-1])


def list_versions(model_dir: Path, name: str) -> list[str]:
    """Return the versions of a model, lowest first; empty when there is no such model.

    Raises:
        ModelError: the folder of the model or of a version is a symbolic link.
    """
    folder = model_dir / name
    if not _is_real_folder(folder):
        return []
    versions = [entry.name for entry in folder.iterdir() if is_identifier(entry.name)]
    return sorted((each for each in versions if _is_real_folder(folder / each)), key=_version_order)


def list_models(model_dir: Path) -> list[str]:
    """Return the names of the models in a folder: those with a version that has a manifest."""
    if not model_dir.is_dir():
        return []
    names = sorted(entry.name for entry in model_dir.iterdir() if is_identifier(entry.name))
    return [name for name in names if any((model_dir / name).glob("*/manifest.json"))]


def _is_real_folder(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    if stat.S_ISLNK(mode):
        raise ModelError(f"{path} must be a real folder, is a symbolic link")
    return stat.S_ISDIR(mode)


def _version_order(version: str) -> list[tuple[int, int, str]]:
    parts = re.findall(r"\d+|\D+", version)
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]
