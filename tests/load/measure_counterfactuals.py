"""How many alerts get a counterfactual, how fast, and how many hold when the payment is made so.

    PYTHONPATH=.:proto python -m tests.load.measure_counterfactuals --alerts 1000

Replays a simulated history through the engine with the default model. Each counterfactual is
scored again apart, from features changed one by one and a call of the model for that row alone.
"""

import argparse
import json
from pathlib import Path
from time import perf_counter, thread_time

import numpy as np

from models.simulation.payments import simulate_payments
from models.training.dataset import read_history, replay_in_memory
from scoring_server.engine.admissible import AMOUNT_SHARES, CHANGES, with_amounts
from scoring_server.engine.counterfactual import Counterfactual, counterfactuals, risk_scores
from scoring_server.engine.risk import EngineSettings
from scoring_server.inference.artifact import load_model
from scoring_server.inference.model_slots import ModelSlots

ROOT = Path(__file__).parents[2]


def holds(found: Counterfactual, features, transaction, model, settings) -> bool:
    changed = features.reshape(1).copy()
    if found.amount_below is not None:
        lower = with_amounts(features, AMOUNT_SHARES)
        changed = lower[np.isclose(lower["amount"], found.amount_below)][:1]
    for change in CHANGES:
        if change.code in found.codes:
            change.apply(changed)
    return float(risk_scores(changed, transaction, model, settings)[0]) < settings.alert_threshold


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--alerts", type=int, default=1_000)
    parser.add_argument("--transactions", type=int, default=150_000)
    count = parser.parse_args()
    settings = EngineSettings()
    model = load_model(ROOT / "models/default/1")
    history = read_history(simulate_payments(count.transactions, 1))
    alerts = []

    def observe(first, assessment) -> None:
        rows = np.flatnonzero(assessment.risk_score >= settings.alert_threshold)
        alerts.extend((assessment.records[row].copy(), first + row) for row in rows)

    replay_in_memory(history, observe, ModelSlots(model), settings)
    chosen = np.random.default_rng(1).permutation(len(alerts))[: count.alerts]
    took_ms, cpu_ms, sizes, first_codes = [], [], [], {}
    with_one = confirmed = within = 0
    for place in (*chosen[:20], *chosen):
        record, row = alerts[place]
        features = np.array(record)
        transaction = history.transactions[row : row + 1]
        cpu_began, began = thread_time(), perf_counter()
        found = counterfactuals(features, transaction, model, settings)
        took = 1_000 * (perf_counter() - began)
        cpu_ms.append(1_000 * (thread_time() - cpu_began))
        took_ms.append(took)
        if len(took_ms) <= 20:
            continue
        with_one += bool(found)
        held = bool(found) and all(
            holds(each, features, transaction, model, settings) for each in found
        )
        confirmed += held
        within += held and took <= 5.0
        if found:
            sizes.append(len(found[0].codes))
            key = "+".join(found[0].codes)
            first_codes[key] = first_codes.get(key, 0) + 1
    took_ms = took_ms[20:]
    print(  # noqa: T201
        json.dumps(
            {
                "alerts": len(chosen),
                "of": len(alerts),
                "with_counterfactual_ratio": with_one / len(chosen),
                "confirmed_ratio": confirmed / len(chosen),
                "confirmed_within_5_ms_ratio": within / len(chosen),
                "ms_p50": round(float(np.median(took_ms)), 3),
                "ms_p99": round(float(np.quantile(took_ms, 0.99)), 3),
                "processor_ms_p50": round(float(np.median(cpu_ms[20:])), 3),
                "processor_ms_p99": round(float(np.quantile(cpu_ms[20:], 0.99)), 3),
                "changes_mean": round(float(np.mean(sizes)), 2) if sizes else None,
                "first": dict(sorted(first_codes.items(), key=lambda each: -each[1])[:8]),
            }
        )
    )


if __name__ == "__main__":
    main()
