"""Follows the folder of models: what is dropped there goes through the gate and becomes a shadow.

A shadow is harmless; the champion changes only when the file `champion` in the folder says so, with
`name/version` as its content. Each content is followed once, so that a later promotion or rollback
by a call stands.
"""

import threading
from pathlib import Path
from typing import NamedTuple

import structlog

from scoring_server.errors import ScoringError
from scoring_server.inference.deployment import Deployment
from scoring_server.inference.errors import ModelError
from scoring_server.inference.manifest import (
    GOLDEN_FILE,
    MANIFEST_FILE,
    MODEL_FILE,
    read_artifact_file,
)
from scoring_server.inference.repository import list_models, list_versions

_log = structlog.get_logger(__name__)

CHAMPION_FILE = "champion"
_CHAMPION_FILE_BYTES_MAX = 256
# Size and time of change of each file; None for one that is missing.
_Look = tuple[tuple[int, int] | None, ...]


class FoundVersion(NamedTuple):
    """A version in the folder.

    Attributes:
        name: of the model.
        version: of the model.
        fault: why the gate refused it since the server started; empty when it did not.
    """

    name: str
    version: str
    fault: str


class ModelWatch:
    """Looks at the folder again and again, in a thread of its own.

    Args:
        deployment: changes the slots.
        interval_s: time between two looks; 0 never looks.
    """

    def __init__(self, deployment: Deployment, interval_s: float) -> None:
        self._deployment = deployment
        self._interval_s = interval_s
        self._known = self._look()
        self._unsettled: dict[tuple[str, str], _Look] = {}
        self._faults: dict[tuple[str, str], str] = {}
        self._refused_wish = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="model-watch", daemon=True)

    def start(self) -> None:
        """Begin to look; what is there already is known."""
        if self._interval_s:
            self._thread.start()

    def stop(self) -> None:
        """Stop looking, once a check that runs has ended."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def found(self) -> list[FoundVersion]:
        """Return all versions in the folder, by name, lowest first."""
        return [FoundVersion(*key, self._faults.get(key, "")) for key in self._look()]

    def step(self) -> None:
        """Look once."""
        self._deployment.follow()
        looks = self._look()
        for key, look in looks.items():
            if self._known.get(key) == look:
                continue
            if self._unsettled.get(key) != look:
                # Perhaps still being copied: it is judged when it looks the same twice.
                self._unsettled[key] = look
                continue
            self._known[key] = look
            self._drop(*key)
        for gone in set(self._known) - set(looks):
            del self._known[gone]
            self._faults.pop(gone, None)
        self._follow_wish()

    def _run(self) -> None:
        while not self._stopping.wait(self._interval_s):
            try:
                self.step()
            except Exception:  # noqa: BLE001
                # A folder that cannot be read today may be readable tomorrow.
                _log.exception("model_watch_failed")

    def _drop(self, name: str, version: str) -> None:
        self._faults.pop((name, version), None)
        if self._deployment.slots.lineup.held(name, version) is not None:
            return
        try:
            self._deployment.set_shadow(name, version, on=True)
        except ScoringError as error:
            self._faults[name, version] = error.message
            _log.warning("model_refused", model=f"{name}/{version}", fault=error.message)

    def _follow_wish(self) -> None:
        deployment = self._deployment
        try:
            content = read_artifact_file(
                deployment.model_dir, CHAMPION_FILE, _CHAMPION_FILE_BYTES_MAX
            )
            wish = content.decode().strip()
        except (ModelError, UnicodeDecodeError):
            return
        if wish in (deployment.asked, self._refused_wish):
            return
        name, _, version = wish.partition("/")
        try:
            deployment.promote(name, version, asked=wish)
        except ScoringError as error:
            self._refused_wish = wish
            _log.warning("model_refused", model=wish, fault=error.message)

    def _look(self) -> dict[tuple[str, str], _Look]:
        model_dir = self._deployment.model_dir
        looks: dict[tuple[str, str], _Look] = {}
        for name in list_models(model_dir):
            try:
                versions = list_versions(model_dir, name)
            except ModelError:
                continue
            for version in versions:
                looks[name, version] = _look_at(model_dir / name / version)
        return looks


def _look_at(directory: Path) -> _Look:
    looks: list[tuple[int, int] | None] = []
    for name in (MANIFEST_FILE, MODEL_FILE, GOLDEN_FILE):
        try:
            status = (directory / name).lstat()
        except OSError:
            looks.append(None)
        else:
            looks.append((status.st_size, status.st_mtime_ns))
    return tuple(looks)
