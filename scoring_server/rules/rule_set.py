"""A set of rules that can be run: its texts, what they say, and the program made of them."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from scoring_server.errors import InvalidArgumentError, UnavailableError
from scoring_server.kernels import rule_effects as kernel
from scoring_server.rules.program import ProgramMaker, listed_table
from scoring_server.rules.rule import Fault, Rule
from scoring_server.rules.rule_file import FILE_BYTES_MAX, collect

_rules_block: Callable[..., None] = kernel.rules_block
_ACTIONS = {
    "score": kernel.ACTION_SCORE,
    "approve": kernel.ACTION_APPROVE,
    "review": kernel.ACTION_REVIEW,
    "decline": kernel.ACTION_DECLINE,
}


class RuleSet:
    """Rules ready to run. Its caller serialises `run`; nothing else changes it.

    Attributes:
        texts: content of each file by its name.
        rules: rules and lists; a rule's index is its number.
        content: the texts as bytes, always the same for the same texts.
        sha256: of the content.
        counts: hits of each rule, and hits that the detectors alone raised an alert for.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        """Make a set of the content of files.

        Raises:
            RulesError: something is wrong in them.
        """
        found = collect(texts)
        if found.faults:
            raise RulesError(found.faults)
        self.texts = dict(sorted(texts.items()))
        self.rules: tuple[Rule, ...] = tuple(found.rules)
        self.content = content_of(texts)
        self.sha256 = digest_of(texts)
        self.counts = np.zeros((len(self.rules), 2), np.int64)
        maker = ProgramMaker()
        program = maker.make(
            [
                (number, rule.parsed.kind, rule.parsed.condition)
                for number, rule in enumerate(self.rules)
                if rule.parsed is not None
            ]
        )
        effects = np.zeros(len(self.rules), kernel.EFFECT)
        for number, rule in enumerate(self.rules):
            shown = rule.parsed.shown if rule.parsed else None
            value, baseline = (maker.register_of(shown[0]), shown[1]) if shown else (-1, 0.0)
            action = _ACTIONS[rule.action]
            effects[number] = (rule.weight, baseline, value, action, rule.mode == "live")
        self._program = (
            program.code,
            program.loads,
            program.registers,
            program.keys,
            listed_table(found.entries),
            effects,
        )
        self._hits = np.zeros(max(len(self.rules), 1), np.int32)

    def run(
        self,
        limits: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
        features: NDArray[np.float32],
        transactions: NDArray[Any],
        sequences: NDArray[np.uint64],
        judgements: NDArray[Any],
    ) -> None:
        """Count hits on judged transactions, and let live rules change the judgements.

        Args:
            limits: see limits_of; then severity and decision thresholds.
            features: (n, FEATURE_COUNT).
            transactions: TRANSACTION records, (n,).
            sequences: (n,); rows with 0 are left alone.
            judgements: JUDGEMENT records, (n,).
        """
        _rules_block(
            *self._program, *limits, features, transactions, sequences, judgements, self._hits,
            self.counts,
        )  # fmt: skip


class RulesError(InvalidArgumentError):
    """Texts that are no set of rules; `faults` says all that is wrong."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("\n".join(map(str, faults)), reason="RULES_INVALID")


def content_of(texts: Mapping[str, str]) -> bytes:
    """Return texts as bytes, for keeping them and for their digest."""
    return msgspec.json.encode(dict(sorted(texts.items())))


def digest_of(texts: Mapping[str, str]) -> str:
    """Return the SHA-256 that a set of these texts has or would have."""
    return sha256(content_of(texts)).hexdigest()


def with_text(texts: Mapping[str, str], name: str, text: str) -> dict[str, str]:
    """Return texts with another one in the place of a file; a blank one takes the file away."""
    others = {other: kept for other, kept in texts.items() if other != name}
    return others | {name: text} if text.strip() else others


def texts_of(content: bytes) -> dict[str, str]:
    """Return the texts that `content_of` made bytes of."""
    return msgspec.json.decode(content, type=dict[str, str])


def read_texts(directory: Path) -> dict[str, str]:
    """Return the content of all files *.toml of a directory; none when it is missing.

    Raises:
        UnavailableError: one cannot be read.
    """
    texts = {}
    for path in sorted(directory.glob("*.toml")):
        try:
            if path.stat().st_size > FILE_BYTES_MAX:
                raise UnavailableError(
                    f"{path} must have at most {FILE_BYTES_MAX} bytes", reason="RULES_UNREADABLE"
                )
            texts[path.name] = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UnavailableError(
                f"{path} cannot be read: {error}", reason="RULES_UNREADABLE"
            ) from error
    return texts


def limits_of(
    alert_threshold: float, review_threshold: float, decline_threshold: float
) -> NDArray[np.float64]:
    """Return what a decision of a rule makes of a risk score, by the constants of the kernel.

    A review raises an alert as well, unless alerts begin above the decline threshold.
    """
    below_decline = float(np.nextafter(decline_threshold, 0.0))
    limits = np.zeros(4)
    limits[kernel.REVIEW_FLOOR] = max(review_threshold, min(alert_threshold, below_decline))
    limits[kernel.DECLINE_FLOOR] = max(decline_threshold, alert_threshold)
    limits[kernel.APPROVE_CEILING] = np.nextafter(min(review_threshold, alert_threshold), 0.0)
    limits[kernel.ALERT] = alert_threshold
    return limits
