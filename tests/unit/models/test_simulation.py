"""Simulated histories: the same for the same seed, valid, with everything that is named."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from models.simulation.market import TRADE_SCENARIOS, TRADE_SCHEMA
from models.simulation.payments import simulate_payments
from models.simulation.rows import PAYMENT_SCENARIOS, PAYMENT_SCHEMA
from models.simulation.trades import simulate_trades
from scoring_server.replay.messages import transactions
from scoring_server.rpc.validation import check_transaction

DAY_NS = 86_400 * 10**9
KINDS = ["payments", "trades"]


def simulated(kind: str, count: int, seed: int, day_count: int = 75) -> pa.Table:
    run = simulate_payments if kind == "payments" else simulate_trades
    return run(count, seed, day_count)


@pytest.fixture(scope="module", params=KINDS)
def table(request: pytest.FixtureRequest) -> pa.Table:
    return simulated(request.param, 30_000, 7)


@pytest.fixture(scope="module")
def payments() -> pa.Table:
    return simulate_payments(60_000, 7)


@pytest.fixture(scope="module")
def trades() -> pa.Table:
    return simulate_trades(60_000, 7)


def of(table: pa.Table, scenario: str) -> pa.Table:
    return table.filter(pc.equal(table["scenario"], scenario))


def ns(column: Any) -> np.ndarray:
    return column.cast(pa.int64()).to_numpy()


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_gives_the_same_table(kind: str) -> None:
    assert simulated(kind, 2_000, 5).equals(simulated(kind, 2_000, 5))


@pytest.mark.parametrize("kind", KINDS)
def test_another_seed_gives_another_table(kind: str) -> None:
    assert not simulated(kind, 2_000, 5).equals(simulated(kind, 2_000, 6))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1_000, 1_001, 20_011])
def test_row_count_is_exact(kind: str, count: int) -> None:
    assert simulated(kind, count, 3).num_rows == count


@pytest.mark.parametrize(
    ("kind", "scenarios"), [("payments", PAYMENT_SCENARIOS), ("trades", TRADE_SCENARIOS)]
)
def test_even_the_shortest_history_has_every_scenario(kind: str, scenarios: Any) -> None:
    found = set(simulated(kind, 1_000, 1, 30)["scenario"].to_pylist())
    assert found == set(scenarios)


def test_schemas_are_the_documented_ones(payments: pa.Table, trades: pa.Table) -> None:
    assert payments.schema == PAYMENT_SCHEMA
    assert trades.schema == TRADE_SCHEMA


def test_every_row_passes_the_servers_validation(table: pa.Table) -> None:
    sample = table.take(pa.array(np.arange(0, table.num_rows, 11)))
    frauds = table.filter(pc.equal(table["label"], 1))
    for part in (sample, frauds):
        for transaction in transactions(part):
            assert check_transaction(transaction) == []


def test_ids_are_unique_and_rows_are_in_event_order(table: pa.Table) -> None:
    assert pc.count_distinct(table["transaction_id"]).as_py() == table.num_rows
    assert np.all(np.diff(ns(table["event_time"])) >= 0)


def test_history_stays_within_its_days(table: pa.Table) -> None:
    times = ns(table["event_time"])
    assert times[-1] - times[0] < 75 * DAY_NS
    assert times[-1] - times[0] > 70 * DAY_NS


def test_labels_agree_with_scenarios(table: pa.Table) -> None:
    genuine = pc.is_in(table["scenario"], pa.array(["", "news_jump"]))
    assert pc.all(pc.equal(pc.cast(genuine, pa.int8()), pc.subtract(1, table["label"]))).as_py()


def test_fraud_is_about_one_in_a_hundred(payments: pa.Table, trades: pa.Table) -> None:
    for each in (payments, trades):
        assert 0.005 <= pc.mean(each["label"]).as_py() <= 0.013


def test_every_fraud_becomes_known_and_never_before_it_happens(table: pa.Table) -> None:
    frauds = table.filter(pc.equal(table["label"], 1))
    assert frauds["label_time"].null_count == 0
    delays = ns(frauds["label_time"]) - ns(frauds["event_time"])
    assert delays.min() > 0
    assert delays.max() <= 60 * DAY_NS
    # Most of them take days: a label that comes at once would teach a model what nobody knows yet.
    assert np.median(delays) > DAY_NS


def test_few_genuine_transactions_are_ever_labelled(table: pa.Table) -> None:
    genuine = table.filter(pc.equal(table["label"], 0))
    known = genuine.num_rows - genuine["label_time"].null_count
    assert 0 < known < 0.02 * genuine.num_rows


def test_card_testing_tries_tiny_amounts_from_few_devices(payments: pa.Table) -> None:
    rows = of(payments, "card_testing")
    amounts = rows["amount_minor"].to_numpy()
    assert np.median(amounts) < np.median(payments["amount_minor"].to_numpy()) / 5
    assert pc.count_distinct(rows["device_id"]).as_py() < rows.num_rows / 5
    assert set(rows["channel"].to_pylist()) == {2}


def test_card_checks_for_nothing_are_made_by_testers_and_by_shops(payments: pa.Table) -> None:
    checks = payments.filter(pc.equal(payments["amount_minor"], 0))
    assert set(checks["scenario"].to_pylist()) == {"", "card_testing"}
    assert set(checks["channel"].to_pylist()) == {2}


def test_takeover_uses_a_device_that_the_account_never_had(payments: pa.Table) -> None:
    rows = of(payments, "account_takeover")
    own = set(payments.filter(pc.equal(payments["label"], 0))["device_id"].to_pylist())
    assert not own & set(rows["device_id"].to_pylist())
    assert set(rows["channel"].to_pylist()) == {4}
    assert "" not in rows["counterparty_account_id"].to_pylist()


def test_stolen_cards_spend_more_than_their_owners(payments: pa.Table) -> None:
    rows = of(payments, "stolen_card")
    owners = pc.is_in(payments["account_id"], pc.unique(rows["account_id"]))
    usual = payments.filter(pc.and_(owners, pc.equal(payments["label"], 0)))
    usual = usual.filter(pc.not_equal(usual["channel"], 4))
    stolen, normal = rows["amount_minor"].to_numpy(), usual["amount_minor"].to_numpy()
    assert np.median(stolen) > 2 * np.median(normal)


def test_compromised_terminals_gather_fraud_that_is_not_large(payments: pa.Table) -> None:
    rows = of(payments, "compromised_terminal")
    assert pc.count_distinct(rows["terminal_id"]).as_py() < rows.num_rows / 2
    assert "" not in rows["terminal_id"].to_pylist()


def test_structuring_stays_just_below_the_limit(payments: pa.Table) -> None:
    rows = of(payments, "structuring")
    amounts = rows["amount_minor"].to_numpy() / 100
    assert set(rows["currency"].to_pylist()) <= {"EUR", "GBP", "CHF"}
    assert amounts.min() >= 8_000
    assert amounts.max() < 10_000
    assert pc.count_distinct(rows["account_id"]).as_py() < rows.num_rows / 3


def test_mules_receive_from_many_and_pass_it_on(payments: pa.Table) -> None:
    rows = of(payments, "mule")
    payees = rows["counterparty_account_id"].to_pylist()
    hubs = {payee for payee in payees if payees.count(payee) >= 5}
    assert hubs
    assert hubs & set(rows["account_id"].to_pylist())


def test_japanese_amounts_have_no_decimals() -> None:
    table = simulate_payments(60_000, 2)
    yen = table.filter(pc.equal(table["currency"], "JPY"))["amount_minor"].to_numpy()
    euro = table.filter(pc.equal(table["currency"], "EUR"))["amount_minor"].to_numpy()
    assert 0.3 < np.median(yen) / (np.median(euro) * 1.6) < 3.0


def test_price_contrast_brings_all_shops_to_one_price() -> None:
    spreads = []
    for contrast in (1.0, 0.0):
        table = simulate_payments(20_000, 4, price_contrast=contrast)
        table = table.filter(pc.is_in(table["channel"], pa.array([1, 2])))
        euro = table.filter(pc.equal(table["currency"], "EUR"))
        means = euro.group_by("mcc").aggregate([("amount_minor", "approximate_median")])
        spreads.append(np.log(means["amount_minor_approximate_median"].to_numpy()).std())
    assert spreads[1] < spreads[0] / 2


def test_wash_trades_meet_their_own_owner_at_one_price(trades: pa.Table) -> None:
    rows = of(trades, "wash_trade").to_pydict()
    pairs: dict[tuple[str, str, int], set[int]] = {}
    for index, owner in enumerate(rows["owner_id"]):
        key = (owner, rows["instrument_id"][index], rows["price_nanos"][index])
        pairs.setdefault(key, set()).add(rows["side"][index])
    both = sum(sides == {1, 2} for sides in pairs.values())
    assert both > 0.8 * len(pairs)


def test_pump_raises_the_price_and_dump_lets_it_fall(trades: pa.Table) -> None:
    rows = of(trades, "pump_and_dump")
    first = rows["instrument_id"][0].as_py()
    one = rows.filter(pc.equal(rows["instrument_id"], first))
    buys = one.filter(pc.equal(one["side"], 1))["price_nanos"].to_numpy()
    sells = one.filter(pc.equal(one["side"], 2))["price_nanos"].to_numpy()
    assert buys.max() > 1.02 * buys[0]
    assert sells[-1] < buys.max()


def test_price_spike_prints_off_the_market_which_comes_back(trades: pa.Table) -> None:
    away, back = [], []
    columns = trades.select(["instrument_id", "price_nanos", "scenario"]).to_pydict()
    by_instrument: dict[str, list[tuple[int, str]]] = {}
    for instrument, price, scenario in zip(*columns.values(), strict=True):
        by_instrument.setdefault(instrument, []).append((price, scenario))
    for series in by_instrument.values():
        for before, spike, after in zip(series, series[1:], series[2:], strict=False):
            if [before[1], spike[1], after[1]] == ["", "price_spike", ""]:
                away.append(abs(np.log(spike[0] / before[0])))
                back.append(abs(np.log(after[0] / before[0])))
    assert np.median(away) > 5 * np.median(back)


def test_trades_happen_on_weekdays_in_market_hours(trades: pa.Table) -> None:
    hours = pc.hour(trades["event_time"]).to_numpy()
    assert hours.min() >= 8
    assert hours.max() <= 16
    assert pc.max(pc.day_of_week(trades["event_time"])).as_py() <= 4


def test_progress_rises_to_one() -> None:
    told: list[float] = []
    simulate_payments(1_000, 1, on_progress=lambda _what, ratio: told.append(ratio))
    assert told == sorted(told)
    assert told[-1] == 1.0
