"""What a decision was made from, as bytes: recorded with each event, read again for a replay.

The features, the model's score and a digest of the context: model, rules and settings, which are
the same for many decisions and therefore kept once, under their digest.
"""

from collections.abc import Callable
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from scoring_server.catalogue import FEATURES
from scoring_server.detectors import reasons, wording
from scoring_server.engine.assessment import Assessment
from scoring_server.engine.risk import EngineSettings
from scoring_server.kernels import combine, dtypes, evidence, rule_effects, rule_program
from scoring_server.kernels.evidence_write import MASK_SIZE, mask_size, write_evidence
from scoring_server.rules import parsing, program

_write_evidence: Callable[..., int] = write_evidence

DIGEST_SIZE = 32
_ML_SIZE = 8
_FIXED_SIZE = DIGEST_SIZE + _ML_SIZE + MASK_SIZE


class ModelContext(msgspec.Struct, frozen=True):
    """The model that took part."""

    name: str
    version: str
    sha256: str
    threshold: float


class Context(msgspec.Struct, frozen=True):
    """What many decisions share.

    Attributes:
        software: release of the server.
        rules_sha256: of the rules' source and the reason table.
        catalogue_sha256: of the names of the features, in order.
        model: None when none took part.
        degraded: codes of what was left out.
        settings: thresholds and weights, see EngineSettings.
        user_rules: digest of the user rules, which are kept under it; empty without any.
        feature_count: columns there were; a context that does not say is of the first catalogue.
    """

    software: str
    rules_sha256: str
    catalogue_sha256: str
    model: ModelContext | None
    degraded: tuple[str, ...]
    settings: EngineSettings
    user_rules: str = ""
    feature_count: int = 95


class Evidence(msgspec.Struct, frozen=True):
    """What one decision was made from.

    Attributes:
        context: digest of the context.
        ml: score of the model; NaN where it took no part.
        features: one FEATURES record, (1,).
    """

    context: bytes
    ml: float
    features: NDArray[Any]


class Recorder:
    """Makes the evidence of blocks. Its caller serialises.

    Args:
        settings: of the engine.
        keep: keeps the bytes of a context and returns their digest.
    """

    def __init__(self, settings: EngineSettings, keep: Callable[[bytes], bytes]) -> None:
        self._settings = settings
        self._keep = keep
        self._digests: dict[object, NDArray[np.uint8]] = {}
        self._make_room(1)

    def record(self, assessment: Assessment) -> list[bytes]:
        """Return the evidence of each transaction of a block."""
        n = len(assessment.records)
        if n > len(self._ends):
            self._make_room(2 * n)
        end = _write_evidence(
            n,
            assessment.records.view(np.uint8),
            assessment.ml.view(np.uint8),
            self._digest_of(assessment),
            self._out,
            self._ends,
        )
        written = bytes(self._written[:end])
        if n == 1:
            return [written]
        parts, start = [], 0
        for stop in self._ends[:n].tolist():
            parts.append(written[start:stop])
            start = stop
        return parts

    def _make_room(self, n: int) -> None:
        self._out = np.empty(n * (_FIXED_SIZE + dtypes.FEATURES.itemsize), np.uint8)
        self._ends = np.empty(n, np.int64)
        # Bytes are taken from it in half the time that an array needs.
        self._written = self._out.data

    def _digest_of(self, assessment: Assessment) -> NDArray[np.uint8]:
        rules = assessment.rules
        key = (assessment.model, assessment.degraded_reasons, rules and rules.sha256)
        digest = self._digests.get(key)
        if digest is None:
            if rules is not None:
                self._keep(rules.content)
            context = context_of(assessment, self._settings)
            kept = self._keep(msgspec.json.encode(context))
            digest = self._digests[key] = np.array(bytearray(kept), np.uint8)
        return digest


def context_of(assessment: Assessment, settings: EngineSettings) -> Context:
    """Return what the decisions of a block share."""
    model = assessment.model
    return Context(
        software=version("anomaly"),
        rules_sha256=rules_sha256(),
        catalogue_sha256=catalogue_sha256(),
        model=None
        if model is None
        else ModelContext(model.name, model.version, model.sha256, model.threshold),
        degraded=assessment.degraded_reasons,
        settings=settings,
        user_rules=assessment.rules.sha256 if assessment.rules else "",
        feature_count=dtypes.FEATURE_COUNT,
    )


def read_evidence(content: bytes, feature_count: int = dtypes.FEATURE_COUNT) -> Evidence:
    """Return what was recorded; columns that came later are 0.

    Args:
        content: what was recorded.
        feature_count: columns there were then, the first of those there are now.

    Raises:
        ValueError: these bytes are no evidence.
    """
    if not 0 < feature_count <= dtypes.FEATURE_COUNT:
        raise ValueError(
            f"feature_count must be 1..{dtypes.FEATURE_COUNT}, was {feature_count}: recorded by "
            "a later release"
        )
    fixed_size = DIGEST_SIZE + _ML_SIZE + mask_size(feature_count)
    mask = np.frombuffer(content[DIGEST_SIZE + _ML_SIZE : fixed_size], np.uint8)
    present = np.flatnonzero(np.unpackbits(mask, bitorder="little")[:feature_count])
    if len(content) < fixed_size or len(content) != fixed_size + 4 * len(present):
        raise ValueError("the evidence must be as long as its mask says")
    features = np.zeros(dtypes.FEATURE_COUNT, np.float32)
    features[present] = np.frombuffer(content[fixed_size:], np.float32)
    ml = float(np.frombuffer(content[DIGEST_SIZE : DIGEST_SIZE + _ML_SIZE], np.float64)[0])
    return Evidence(content[:DIGEST_SIZE], ml, features.view(dtypes.FEATURES))


def rules_sha256() -> str:
    """Return a digest of everything that makes scores of features."""
    modules = (
        evidence,
        combine,
        reasons,
        wording,
        rule_program,
        rule_effects,
        parsing,
        program,
    )
    sources = [Path(module.__file__ or "").read_bytes() for module in modules]
    return sha256(b"".join(sources)).hexdigest()


def catalogue_sha256() -> str:
    """Return a digest of the features' names, in order."""
    return sha256("\n".join(FEATURES).encode()).hexdigest()
