"""A model of each framework, deployed in each way, scores over gRPC as the framework does."""

import math
import shutil
from pathlib import Path

import httpx
import pytest

from models.packing.pack import pack
from scoring_server.replay.messages import transactions
from scoring_server.rpc.client import ScoringClient
from tests.support.exported_models import FOLDER, FRAMEWORKS, LATER_COUNT, history, samples
from tests.support.product import Product, product, run, wait_for

WAYS = ("command", "rest", "folder")


@pytest.mark.slow
def test_scores_are_those_of_the_framework(tmp_path: Path) -> None:
    table = history()
    known = samples(table)
    folders = {"1": tmp_path / "models", "2": tmp_path / "elsewhere"}
    calibrations = {}
    for name, anomalous in FRAMEWORKS.items():
        for version, folder in folders.items():
            model, _ = pack(
                FOLDER / f"{name}.onnx",
                known[name],
                folder / name / version,
                description=name,
                anomalous=anomalous,
                alert_budget_ratio=0.01,
            )
            calibrations[name] = model.manifest.output.calibration
    messages = transactions(table)
    compared = 0
    watched = {"MODEL_DIR": str(folders["1"]), "MODEL_NAME": "light_gbm", "MODEL_WATCH_S": "0.2"}
    with product(tmp_path, **watched) as running, ScoringClient(running.target) as scoring:
        scoring.score_batch(messages[:-LATER_COUNT])
        cuts = [(way, name) for way in WAYS for name in FRAMEWORKS]
        size = LATER_COUNT // len(cuts)
        for place, (way, name) in enumerate(cuts):
            deploy(running, way, name, folders)
            first = place * size
            start = len(messages) - LATER_COUNT + first
            for row, outcome in enumerate(scoring.score_batch(messages[start : start + size])):
                assert outcome.result.model_name == name
                theirs = float(known[name].scores[first + row])
                if FRAMEWORKS[name] == "low":
                    theirs = -theirs
                # The network's samples are probabilities, of which its graph gives the margin.
                if calibrations[name] is not None and name != "pytorch_classifier":
                    calibration = calibrations[name]
                    steps = (theirs - calibration.center) / calibration.scale
                    theirs = 1.0 / (1.0 + math.exp(-steps))
                compared += 1
                assert outcome.result.detector_scores.ml == pytest.approx(theirs, abs=1e-5), (
                    way,
                    name,
                )
    assert compared == 798


def deploy(running: Product, way: str, name: str, folders: dict[str, Path]) -> None:
    environ = running.program.environ
    if way == "command":
        done = run(environ, "model", "promote", name, "1", "--target", running.target)
        assert done.returncode == 0, done.stderr
        return
    if way == "rest":
        answer = httpx.post(f"{running.url}/api/models/{name}/1/promote", timeout=60)
        assert answer.status_code == 200, answer.text
        return
    shutil.copytree(folders["2"] / name / "2", folders["1"] / name / "2")
    (folders["1"] / "champion").write_text(f"{name}/2")

    def in_use() -> bool:
        held = httpx.get(f"{running.url}/api/models", timeout=60).json()["data"]["models"]
        return any((m["role"], m["name"], m["version"]) == ("CHAMPION", name, "2") for m in held)

    wait_for(f"{name}/2 as champion", in_use)
