"""What inputs and outputs a graph has, checked against its manifest."""

from typing import Any

import numpy as np

from scoring_server.inference.errors import ModelError
from scoring_server.inference.manifest import Manifest


def output_columns(session: Any, manifest: Manifest) -> int | None:
    """Check the graph's signature; None means that the output has one dimension."""
    _check_input(session, manifest)
    outputs = {output.name: output.type for output in session.get_outputs()}
    name = manifest.output.name
    if outputs.get(name) != "tensor(float)":
        found = ", ".join(f"{known} {kind}" for known, kind in outputs.items())
        raise ModelError(
            f"the graph must have the output `{name}` as tensor(float), has {found}; "
            "correct `output.name`, or export without zipmap"
        )
    # Shapes in a graph may be symbolic or absent; one run with two rows shows the true one.
    probe = np.zeros((2, len(manifest.features)), dtype=np.float32)
    try:
        shape = session.run([name], {manifest.input: probe})[0].shape
    except Exception as error:  # ONNX Runtime's exceptions share no public base class.
        raise ModelError(
            f"the graph fails on two rows of zeros: {error}", reason="MODEL_FAILED"
        ) from error
    column = manifest.output.column
    if shape == (2,) and column == 0:
        return None
    if len(shape) == len(probe.shape) and shape[0] == len(probe) and column < shape[1]:
        return int(shape[1])
    raise ModelError(
        f"the output `{name}` must have the shape (rows,) or (rows, more than {column}), "
        f"has {shape} for 2 rows; correct `output.name` or `output.column`"
    )


def _check_input(session: Any, manifest: Manifest) -> None:
    inputs = session.get_inputs()
    if [(each.name, each.type) for each in inputs] != [(manifest.input, "tensor(float)")]:
        found = ", ".join(f"{each.name} {each.type}" for each in inputs)
        raise ModelError(
            f"the graph must have the only input `{manifest.input}` as tensor(float), has "
            f"{found or 'none'}"
        )
    shape = list(inputs[0].shape)
    count = len(manifest.features)
    free_rows = bool(shape) and not isinstance(shape[0], int)
    if shape[1:] != [count] or not free_rows:
        raise ModelError(
            f"the input `{manifest.input}` must have the shape (any number of rows, {count}), one "
            "column a feature of "
            f"the manifest, has {shape}"
        )
