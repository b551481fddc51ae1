"""One ONNX model, ready to score: ONNX Runtime, one thread, into memory that is bound once."""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring_server.catalogue import FEATURE_COUNT, FEATURE_INDEX
from scoring_server.clock import wall_time_ns
from scoring_server.inference.errors import ModelError
from scoring_server.inference.manifest import Manifest
from scoring_server.inference.signature import output_columns

if TYPE_CHECKING:
    # The onnx package, which it needs, is for loading only.
    from scoring_server.inference.trees import Trees

# Rows of the bound buffers. A block is cut into these sizes, largest first, so that no row is ever
# padded. Measured with 200 trees of 31 leaves, microseconds a row: 4.7 at 1, 3.4 at 4, 1.5 at 16,
# 1.3 at 64 and at 128, 3.1 at 256 and beyond, where ONNX Runtime walks the trees another way.
_BLOCK_ROWS = (64, 16, 4, 1)


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """What answers and the model list say of a model.

    Attributes:
        name: folder under MODEL_DIR.
        version: folder under the name.
        sha256: of model.onnx, 64 hexadecimal digits.
        threshold: score from which it would raise an alert by itself, 0 to 1.
        features: catalogue names of its inputs, in order.
        load_time_ns: when it was loaded, since the Unix epoch, UTC.
    """

    name: str
    version: str
    sha256: str
    threshold: float
    features: tuple[str, ...]
    load_time_ns: int


class _Block(NamedTuple):
    rows: int
    input: NDArray[np.float32]
    output: NDArray[np.float32]
    binding: Any


class OnnxModel:
    """A loaded model, made by `artifact.load_model`. Threads may share it; one at a time runs.

    Attributes:
        identity: what to call it.
        manifest: the manifest it was loaded by.
        columns: catalogue column of each of its inputs.
    """

    def __init__(self, session: Any, manifest: Manifest) -> None:
        self.manifest = manifest
        self.identity = ModelIdentity(
            name=manifest.name,
            version=manifest.version,
            sha256=manifest.sha256,
            threshold=manifest.threshold,
            features=manifest.features,
            load_time_ns=wall_time_ns(),
        )
        self._session = session
        self._lock = threading.Lock()
        self._trees: Trees | None = None
        self.columns = np.array([FEATURE_INDEX[name] for name in manifest.features], dtype=np.intp)
        self._calibration = manifest.output.calibration
        columns = output_columns(session, manifest)
        self._blocks = tuple(_bind(session, manifest, rows, columns) for rows in _BLOCK_ROWS)

    def score(self, features: NDArray[np.float32], out: NDArray[np.float64]) -> None:
        """Write the score of each row, 0 to 1, into `out`.

        A row's score does not depend on the rows beside it.

        Args:
            features: shape (rows, FEATURE_COUNT), finite, columns in the order of the catalogue.
            out: shape (rows,); its content is undefined when ModelError is raised.

        Raises:
            ModelError: ONNX Runtime failed (MODEL_FAILED), or a score is not finite or a
                probability lies outside 0..1 (MODEL_NOT_FINITE, MODEL_FAILED).
        """
        rows = features.shape[0]
        if features.shape != (rows, FEATURE_COUNT) or out.shape != (rows,):
            raise ModelError(
                f"features must be (rows, {FEATURE_COUNT}) and out (rows,), were {features.shape} "
                f"and {out.shape}",
                reason="MODEL_FAILED",
            )
        if self._trees is not None:
            self._trees.score(features, out)
            return
        start = 0
        with self._lock:
            for block in self._blocks:
                while rows - start >= block.rows:
                    stop = start + block.rows
                    # mode="clip" keeps take from buffering; the positions are known to be in range.
                    np.take(
                        features[start:stop], self.columns, axis=1, out=block.input, mode="clip"
                    )
                    self._run(block, out[start:stop])
                    start = stop

    def take_over(self, trees: "Trees") -> None:
        """Let a kernel score from now on, whose scores are those of ONNX Runtime."""
        self._trees = trees

    def score_inputs(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the scores of rows that hold only this model's features, in its own order."""
        features = np.zeros((len(inputs), FEATURE_COUNT), dtype=np.float32)
        features[:, self.columns] = inputs
        out = np.empty(len(inputs), dtype=np.float64)
        self.score(features, out)
        return out

    def _run(self, block: _Block, out: NDArray[np.float64]) -> None:
        try:
            self._session.run_with_iobinding(block.binding)
        except Exception as error:  # ONNX Runtime's exceptions share no public base class.
            raise ModelError(
                f"model {self.identity.name}/{self.identity.version} failed: {error}",
                reason="MODEL_FAILED",
            ) from error
        out[:] = block.output
        if self._calibration is not None:
            out -= self._calibration.center
            out /= -self._calibration.scale
            # A score far below the center overflows to infinity, which becomes the right answer, 0.
            with np.errstate(over="ignore"):
                np.exp(out, out=out)
            out += 1.0
            np.reciprocal(out, out=out)
        # NaN is never inside the bounds, so one comparison finds it too. The reductions of NumPy
        # cost more than the whole check of a single row.
        low, high = (out[0], out[0]) if block.rows == 1 else (out.min(), out.max())
        if not (low >= 0.0 and high <= 1.0):
            self._refuse(out)

    def _refuse(self, out: NDArray[np.float64]) -> None:
        name = f"model {self.identity.name}/{self.identity.version}"
        if not np.isfinite(out).all():
            raise ModelError(
                f"{name} answered a number that is not finite", reason="MODEL_NOT_FINITE"
            )
        raise ModelError(
            f"{name} answered {out.min()}..{out.max()} where a probability was declared; "
            "declare output kind `score` with a calibration",
            reason="MODEL_FAILED",
        )


def _bind(session: Any, manifest: Manifest, rows: int, columns: int | None) -> _Block:
    inputs = np.zeros((rows, len(manifest.features)), dtype=np.float32)
    outputs = np.zeros((rows,) if columns is None else (rows, columns), dtype=np.float32)
    binding = session.io_binding()
    binding.bind_input(manifest.input, "cpu", 0, np.float32, inputs.shape, inputs.ctypes.data)
    binding.bind_output(
        manifest.output.name, "cpu", 0, np.float32, outputs.shape, outputs.ctypes.data
    )
    # The buffers belong to the block and live as long as the binding that points into them.
    scores = outputs if columns is None else outputs[:, manifest.output.column]
    return _Block(rows, inputs, scores, binding)
