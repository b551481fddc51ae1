"""The rules in use: opened at the start, replaced whole, followed in their folder, and audited."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from scoring_server.clock import wall_time_ns
from scoring_server.durable_file import fsync_path, write_durably
from scoring_server.errors import (
    ConfigurationError,
    FailedPreconditionError,
    ScoringError,
    UnavailableError,
)
from scoring_server.file_lock import FileLock
from scoring_server.rules.rule import Fault
from scoring_server.rules.rule_set import (
    RulesError,
    RuleSet,
    content_of,
    digest_of,
    read_texts,
    texts_of,
    with_text,
)

_log = structlog.get_logger(__name__)

IN_USE_FILE = "rules_in_use.json"
HISTORY_FILE = "rules_history.jsonl"
_LOCK_FILE = "rules.lock"
# Size and time of change by file name.
_Look = dict[str, tuple[int, int]]
_EMPTY = RuleSet({})


class RuleBook:
    """Holds the set in use. A set that is faulty never replaces one that is not.

    Args:
        directory: of the rules.
        data_dir: where the set in use and its history are recorded.
        use: takes a new set, at once and for whole blocks; None for no rules.
        interval_s: time between two looks at the directory; 0 never looks.

    Attributes:
        rules: the set in use.
        faults: why what lies in the directory is not in use; empty when it is.
    """

    def __init__(
        self,
        directory: Path,
        data_dir: Path,
        use: Callable[[RuleSet | None], None],
        interval_s: float = 0.0,
    ) -> None:
        self.directory = directory
        self.rules = _EMPTY
        self.faults: list[Fault] = []
        self.data_dir = data_dir
        self._use = use
        self._interval_s = interval_s
        self._known: _Look | None = None
        self._unsettled: _Look | None = None
        self._totals: dict[tuple[str, str], int] = {}
        # Of several workers the one that finds a change first records it.
        self._lock = FileLock(data_dir / _LOCK_FILE)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rule-watch", daemon=True)

    def open(self) -> None:
        """Use what lies in the directory; when that is faulty, what was in use before.

        Raises:
            ConfigurationError: it is faulty and nothing was in use before.
        """
        with self._lock:
            self._known = self._look()
            try:
                self._take(read_texts(self.directory), "started")
            except ScoringError as error:
                before = self._recorded()
                if before is None:
                    raise ConfigurationError(
                        f"RULES_DIR {self.directory} must hold rules without fault:\n{error}",
                        reason="RULES_DIR",
                    ) from error
                self._refuse(error)
                self._put(before)
                _log.warning("rules_of_before", sha256=before.sha256, rules=len(before.rules))

    def start(self) -> None:
        """Begin to look."""
        if self._interval_s:
            self._thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def step(self) -> None:
        """Look once; what has changed is taken when it looks the same twice."""
        look = self._look()
        with self._lock:
            if look == self._known:
                return
            if look != self._unsettled:
                # Perhaps still being copied.
                self._unsettled = look
                return
            self._known = look
            try:
                self._take(read_texts(self.directory), "folder")
            except ScoringError as error:
                self._refuse(error)

    def put(self, name: str, text: str, expected_sha256: str, author: str) -> str:
        """Put a text in the place of a file, and use the set; return the set's digest.

        Args:
            name: of the file in the directory.
            text: blank removes the file.
            expected_sha256: digest of the set that the author has seen.
            author: for the record.

        Raises:
            FailedPreconditionError: the set has another digest, or the directory takes no file.
            RulesError: the set would have faults.
            UnavailableError: the change cannot be recorded. Nothing has changed then, as ever.
        """
        with self._lock:
            before = read_texts(self.directory)
            found = digest_of(before)
            if found != expected_sha256:
                raise FailedPreconditionError(
                    f"the rules have the revision {found}, expected was {expected_sha256}; "
                    "somebody changed them meanwhile: look at them again",
                    reason="RULES_STALE",
                    metadata={"revision": found},
                )
            rules = RuleSet(with_text(before, name, text))
            # The file first: after a crash in between, the next start finds it and records it.
            self._write(name, text)
            try:
                self._take(rules.texts, "call", author)
            except ScoringError:
                self._write(name, before.get(name, ""))
                raise
            return rules.sha256

    def hits(self) -> dict[tuple[str, str], int]:
        """Return the hits of each rule by name and mode, since the process started."""
        with self._lock:
            totals = dict(self._totals)
            for key, count in _counts(self.rules).items():
                totals[key] = totals.get(key, 0) + count
            return totals

    def _run(self) -> None:
        while not self._stopping.wait(self._interval_s):
            try:
                self.step()
            except Exception:  # noqa: BLE001
                # A folder that cannot be read today may be readable tomorrow.
                _log.exception("rule_watch_failed")

    def _write(self, name: str, text: str) -> None:
        path = self.directory / name
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            if text.strip():
                write_durably(path, text.encode())
            else:
                path.unlink(missing_ok=True)
                fsync_path(self.directory)
        except OSError as error:
            raise FailedPreconditionError(
                f"RULES_DIR {self.directory} must take files, and does not: {error.strerror}",
                reason="RULES_NOT_WRITTEN",
            ) from error

    def _take(self, texts: dict[str, str], cause: str, author: str = "") -> None:
        rules = RuleSet(texts)
        if rules.sha256 != self.rules.sha256:
            before = self._recorded() or self.rules
            if before.sha256 != rules.sha256:
                self._record(rules, before, cause, author)
            self._put(rules)
        # Last, so that nobody is told that all is well before it is.
        self.faults = []

    def _put(self, rules: RuleSet) -> None:
        for key, count in _counts(self.rules).items():
            self._totals[key] = self._totals.get(key, 0) + count
        self.rules = rules
        self._use(rules if rules.rules else None)

    def _record(self, rules: RuleSet, before: RuleSet, cause: str, author: str) -> None:
        """Write down the change before it counts: the set in use, and a line of history."""
        change = _change(before, rules)
        line = {
            "time_ns": wall_time_ns(),
            "cause": cause,
            "author": author,
            "sha256": rules.sha256,
            "previous_sha256": before.sha256,
            **change,
        }
        try:
            with (self.data_dir / HISTORY_FILE).open("a", encoding="utf-8") as history:
                history.write(json.dumps(line) + "\n")
            write_durably(self.data_dir / IN_USE_FILE, content_of(rules.texts))
        except OSError as error:
            raise UnavailableError(
                f"the rules could not be recorded in {self.data_dir}: {error.strerror}; nothing "
                "was changed",
                reason="RULES_NOT_RECORDED",
            ) from error
        _log.info("rules_changed", cause=cause, author=author, sha256=rules.sha256, **change)

    def _recorded(self) -> RuleSet | None:
        try:
            return RuleSet(texts_of((self.data_dir / IN_USE_FILE).read_bytes()))
        except (OSError, ValueError, RulesError):
            return None

    def _refuse(self, error: ScoringError) -> None:
        faults = error.faults if isinstance(error, RulesError) else []
        self.faults = faults or [Fault("", 0, 0, error.message)]
        for fault in self.faults:
            _log.error("rules_refused", fault=str(fault))

    def _look(self) -> _Look:
        look: _Look = {}
        for path in self.directory.glob("*.toml"):
            try:
                status = path.stat()
            except OSError:
                continue
            look[path.name] = (status.st_size, status.st_mtime_ns)
        return look


def _counts(rules: RuleSet) -> dict[tuple[str, str], int]:
    counts = rules.counts[:, 0].tolist()
    return {(rule.name, rule.mode): n for rule, n in zip(rules.rules, counts, strict=True)}


def _change(before: RuleSet, after: RuleSet) -> dict[str, list[str]]:
    """Return the names of the rules that came, went and became others."""
    old = {rule.name: rule for rule in before.rules}
    new = {rule.name: rule for rule in after.rules}
    # Where a rule stands is no part of what it says; which ids a list holds is.
    changed = [name for name in old.keys() & new.keys() if _said(old[name]) != _said(new[name])]
    return {
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
        "changed": sorted(changed),
    }


def _said(rule: object) -> dict[str, object]:
    names = ("action", "weight", "code", "says", "mode", "when", "entity", "ids")
    return {name: getattr(rule, name) for name in names}
