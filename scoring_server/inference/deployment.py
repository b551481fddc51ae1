"""Changes what is in the slots: gate first, then the record on disk, then the lineup, whole.

A refused model changes nothing. Callers of any thread and any worker are taken one at a time; who
scores is never held up.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import structlog

from scoring_server.errors import FieldViolation, InvalidArgumentError
from scoring_server.file_lock import FileLock
from scoring_server.inference.apart import check_apart
from scoring_server.inference.artifact import load_model, read_files
from scoring_server.inference.errors import ModelError
from scoring_server.inference.model_slots import Lineup, ModelSlots, open_models
from scoring_server.inference.onnx_model import OnnxModel
from scoring_server.inference.repository import find_model
from scoring_server.inference.slot_file import (
    SLOT_FILE,
    Held,
    SlotRecord,
    read_slots,
    record_of,
    write_slots,
)

_log = structlog.get_logger(__name__)

# Chosen by us: each takes memory, and time of a core for every transaction.
SHADOWS_MAX = 8
_PCT_MAX = 100.0


class Deployment:
    """The slots of one server, and the ways to change them.

    Args:
        slots: what is in use.
        model_dir: folder that holds one folder a model.
        file: where the slots are recorded.
        configured: name and version of the configuration.
        check: passes an artifact through the gate before it is loaded here.
    """

    def __init__(
        self,
        slots: ModelSlots,
        model_dir: Path,
        file: Path,
        configured: tuple[str, str],
        check: Callable[[Path], None] = check_apart,
    ) -> None:
        self.slots = slots
        self.model_dir = model_dir
        self._file = file
        self._configured = configured
        self.check = check
        self._lock = FileLock(file.with_suffix(".lock"))
        self._generation = 0
        self._listeners: list[Callable[[Lineup], None]] = []
        self.asked = ""

    def on_change(self, listener: Callable[[Lineup], None]) -> None:
        """Call a listener with each new lineup, and now with the present one."""
        self._listeners.append(listener)
        listener(self.slots.lineup)

    def restore(self) -> bool:
        """Put in use what the record says, and return whether it says anything.

        It does not without a record, or when that was written with another configuration. A
        champion that is gone or was changed leaves its slot empty, with the fault: what is in use
        must never be a surprise.
        """
        record = read_slots(self._file)
        if record is None or record.configured != self._configured:
            return False
        with self._lock:
            self._adopt(record)
        return True

    def follow(self) -> None:
        """Put in use what another process has recorded since."""
        with self._turn():
            pass

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Hold the slots of all workers; what another has recorded is in use within."""
        with self._lock:
            record = read_slots(self._file)
            if record is not None and record.generation > self._generation:
                if record.configured == self._configured:
                    self._adopt(record)
                # One of another configuration says nothing; what is written next comes after it.
                self._generation = record.generation
            yield

    def promote(self, name: str, version: str, asked: str | None = None) -> Lineup:
        """Make a model champion; the one before becomes `previous`. Safe to repeat.

        Args:
            name: of the model.
            version: of the model.
            asked: content of the file that asks for it; None when a call does.

        Raises:
            ModelError: there is no such model, or the gate refuses it.
            UnavailableError: it cannot be recorded.
        """
        with self._turn():
            lineup = self.slots.lineup.promoted(self._loaded(name, version))
            return self._put(lineup, "promoted", f"{name}/{version}", asked)

    def rollback(self) -> Lineup:
        """Make the previous champion champion again, and the present one previous.

        Raises:
            ModelError: there is no previous one.
        """
        with self._turn():
            lineup = self.slots.lineup
            if lineup.previous is None:
                raise ModelError(
                    "there is no previous model to go back to; promote one by name and version",
                    reason="MODEL_NO_PREVIOUS",
                )
            identity = lineup.previous.identity
            what = f"{identity.name}/{identity.version}"
            return self._put(lineup.promoted(lineup.previous), "rolled_back", what)

    def set_canary(self, name: str, version: str, pct: float) -> Lineup:
        """Let a model score a share of the accounts in place of the champion; 0 ends that.

        Raises:
            InvalidArgumentError: `pct` is not 0 to 100.
            ModelError: there is no such model, it is the champion, or the gate refuses it.
        """
        if not 0.0 <= pct <= _PCT_MAX:
            text = f"must be 0..100, was {pct:g}"
            raise InvalidArgumentError(
                f"canary_pct {text}", violations=(FieldViolation("canary_pct", text),)
            )
        with self._turn():
            model = self._loaded(name, version)
            lineup = self.slots.lineup
            self._refuse_champion(model, "canary")
            rest = lineup.without(model)
            if pct == 0.0:
                return self._put(rest, "canary_ended", f"{name}/{version}")
            lineup = replace(rest, canary=model, canary_pct=pct)
            return self._put(lineup, "canary_set", f"{name}/{version} at {pct:g} %")

    def set_shadow(self, name: str, version: str, *, on: bool) -> Lineup:
        """Compare a model with the champion on all transactions, or stop that.

        Raises:
            ModelError: there is no such model, it is the champion, there are too many, or the gate
                refuses it.
        """
        with self._turn():
            lineup = self.slots.lineup
            if not on:
                model = lineup.held(name, version)
                if model is None:
                    return lineup
                shadows = tuple(each for each in lineup.shadows if each is not model)
                lineup = replace(lineup, shadows=shadows)
                return self._put(lineup, "shadow_ended", f"{name}/{version}")
            model = self._loaded(name, version)
            self._refuse_champion(model, "shadow")
            rest = lineup.without(model)
            if len(rest.shadows) >= SHADOWS_MAX:
                raise ModelError(
                    f"there must be at most {SHADOWS_MAX} shadows; end one of them first",
                    reason="MODEL_TOO_MANY",
                )
            lineup = replace(rest, shadows=(*rest.shadows, model))
            return self._put(lineup, "shadow_set", f"{name}/{version}")

    def _refuse_champion(self, model: OnnxModel, role: str) -> None:
        if model is self.slots.champion:
            identity = model.identity
            raise ModelError(
                f"{identity.name}/{identity.version} is the champion and cannot be its own {role}",
                reason="MODEL_IS_CHAMPION",
            )

    def _loaded(self, name: str, version: str) -> OnnxModel:
        held = self.slots.lineup.held(name, version)
        if held is not None:
            return held
        if not version:
            raise ModelError("version must be given", reason="MODEL_MISSING")
        directory = find_model(self.model_dir, name, version)
        # What is wrong with the files alone needs no other process.
        read_files(directory)
        self.check(directory)
        return load_model(directory)

    def _put(self, lineup: Lineup, event: str, what: str, asked: str | None = None) -> Lineup:
        """Record a lineup and use it. Called by who has the lock."""
        asked = self.asked if asked is None else asked
        if lineup != self.slots.lineup or asked != self.asked:
            generation = self._generation + 1
            write_slots(self._file, record_of(lineup, generation, self._configured, asked))
            self._generation, self.asked = generation, asked
            self._use(lineup)
            _log.info("models_changed", change=event, model=what, generation=generation)
        return lineup

    def _use(self, lineup: Lineup, fault: str = "") -> None:
        self.slots.lineup, self.slots.fault = lineup, fault
        for listener in self._listeners:
            listener(lineup)

    def _adopt(self, record: SlotRecord) -> None:
        faults: dict[str, str] = {}

        def loaded(held: Held | None) -> OnnxModel | None:
            if held is None:
                return None
            try:
                return self._same(held)
            except ModelError as error:
                what = f"{held.name}/{held.version}"
                _log.error("recorded_model_refused", model=what, fault=error.message)
                faults[what] = error.message
                return None

        champion, canary = loaded(record.champion), loaded(record.canary)
        shadows = tuple(model for each in record.shadows if (model := loaded(each)) is not None)
        lineup = Lineup(
            champion=champion,
            canary=canary,
            canary_pct=record.canary_pct if canary else 0.0,
            shadows=shadows,
            previous=loaded(record.previous),
        )
        self._generation, self.asked = record.generation, record.asked
        self._use(lineup, "" if champion else next(iter(faults.values()), "no champion recorded"))

    def _same(self, held: Held) -> OnnxModel:
        model = self.slots.lineup.held(held.name, held.version)
        model = model or load_model(find_model(self.model_dir, held.name, held.version))
        if model.identity.sha256 != held.sha256:
            raise ModelError(
                f"{held.name}/{held.version} was changed since it was put in use; give what was "
                "changed a version of its own, or promote this one again"
            )
        return model


def open_deployment(model_dir: Path, data_dir: Path, configured: tuple[str, str]) -> Deployment:
    """Open the model of the configuration, or what has been put in use since by a call.

    Args:
        model_dir: folder that holds one folder a model.
        data_dir: where the slots are recorded.
        configured: name and version; an empty version takes the highest.
    """
    deployment = Deployment(ModelSlots(), model_dir, data_dir / SLOT_FILE, configured)
    if not deployment.restore():
        deployment.slots = open_models(model_dir, *configured)
    if deployment.slots.champion is None:
        fault = deployment.slots.fault
        _log.warning("no_model", fault=fault, effect="answers are marked degraded")
    return deployment
