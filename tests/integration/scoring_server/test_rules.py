"""User rules in a real server: they decide, are followed in their folder, and are proven."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from anomaly.v1.label_service_pb2 import LABEL_VALUE_LEGITIMATE
from anomaly.v1.scoring_service_pb2 import (
    DECISION_APPROVE,
    DECISION_DECLINE,
    DECISION_REVIEW,
)
from click.testing import CliRunner

from scoring_server.app import ScoringApplication
from scoring_server.engine.rule_backtest import backtest_rules
from scoring_server.errors import ConfigurationError
from scoring_server.receipts.again import replay
from scoring_server.receipts.receipt import find_receipt
from scoring_server.receipts.verify import verify_journal
from scoring_server.rpc.client import ScoringClient
from scoring_server.rule_commands import rules
from scoring_server.rules.rule_set import RuleSet, read_texts
from tests.integration.scoring_server.messages import label, payment
from tests.integration.scoring_server.test_server_life import scrape
from tests.support.waiting import eventually

BIG = """
[[rule]]
name = "big"
when = "amount >= 500 and currency == 'EUR'"
then = "{then}"
mode = "{mode}"
says = "A large amount."
"""
STOLEN = """
[[list]]
name = "stolen"
kind = "block"
entity = "device"
mode = "live"
entries = ["device-stolen"]
"""


@pytest.fixture
def rules_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "big.toml").write_text(BIG.format(then="review", mode="live"))
    (folder / "lists.toml").write_text(STOLEN)
    return folder


@pytest.fixture
def served(start: Callable[..., ScoringApplication], rules_dir: Path) -> ScoringApplication:
    return start(rules_dir=rules_dir, rules_watch_s=0.01)


@pytest.fixture
def client(served: ScoringApplication):
    with ScoringClient(served.target) as connected:
        connected.wait_ready()
        yield connected


def eventually_true(condition: Callable[[], bool]) -> None:
    async def holds() -> bool:
        return condition()

    asyncio.run(eventually(holds))


def hits(application: ScoringApplication, rule: str, mode: str) -> float:
    for line in scrape(application).splitlines():
        if line.startswith(f'anomaly_rule_hits_total{{mode="{mode}",rule="{rule}"}}'):
            return float(line.split()[-1])
    return 0.0


def test_live_rule_decides_with_its_reason_and_an_alert(client: ScoringClient) -> None:
    small = client.score(payment(1, amount_minor=1_000))
    assert (small.decision, small.alert_id) == (DECISION_APPROVE, "")
    big = client.score(payment(2, amount_minor=60_000))
    assert big.decision == DECISION_REVIEW
    assert big.risk_score >= 50.0
    assert big.alert_id
    reason = big.reasons[0]
    assert (reason.code, reason.sentence) == ("BIG", "A large amount.")
    assert (reason.value, reason.baseline) == (600.0, 500.0)
    batch = client.score_batch(
        [
            payment(3, amount_minor=1_000),
            payment(4, amount_minor=1_000, device_id="device-stolen"),
            payment(2, amount_minor=60_000),
        ]
    )
    results = [outcome.result for outcome in batch]
    assert [each.decision for each in results] == [
        DECISION_APPROVE,
        DECISION_DECLINE,
        DECISION_REVIEW,
    ]
    assert results[1].reasons[0].code == "BLOCK_LIST"
    assert results[2].replayed


def test_shadow_rule_is_counted_only(start, rules_dir: Path) -> None:
    (rules_dir / "big.toml").write_text(BIG.format(then="decline", mode="shadow"))
    application = start(rules_dir=rules_dir, rules_watch_s=0.0)
    with ScoringClient(application.target) as client:
        client.wait_ready()
        answer = client.score(payment(1, amount_minor=60_000))
    assert answer.decision == DECISION_APPROVE
    assert not any(reason.code == "BIG" for reason in answer.reasons)
    assert hits(application, "big", "shadow") == 1.0


def test_changed_folder_is_followed_and_a_faulty_one_is_not(
    client: ScoringClient, served: ScoringApplication, rules_dir: Path
) -> None:
    assert client.score(payment(1, amount_minor=60_000)).decision == DECISION_REVIEW
    (rules_dir / "big.toml").write_text(BIG.format(then="decline", mode="live"))
    history = served.config.data_dir / "rules_history.jsonl"
    eventually_true(lambda: '"changed": ["big"]' in history.read_text())
    # What is written down counts a moment later; hits are told when it does.
    assert hits(served, "big", "live") == 1.0
    assert client.score(payment(2, amount_minor=60_000)).decision == DECISION_DECLINE
    (rules_dir / "big.toml").write_text("[[rule]]\nname = 'big'")
    eventually_true(lambda: "anomaly_rules_refused 1.0" in scrape(served))
    assert client.score(payment(3, amount_minor=60_000)).decision == DECISION_DECLINE
    (rules_dir / "big.toml").unlink()
    eventually_true(lambda: "anomaly_rules_refused 0.0" in scrape(served))
    assert client.score(payment(4, amount_minor=60_000)).decision == DECISION_APPROVE
    # No hit is forgotten when the rules are replaced.
    assert hits(served, "big", "live") == 3.0


def test_faulty_folder_keeps_the_rules_of_before_over_a_restart(
    start, served: ScoringApplication, rules_dir: Path
) -> None:
    served.stop()
    (rules_dir / "big.toml").write_text("nonsense")
    again = start(rules_dir=rules_dir, rules_watch_s=0.0)
    with ScoringClient(again.target) as client:
        client.wait_ready()
        assert client.score(payment(1, amount_minor=60_000)).decision == DECISION_REVIEW


def test_first_start_with_a_faulty_folder_is_refused(start, rules_dir: Path) -> None:
    (rules_dir / "big.toml").write_text('[[rule]]\nname = "x"\nwhen = "amout > 1"\nthen = 0.1\n')
    with pytest.raises(ConfigurationError, match=r"big.toml:3:9: when: unknown name amout"):
        start(rules_dir=rules_dir)


def test_backtest_compares_hits_with_labels_and_alerts(
    client: ScoringClient, served: ScoringApplication, rules_dir: Path
) -> None:
    for number in range(40):
        amount = 60_000 if number % 4 == 0 else 1_000
        device = "device-stolen" if number == 1 else ""
        client.score(payment(number, amount_minor=amount, device_id=device))
    client.report_labels(
        [
            label("l-0", "tx-0"),
            label("l-1", "tx-1"),
            label("l-2", "tx-4", LABEL_VALUE_LEGITIMATE),
            label("l-3", "tx-3"),
        ]
    )
    data_dir = served.config.data_dir
    told = backtest_rules(RuleSet(read_texts(rules_dir)), data_dir)
    assert (told.transactions, told.frauds, told.skipped) == (40, 3, 0)
    big, stolen = told.rules
    assert (big.rule, big.hits, big.frauds, big.genuine) == ("big", 10, 1, 1)
    assert (big.precision, big.recall) == (0.5, 1 / 3)
    assert (stolen.hits, stolen.precision, stolen.recall) == (1, 1.0, 1 / 3)
    assert told.alerts_with == told.alerts_without + 11 - big.alerted - stolen.alerted
    arguments = ["backtest", str(rules_dir), "--data-dir", str(data_dir)]
    done = CliRunner().invoke(rules, arguments)
    assert "40 transactions, 3 known frauds, 0 skipped" in done.output
    assert "50.0%   33.3%" in done.output
    done = CliRunner().invoke(rules, [*arguments, "--json"])
    assert json.loads(done.output)["rules"][0]["hits"] == 10


def test_receipts_replay_decisions_of_rules_that_are_gone(
    client: ScoringClient, served: ScoringApplication, rules_dir: Path
) -> None:
    for number, amount in enumerate((60_000, 1_000)):
        client.score(payment(number, amount_minor=amount, device_id="device-stolen"))
    in_use = find_receipt(served.config.data_dir, payment(0).transaction_id).context.user_rules
    served.stop()
    for path in rules_dir.iterdir():
        path.unlink()
    for number in range(2):
        found = find_receipt(served.config.data_dir, payment(number).transaction_id)
        assert (replay(found).differences, replay(found).changed) == ([], [])
        assert found.result.decision == DECISION_DECLINE
    journal = served.config.data_dir / "journal"
    (journal / "contexts" / f"{in_use}.json").write_bytes(b"{}")
    journal_id = (journal / "journal_id").read_text().strip()
    faults = verify_journal(journal / "worker-0", journal_id, set()).faults
    assert any(f"the rules {in_use} of event" in fault for fault in faults)
