"""The model card: what a person should know before trusting a model, made from its manifest."""

from typing import Final

from scoring_server.catalogue import FEATURES
from scoring_server.inference.manifest import Manifest

CARD_FILE: Final = "README.md"
_RANKING: Final = ("auc_roc", "average_precision", "precision_at_budget", "recall_at_budget")

_HEAD: Final = """\
# Model {name} {version}

{description}
"""
_DATA: Final = """
## Data

{data}

Fitted on {rows:,} transactions with {frauds:,} frauds known by then, from {start_time} to
{end_time} (event time). SHA-256 of the tables' columns:
`{fingerprint}`.
"""
_QUALITY: Final = """
## Quality on later data

Measured on transactions after those it was fitted on, with the whole truth. The budget is the
share of transactions that may be reviewed; precision and recall are those of the reviewed.

| stream | AUC ROC | average precision | precision at budget | recall at budget |
|---|---|---|---|---|
{rankings}

| stream | kind of fraud | recall at budget |
|---|---|---|
{kinds}
"""
_REST: Final = """
## Use

The score is a probability of fraud, 0 to 1, under the fraud rate of the training data. From
{threshold:g} on it would raise an alert by itself within its alert budget.

- Graph: ONNX opset {opset}, input `{input}` float32 (rows, {feature_count}), output
  `{output}` float32 (rows, 1).
- SHA-256 of model.onnx: `{sha256}`.
- golden.json holds inputs with the scores that scikit-learn gave; loading the model reproduces
  them within {tolerance:g}.

## Limits

- It knows the kinds of fraud named above and no others; unknown kinds are the business of the
  statistical and behavioral detectors.
- On another stream its ranking carries over better than its probabilities. Train on your own
  labelled history as soon as there is one.
- Entities without a past look alike; expect little of it in the first days of a stream.
- It reads no personal attribute of anybody: no name, age, sex, origin or postcode.

## Features

| feature | meaning | unit |
|---|---|---|
{features}
"""


def model_card(manifest: Manifest) -> str:
    """Return the card of a model in Markdown."""
    card = _HEAD.format(
        name=manifest.name, version=manifest.version, description=manifest.description
    )
    training = manifest.training
    if training is not None:
        card += _DATA.format(
            data=training.data,
            rows=training.rows,
            frauds=training.frauds,
            start_time=training.start_time,
            end_time=training.end_time,
            fingerprint=training.fingerprint,
        )
    if manifest.metrics:
        card += _QUALITY.format(rankings=_rankings(manifest), kinds=_kinds(manifest))
    features = [(name, FEATURES[name]) for name in manifest.features]
    return card + _REST.format(
        threshold=manifest.threshold,
        opset=manifest.opset,
        input=manifest.input,
        output=manifest.output.name,
        feature_count=len(manifest.features),
        sha256=manifest.sha256,
        tolerance=manifest.tolerance,
        features="\n".join(
            f"| `{name}` | {feature.meaning} | {feature.unit} |" for name, feature in features
        ),
    )


def _rankings(manifest: Manifest) -> str:
    lines = []
    for stream in dict.fromkeys(name.split(".")[0] for name in manifest.metrics):
        values = [manifest.metrics.get(f"{stream}.{name}") for name in _RANKING]
        cells = ["" if value is None else f"{value:.3f}" for value in values]
        lines.append(f"| {' | '.join([stream, *cells])} |")
    return "\n".join(lines)


def _kinds(manifest: Manifest) -> str:
    named = [
        (name.partition(".recall_at_budget."), value) for name, value in manifest.metrics.items()
    ]
    return "\n".join(
        f"| {stream} | {kind} | {value:.3f} |" for (stream, _, kind), value in named if kind
    )
