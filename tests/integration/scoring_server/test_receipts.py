"""Receipts of a real server's decisions: replayed, exported, checked."""

import hashlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from anomaly.v1.event_service_pb2 import Event

from scoring_server.app import build
from scoring_server.catalogue import FEATURES
from scoring_server.config import ScoringConfig
from scoring_server.errors import NotFoundError
from scoring_server.journal.chain import link_after
from scoring_server.journal.segment import segment_paths
from scoring_server.receipts.again import decide_again, replay
from scoring_server.receipts.explain import explain, model_of
from scoring_server.receipts.exported import exported
from scoring_server.receipts.receipt import find_receipt, proof_of
from scoring_server.rpc.client import ScoringClient
from tests.integration.scoring_server.conftest import CAPACITIES
from tests.integration.scoring_server.messages import label, payment, trade

# `RECEIPTS=10000` is the long form.
COUNT = int(os.environ.get("RECEIPTS", "400"))
MODELS = Path(__file__).parents[3] / "models"


def random_payment(number: int, drawn: random.Random):
    amount = drawn.choice([500, 999_900, drawn.randrange(100, 5_000_000)])
    return payment(
        number,
        after_s=number * drawn.choice([1, 60]),
        account_id=f"account-{drawn.randrange(40)}",
        terminal_id=f"terminal-{drawn.randrange(9)}",
        device_id=f"device-{drawn.randrange(20)}" if drawn.random() < 0.7 else "",
        amount_minor=amount,
    )


@pytest.fixture(scope="module", params=["model", "no model"])
def scored(request, tmp_path_factory):
    """Return the data directory of a stopped server and the ids that it scored."""
    folder = tmp_path_factory.mktemp("receipts")
    config = replace(
        ScoringConfig(grpc_port=0, metrics_port=0, capacities=CAPACITIES),
        data_dir=folder / "data",
        model_dir=MODELS if request.param == "model" else folder / "no-models",
        journal_segment_events_max=1_000,
        receipt_checkpoint_events=50,
    )
    application = build(config)
    application.start()
    drawn = random.Random(11)
    transactions = [random_payment(number, drawn) for number in range(COUNT)]
    transactions += [trade(number) for number in range(COUNT // 4)]
    with ScoringClient(application.target) as client:
        for first in range(0, len(transactions), 100):
            client.score_batch(transactions[first : first + 100])
            client.report_labels([label(f"l{first}", "tx-0")])
    application.stop()
    return config.data_dir, [each.transaction_id for each in transactions]


def test_every_decision_replays_to_the_same_answer(scored):
    data_dir, ids = scored
    risks = set()
    for transaction_id in ids:
        receipt = find_receipt(data_dir, transaction_id)
        assert receipt.result.transaction_id == transaction_id
        found = replay(receipt)
        assert (found.differences, found.changed) == ([], [])
        risks.add(receipt.result.risk_score)
    assert len(risks) > len(ids) // 10


def test_another_feature_gives_another_answer(scored):
    receipt = find_receipt(scored[0], scored[1][-COUNT // 2])
    assert decide_again(receipt) == receipt.result
    receipt.evidence.features["account_amount_ratio"] *= 50.0
    receipt.evidence.features["account_event_count"] += 100.0
    names = [each.field for each in replay(receipt).differences]
    assert "risk_score" in names
    assert "transaction_id" not in names


def test_export_ties_the_event_to_a_signature(scored):
    receipt = find_receipt(scored[0], scored[1][60])
    said = exported(receipt)
    proof = proof_of(receipt)
    assert proof.checkpoint is not None
    assert proof.previous_link is not None
    link = link_after(bytes.fromhex(proof.previous_link), bytes.fromhex(said["digest"]))
    assert link.hex() == said["link"]
    for digest in proof.digests:
        link = link_after(link, bytes.fromhex(digest))
    assert link.hex() == proof.checkpoint.link
    assert proof.checkpoint.is_signed()
    assert set(said["features"]) <= set(FEATURES)
    content = (scored[0] / "journal" / "contexts" / f"{said['context_sha256']}.json").read_bytes()
    assert hashlib.sha256(content).hexdigest() == said["context_sha256"]


def anomaly(data_dir, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "scoring_server.cli", "receipt", *arguments],
        env=os.environ | {"DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_commands_replay_export_and_say_what_is_missing(scored):
    data_dir, ids = scored
    done = anomaly(data_dir, "replay", ids[3])
    assert (done.returncode, done.stdout.split(", ")[-1]) == (0, "0 differences\n"), done.stderr
    assert json.loads(anomaly(data_dir, "replay", ids[3], "--json").stdout)["replay"] == {
        "differences": [],
        "changed": [],
    }
    assert json.loads(anomaly(data_dir, "export", ids[3]).stdout)["transaction_id"] == ids[3]
    missing = anomaly(data_dir, "replay", "tx-unknown")
    assert missing.returncode == 1
    assert "must hold the transaction tx-unknown" in missing.stderr
    assert anomaly(data_dir, "verify").returncode == 0


def test_explanations_are_made_from_the_journal_alone(scored):
    data_dir, ids = scored
    receipts = [find_receipt(data_dir, each) for each in ids]
    alerted = [each for each in receipts if each.result.risk_score >= 50.0]
    assert alerted
    told = [explain(each, model_of(each, MODELS)) for each in alerted]
    assert any(each.counterfactuals for each in told)
    for each in told:
        assert all(found.risk_score < 50.0 for found in each.counterfactuals)
    with_model = alerted[0].context.model is not None
    assert any(each.attributions for each in told) == with_model
    approved = next(each for each in receipts if each.result.risk_score < 50.0)
    assert explain(approved, model_of(approved, MODELS)).counterfactuals == []


def test_missing_context_is_named_by_both(scored, tmp_path):
    shutil.copytree(scored[0], tmp_path / "data")
    for context in (tmp_path / "data" / "journal" / "contexts").iterdir():
        context.write_bytes(context.read_bytes() + b" ")
    with pytest.raises(NotFoundError, match="missing or altered"):
        find_receipt(tmp_path / "data", scored[1][3])
    done = anomaly(tmp_path / "data", "verify")
    assert done.returncode == 1
    assert "of event 1 is missing or was altered" in done.stdout


def rewritten(data_dir, transaction_id, change, folder):
    """Copy a data directory and change the bytes of an event, but not its link."""
    shutil.copytree(data_dir, folder)
    record = find_receipt(folder, transaction_id).event.record
    for path in segment_paths(folder / "journal" / "worker-0"):
        with sqlite3.connect(path) as connection:
            update = "UPDATE events SET payload = ? WHERE sequence = ?"
            connection.execute(update, (change(record.payload), record.sequence))
        connection.close()
    return folder


def raised(payload: bytes) -> bytes:
    event = Event.FromString(payload)
    event.scored_transaction.result.risk_score += 1.0
    return event.SerializeToString()


def test_altered_answer_is_shown(scored, tmp_path):
    data_dir = rewritten(scored[0], scored[1][5], raised, tmp_path / "data")
    done = anomaly(data_dir, "replay", scored[1][5])
    assert done.returncode == 1
    assert done.stdout.startswith("risk_score: recorded ")


def test_broken_event_is_said_without_a_trace(scored, tmp_path):
    data_dir = rewritten(scored[0], scored[1][5], lambda payload: payload[:-1], tmp_path / "data")
    done = anomaly(data_dir, "replay", scored[1][5])
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("holds what was never written")
    assert "Traceback" not in done.stderr
