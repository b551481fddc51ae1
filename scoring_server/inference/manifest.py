"""What a model artifact says about itself, and how its files are read without trusting them.

An artifact is a folder `<MODEL_DIR>/<name>/<version>/` with `model.onnx`, `manifest.json` and
`golden.json`. Files are read once, whole, through a descriptor that follows no symbolic link, so
that what was checked is what is run.
"""

import hashlib
import itertools
import os
import re
import stat
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from scoring_server.inference.errors import ModelError

MODEL_FILE = "model.onnx"
MANIFEST_FILE = "manifest.json"
GOLDEN_FILE = "golden.json"

# Chosen by us: 64 MB holds thousands of deep trees and is read and hashed in a fraction of a
# second; the default model takes less than 2 MB. The JSON limits leave room for thousands of
# features and vectors.
MODEL_SIZE_BYTES_MAX = 64 * 1024 * 1024
MANIFEST_SIZE_BYTES_MAX = 1024 * 1024
GOLDEN_SIZE_BYTES_MAX = 16 * 1024 * 1024

# The name in a snapshot that is no feature.
SNAPSHOT_SCORE = "score"
# Shares may have been rounded to six digits.
SHARES_SLACK = 1e-3

_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"

Identifier = Annotated[str, msgspec.Meta(pattern=_ID_PATTERN)]
Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
TensorName = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Positive = Annotated[float, msgspec.Meta(gt=0.0)]


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How an unbounded score becomes one in [0, 1]: 1 / (1 + exp(-(score - center) / scale)).

    Attributes:
        center: score that becomes 0.5.
        scale: score units to a step of one in the logit; above 0.
    """

    center: float
    scale: Positive


class Output(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which output of the graph is the score, and in which unit it comes.

    Attributes:
        name: name of a float32 output of shape (rows,), (rows, 1) or (rows, columns).
        kind: `probability` lies in [0, 1] and is taken as it is; `score` is any finite number,
            higher is more anomalous, and needs `calibration`.
        column: column that holds the score where the output has several.
        calibration: required for `score`, refused for `probability`.
    """

    name: TensorName
    kind: Literal["probability", "score"]
    column: Annotated[int, msgspec.Meta(ge=0, le=1023)] = 0
    calibration: Calibration | None = None


class Training(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a model comes from. Every value is made from the data, none from the clock.

    Attributes:
        data: the history in words, such as the command that makes it.
        fingerprint: SHA-256 over the columns of the canonical table that were read.
        rows: transactions fitted on.
        frauds: frauds among them.
        start_time: event time of the first of them, RFC 3339 UTC.
        end_time: event time after the last of them.
        seed: seed of the learner.
        software: versions that decide the bytes, by package.
    """

    data: Annotated[str, msgspec.Meta(max_length=1000)]
    fingerprint: Sha256
    rows: Annotated[int, msgspec.Meta(ge=1)]
    frauds: Annotated[int, msgspec.Meta(ge=0)]
    start_time: str
    end_time: str
    seed: int = 0
    software: dict[str, str] = {}


Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class Histogram(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a feature, or the score, was distributed in training.

    Attributes:
        edges: rising; bin i holds the values above edges[i - 1] and up to edges[i].
        shares: of each bin, one more than edges; they add up to 1.
    """

    edges: Annotated[tuple[float, ...], msgspec.Meta(min_length=1, max_length=100)]
    shares: Annotated[tuple[Share, ...], msgspec.Meta(min_length=2, max_length=101)]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The contents of manifest.json.

    Attributes:
        schema_version: version of this layout.
        name: the folder under MODEL_DIR.
        version: the folder under the name.
        description: one or two sentences for people.
        sha256: SHA-256 of model.onnx, 64 lower-case hexadecimal digits.
        opset: version of the default operator set that the graph imports.
        input: name of the graph's only input, float32 of shape (rows, number of features).
        output: the score among the graph's outputs.
        features: catalogue names of the input's columns, in order.
        threshold: score from which the model would raise an alert by itself.
        tolerance: largest difference from golden.json that is accepted, in calibrated scores.
        training: where it comes from; absent when its maker does not say.
        metrics: measured on data that the model was not fitted on, by metric.
        snapshot: how features, and `score`, were distributed in training; drift is measured
            against it.
    """

    schema_version: Literal[1]
    name: Identifier
    version: Identifier
    description: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    sha256: Sha256
    opset: Annotated[int, msgspec.Meta(ge=9, le=64)]
    input: TensorName
    output: Output
    features: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=4096)]
    threshold: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
    tolerance: Annotated[float, msgspec.Meta(gt=0.0, le=0.01)] = 1e-5
    training: Training | None = None
    metrics: dict[str, float] = {}
    snapshot: dict[str, Histogram] | None = None


class Golden(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The contents of golden.json: inputs with the answers that the maker of the model got.

    Attributes:
        inputs: one row a vector, one finite number a feature, in the manifest's order.
        outputs: the calibrated score of each row, 0 to 1.
    """

    inputs: Annotated[tuple[tuple[float, ...], ...], msgspec.Meta(min_length=1, max_length=10_000)]
    outputs: Annotated[tuple[float, ...], msgspec.Meta(min_length=1, max_length=10_000)]


def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of manifest.json."""
    return msgspec.json.schema(Manifest)


def is_identifier(text: str) -> bool:
    """Tell whether a text may name a model or a version, and so a folder."""
    return re.fullmatch(_ID_PATTERN, text) is not None


def decode_manifest(content: bytes, origin: str) -> Manifest:
    """Return the manifest in `content`.

    Args:
        content: JSON text, UTF-8.
        origin: name of the file for error messages.

    Raises:
        ModelError: it is not JSON, a field is missing, unknown or out of range, or fields
            contradict each other.
    """
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(
            f"{origin} is not a manifest: {error}. `anomaly model schema` prints its JSON Schema"
        ) from error
    repeated = sorted({name for name in manifest.features if manifest.features.count(name) > 1})
    if repeated:
        raise ModelError(
            f"{origin}: `features` must name each feature once, repeated: {', '.join(repeated)}"
        )
    _check_snapshot(manifest, origin)
    calibrated = manifest.output.calibration is not None
    if calibrated != (manifest.output.kind == "score"):
        raise ModelError(
            f"{origin}: `output.calibration` must be given for kind `score` and only then, "
            f"kind was `{manifest.output.kind}`"
        )
    return manifest


def _check_snapshot(manifest: Manifest, origin: str) -> None:
    for name, histogram in (manifest.snapshot or {}).items():
        if name not in (*manifest.features, SNAPSHOT_SCORE):
            raise ModelError(
                f"{origin}: `snapshot` must name features of the model or `{SNAPSHOT_SCORE}`, "
                f"names `{name}`"
            )
        edges, shares = histogram.edges, histogram.shares
        rising = all(low < high for low, high in itertools.pairwise(edges))
        if len(shares) != len(edges) + 1 or not rising or abs(sum(shares) - 1.0) > SHARES_SLACK:
            raise ModelError(
                f"{origin}: the snapshot of `{name}` must have rising edges, one share more than "
                "edges, and shares that add up to 1"
            )


def decode_golden(content: bytes, origin: str, feature_count: int) -> Golden:
    """Return the golden vectors in `content`.

    Raises:
        ModelError: it is not JSON, has another shape than `feature_count` asks for, or a score
            outside 0..1.
    """
    try:
        golden = msgspec.json.decode(content, type=Golden)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{origin} holds no golden vectors: {error}") from error
    if len(golden.inputs) != len(golden.outputs):
        raise ModelError(
            f"{origin}: `inputs` and `outputs` must be equally long, "
            f"were {len(golden.inputs)} and {len(golden.outputs)}"
        )
    for position, row in enumerate(golden.inputs):
        if len(row) != feature_count:
            raise ModelError(
                f"{origin}: inputs[{position}] must have {feature_count} values, "
                f"one a feature of the manifest, had {len(row)}"
            )
    for position, score in enumerate(golden.outputs):
        if not 0.0 <= score <= 1.0:
            raise ModelError(f"{origin}: outputs[{position}] must be 0..1, was {score!r}")
    return golden


def read_artifact_file(directory: Path, file_name: str, size_bytes_max: int) -> bytes:
    """Return the whole content of one regular file of an artifact.

    Raises:
        ModelError: it is missing, a symbolic link, no regular file, empty or larger than
            `size_bytes_max`.
    """
    path = directory / file_name
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise ModelError(f"{path} is missing", reason="MODEL_MISSING") from error
    except OSError as error:
        hint = "; put a real file there, no symbolic link" if path.is_symlink() else ""
        raise ModelError(f"{path} cannot be read: {error.strerror}{hint}") from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ModelError(f"{path} must be a regular file")
        if not 1 <= status.st_size <= size_bytes_max:
            raise ModelError(f"{path} must have 1..{size_bytes_max} bytes, had {status.st_size}")
        # One byte more than allowed shows a file that grows while it is read.
        content = file.read(size_bytes_max + 1)
    if len(content) > size_bytes_max:
        raise ModelError(f"{path} must have 1..{size_bytes_max} bytes and grew while it was read")
    return content


def sha256_hex(content: bytes) -> str:
    """Return the SHA-256 of `content`, 64 lower-case hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
