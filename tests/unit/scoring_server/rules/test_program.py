"""The program of rules says what the slow evaluation says, and lists end when they should."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring_server.catalogue import FEATURE_COUNT, FEATURE_INDEX, FEATURES
from scoring_server.kernels.dtypes import EVIDENCE_COUNT, JUDGEMENT, TRANSACTION
from scoring_server.kernels.rule_program import FIELDS, KEY_FIELDS
from scoring_server.rules.names import ENTITIES
from scoring_server.rules.rule_set import RuleSet, limits_of
from tests.oracles.rules import holds

SEVERITIES = np.array([20.0, 50.0, 80.0, 95.0])
DECISIONS = np.array([50.0, 80.0])
LIMITS = (limits_of(50.0, 50.0, 80.0), SEVERITIES, DECISIONS)
NUMBERS = ("amount", "mcc", "account_amount_z", "merchant_age_days", "account_tx_count_1h")
FLAGS = ("account_new_device", "is_weekend")

number_texts = st.deferred(
    lambda: (
        st.sampled_from(NUMBERS)
        | st.sampled_from(["0", "1", "2.5", "100", "-3"])
        | st.tuples(number_texts, st.sampled_from("+-*/"), number_texts).map(
            "({0[0]} {0[1]} {0[2]})".format
        )
        | st.tuples(st.sampled_from(["abs", "log10", "sqrt"]), number_texts).map(
            "{0[0]}({0[1]})".format
        )
        | st.tuples(st.sampled_from(["min", "max"]), number_texts, number_texts).map(
            "{0[0]}({0[1]}, {0[2]})".format
        )
    )
)
texts = st.sampled_from(
    [
        'currency == "EUR"',
        'channel in ("POS", "ATM")',
        'country not in ("DE", "FR")',
        'device == "d1"',
        'account in ("a1", "a2")',
        "given(device)",
        "not given(latitude_deg)",
        "amount not in (1, 2.5, 100)",
        *FLAGS,
    ]
)
conditions = st.recursive(
    texts
    | st.tuples(
        number_texts, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), number_texts
    ).map("{0[0]} {0[1]} {0[2]}".format)
    | st.tuples(number_texts, number_texts, number_texts).map("{0[0]} < {0[1]} <= {0[2]}".format),
    lambda inner: (
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map("({0[0]} {0[1]} {0[2]})".format)
        | inner.map("not ({})".format)
    ),
    max_leaves=6,
)


def toml(*whens: str, then: str = '"review"', mode: str = "live") -> dict[str, str]:
    rules = [
        f"[[rule]]\nname = \"r{number}\"\nwhen = '''{when}'''\nthen = {then}\nmode = \"{mode}\"\n"
        for number, when in enumerate(whens)
    ]
    return {"rules.toml": "\n".join(rules)}


def stream(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return features and transactions full of the values that decide."""
    random = np.random.default_rng(seed)
    features = random.choice([0.0, 0.5, 1.0, 2.5, 7.0, 100.0], (n, FEATURE_COUNT)).astype("f4")
    transactions = np.zeros(n, TRANSACTION)
    for name in ("amount", "price", "quantity"):
        transactions[name] = random.choice([0.0, 1.0, 2.5, 100.0, 1e9], n)
    transactions["latitude_deg"] = random.choice([math.nan, 0.0, 52.5], n)
    transactions["mcc"] = random.choice([0, 1, 100, 5411], n)
    for name, values in (("channel", (0, 1, 3)), ("kind", (0, 1)), ("side", (1, 2))):
        transactions[name] = random.choice(values, n)
    for name, entity in ENTITIES.items():
        keys = [0, *entity.keys(f"{name[0]}1"), *entity.keys("other")]
        transactions[KEY_FIELDS[entity.place]] = random.choice(np.array(keys, np.uint64), n)
    transactions["event_time_ns"] = np.arange(n) * 10
    return features, transactions


def run(rules: RuleSet, features: np.ndarray, transactions: np.ndarray) -> np.ndarray:
    judgements = np.zeros(len(transactions), JUDGEMENT)
    judgements["severity"] = judgements["decision"] = 1
    sequences = np.arange(1, len(transactions) + 1, dtype=np.uint64)
    rules.run(LIMITS, features, transactions, sequences, judgements)
    return judgements


@given(st.lists(conditions, min_size=1, max_size=5), st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_program_hits_what_the_tree_says(whens: list[str], seed: int) -> None:
    rules = RuleSet(toml(*whens))
    features, transactions = stream(seed, 16)
    judgements = run(rules, features, transactions)
    for row, transaction in enumerate(transactions):
        columns = {name: float(features[row, FEATURE_INDEX[name]]) for name in FEATURES}
        columns |= {name: float(transaction[name]) for name in FIELDS}
        keys = {place: int(transaction[name]) for place, name in enumerate(KEY_FIELDS)}
        kinds = ("both", "trade" if transaction["kind"] else "payment")
        expected = {
            EVIDENCE_COUNT + number
            for number, rule in enumerate(rules.rules)
            if rule.parsed is not None
            and rule.parsed.kind in kinds
            and holds(rule.parsed.condition, columns, keys)
        }
        told = judgements[row]["reason_index"][: judgements[row]["reason_count"]]
        assert set(told.tolist()) == expected
    assert rules.counts[:, 0].sum() == judgements["reason_count"].sum()


def test_shadow_rules_count_and_change_nothing() -> None:
    features, transactions = stream(1, 50)
    rules = RuleSet(toml("amount >= 0", then='"decline"', mode="shadow"))
    judgements = run(rules, features, transactions)
    assert rules.counts[0, 0] == 50
    assert not judgements["risk_score"].any()
    assert (judgements["decision"] == 1).all()
    assert not judgements["reason_count"].any()


def test_decisions_of_rules_move_the_risk_to_their_threshold() -> None:
    features, transactions = stream(2, 3)
    for then, decision, risk in (('"review"', 2, 50.0), ('"decline"', 3, 80.0), ("0.6", 2, 60.0)):
        judgements = run(RuleSet(toml("amount >= 0", then=then)), features, transactions)
        assert (judgements["decision"] == decision).all()
        assert np.allclose(judgements["risk_score"], risk, atol=1e-9)
        assert (judgements["reason_contribution"][:, 0] == 1.0).all()


def test_approval_gives_way_to_a_review_and_beats_the_detectors() -> None:
    features, transactions = stream(3, 2)
    approve = toml("amount >= 0", then='"approve"')
    judgements = np.zeros(2, JUDGEMENT)
    judgements["risk_score"] = 97.0
    sequences = np.array([1, 0], np.uint64)
    RuleSet(approve).run(LIMITS, features, transactions, sequences, judgements)
    assert judgements["decision"][0] == 1
    assert 49.9 < judgements["risk_score"][0] < 50.0
    # Scored by another worker: left alone.
    assert judgements["risk_score"][1] == 97.0
    review = toml("amount >= 0")["rules.toml"].replace("r0", "other")
    both = RuleSet({**approve, "more.toml": review})
    assert (run(both, features, transactions)["decision"] == 2).all()


def test_lists_hit_their_entity_until_they_expire() -> None:
    texts = {
        "lists.toml": """
        [[list]]
        name = "stolen"
        kind = "block"
        entity = "device"
        mode = "live"
        entries = [{ id = "d1", until = 1970-01-01T00:00:00.000001Z, note = "case 1" }, "d2"]
        """
    }
    features, transactions = stream(4, 4)
    transactions["device_key"] = [
        ENTITIES["device"].keys(each)[0] for each in ("d1", "d1", "d2", "d3")
    ]
    transactions["account_key"] = ENTITIES["device"].keys("d2")[0]
    transactions["event_time_ns"] = [999, 1_000, 5_000, 0]
    judgements = run(RuleSet(texts), features, transactions)
    assert judgements["decision"].tolist() == [3, 1, 3, 1]
