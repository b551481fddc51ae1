"""Promotions and rollbacks under load: calls that failed or named another model than scored them.

    PYTHONPATH=.:proto python -m tests.load.measure_swaps --swaps 1000 --rate 400

Two models answer 0.27 and 0.73 to everything, so that the score tells which of them gave it. Calls
are started at a fixed rate and measured from when they were due. One JSON line at the end.
"""

import argparse
import json
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
from anomaly.v1 import model_service_pb2
from onnx import numpy_helper

from scoring_server.rpc.client import ScoringClient
from tests.integration.scoring_server.messages import payment
from tests.support.model_artifacts import Artifact, linear_graph
from tests.support.product import environment, running

SCORES = {"1": 1 / (1 + np.e), "2": 1 / (1 + 1 / np.e)}
CALLERS = 8


def write_model(directory: Path, bias: float) -> None:
    artifact = Artifact(directory)
    model = linear_graph()
    for weight, values in zip(
        model.graph.initializer, (np.zeros((3, 1)), np.array([bias])), strict=True
    ):
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float32), weight.name))
    artifact.graph = model.SerializeToString()
    artifact.golden["outputs"] = [1 / (1 + np.exp(-bias))] * len(artifact.golden["inputs"])
    artifact.write()


class Load:
    """Calls at a fixed rate from several connections until told to end."""

    def __init__(self, target: str, rate: float, first: int) -> None:
        self.target, self.rate, self.first = target, rate, first
        self.over = threading.Event()
        self.took_ms: list[float] = []
        self.failed = self.misversioned = 0
        self.versions = {"1": 0, "2": 0}

    def call(self, caller: int) -> None:
        with ScoringClient(self.target) as client:
            client.wait_ready()
            began = time.perf_counter() + caller / self.rate
            number = caller
            while not self.over.is_set():
                due = began + (number - caller) / self.rate
                self.over.wait(max(0.0, due - time.perf_counter()))
                try:
                    result = client.score(payment(self.first + number))
                except grpc.RpcError:
                    self.failed += 1
                else:
                    self.took_ms.append(1_000 * (time.perf_counter() - due))
                    self.versions[result.model_version] += 1
                    expected = SCORES[result.model_version]
                    self.misversioned += abs(result.detector_scores.ml - expected) > 1e-6
                number += CALLERS

    def run_while(self, work) -> None:
        with ThreadPoolExecutor(CALLERS) as callers:
            for caller in range(CALLERS):
                callers.submit(self.call, caller)
            try:
                work()
            finally:
                self.over.set()

    def p99_ms(self) -> float:
        return round(float(np.quantile(self.took_ms, 0.99)), 3)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--swaps", type=int, default=1_000)
    parser.add_argument("--promotions", type=int, default=10, help="of them; the rest go back")
    parser.add_argument("--rate", type=float, default=400.0)
    parser.add_argument("--seconds", type=float, default=20.0, help="of load before the swaps")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_model(folder / "models/m/1", -1.0)
        write_model(folder / "models/m/2", 1.0)
        extra = {"MODEL_DIR": str(folder / "models"), "MODEL_NAME": "m", "MODEL_VERSION": "1"}
        with running(folder, environment(folder / "data", **extra), "serve") as program:
            target = f"127.0.0.1:{program.runtime('scoring_server.json')['grpc_port']}"
            with ScoringClient(target) as client:
                client.wait_ready()
                before = Load(target, given.rate, 0)
                before.run_while(lambda: time.sleep(given.seconds))

                def swap() -> None:
                    for turn in range(given.swaps):
                        if turn < given.promotions:
                            version = "2" if turn % 2 == 0 else "1"
                            client.models.PromoteModel(
                                model_service_pb2.PromoteModelRequest(name="m", version=version),
                                timeout=120,
                            )
                        else:
                            client.models.RollbackModel(
                                model_service_pb2.RollbackModelRequest(), timeout=120
                            )
                            time.sleep(0.02)

                during = Load(target, given.rate, 10_000_000)
                during.run_while(swap)
    print(  # noqa: T201
        json.dumps(
            {
                "swaps": given.swaps,
                "promotions": given.promotions,
                "calls": len(during.took_ms),
                "failed": before.failed + during.failed,
                "misversioned": before.misversioned + during.misversioned,
                "by_version": during.versions,
                "p99_ms_before": before.p99_ms(),
                "p99_ms_during": during.p99_ms(),
                "p99_ratio": round(during.p99_ms() / before.p99_ms(), 2),
            }
        )
    )


if __name__ == "__main__":
    main()
