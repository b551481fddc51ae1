"""Every broken artifact is refused, each with a sentence of its own."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from scoring_server.inference.artifact import load_model
from scoring_server.inference.errors import ModelError
from scoring_server.inference.manifest import manifest_schema
from scoring_server.inference.trial import check_latency
from tests.support.broken_artifacts import BROKEN, Broken


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_broken_artifact_is_refused_with_its_own_sentence(artifact: Any, broken: Broken) -> None:
    load_model(artifact.directory)
    broken.break_it(artifact)
    with pytest.raises(ModelError) as caught:
        load_model(artifact.directory)
    assert re.search(broken.says, caught.value.message), caught.value.message


def test_no_two_cases_of_the_table_expect_the_same_sentence() -> None:
    sentences = [
        broken.says for broken in BROKEN if broken.says not in ("is not a manifest", "not finite")
    ]
    assert len(sentences) == len(set(sentences))
    assert len(BROKEN) >= 30


def test_latency_of_a_sound_model_is_measured(artifact: Any) -> None:
    measured = check_latency(load_model(artifact.directory))
    assert 0 < measured["row_latency_ms"] <= 2
    assert 0 < measured["block_latency_ms"] <= 20


def test_published_schema_is_the_one_that_is_checked() -> None:
    published = json.loads(Path("models/manifest.schema.json").read_text("utf-8"))
    assert published == manifest_schema(), "write it anew with `anomaly model schema`"
