"""What is wrong in a file of rules is named with its place and with what is allowed."""

import pytest

from scoring_server.rules.rule_set import RulesError, RuleSet, content_of, texts_of

GOOD = """
[[rule]]
name = "burst"
when = "account_tx_count_1h > 10 and account_amount_z > 3"
then = "review"
"""


def faults_of(text: str) -> list[str]:
    with pytest.raises(RulesError) as caught:
        RuleSet({"a.toml": text})
    return [str(fault) for fault in caught.value.faults]


def test_rule_is_shadow_and_named_by_its_code_unless_it_says_otherwise() -> None:
    (rule,) = RuleSet({"a.toml": GOOD}).rules
    assert (rule.mode, rule.code, rule.place.line) == ("shadow", "BURST", 2)
    assert rule.says == "Rule burst: account_tx_count_1h > 10 and account_amount_z > 3."


def test_digest_is_of_the_texts_whatever_their_order() -> None:
    one, other = {"a.toml": GOOD, "b.toml": ""}, {"b.toml": "", "a.toml": GOOD}
    assert RuleSet(one).sha256 == RuleSet(other).sha256
    assert texts_of(content_of(one)) == one


@pytest.mark.parametrize(
    ("when", "column", "part"),
    [
        ("acount_tx_count_1h > 10", 9, "did you mean account_tx_count_1h"),
        ("amount > 10 and", 24, "cannot be read"),
        ("amount", 9, "`amount` is a number; compare it"),
        ("amount > 1 and device", 24, "`device` is a text"),
        ('amount > "x"', 18, "a text can be compared by"),
        ('currency == "euro"', 21, "3 capital letters"),
        ('channel == "ECOMM"', 20, 'did you mean "ECOM"'),
        ("__import__('os').system('x')", 9, "allowed functions"),
        ("amount.real > 1", 9, "must be a number"),
        ("[x for x in (1,)] == 1", 9, "must be a number"),
        ("(lambda: 1)() > 1", 9, "allowed functions"),
        ("amount ** 2 > 1", 9, "must be a number"),
        ("amount > 1e999", 18, "finite"),
        ("abs(1, 2) > 1", 9, "takes 1 value"),
        ("merchant_age_days < 1 and price > 2", 9, "write one rule for each"),
        ("given(amount_z)", 15, "given() takes one of"),
        ("amount in 5", 19, "after `in`"),
        ("(" * 300 + "amount" + ")" * 300, 208, "cannot be read"),
        ("not " * 200 + "is_weekend", 169, "nested"),
    ],
)  # fmt: skip
def test_faults_of_conditions_point_at_the_column(when: str, column: int, part: str) -> None:
    quoted = when.replace('"', "'") if '"' in when else when
    text = f'[[rule]]\nname = "r"\nthen = 0.5\nwhen = "{quoted}"\n'
    (fault,) = faults_of(text)
    assert fault.startswith("a.toml:4:")
    assert part in fault
    assert int(fault.split(":")[2]) == column


def test_column_is_exact_also_in_texts_of_several_lines() -> None:
    text = '[[rule]]\nname = "r"\nthen = 0.5\nwhen = """\namount > 1\n  and amout > 2"""\n'
    (fault,) = faults_of(text)
    assert fault.startswith("a.toml:6:7: when: unknown name amout; did you mean amount")


@pytest.mark.parametrize(
    ("old", "new", "place", "part"),
    [
        ('"review"', '"refuse"', "5:8", 'then must be "approve" or "review" or "decline"'),
        ('"review"', "1.5", "5:8", "was 1.5"),
        ("then", "than", "5:8", "did you mean then"),
        ('"burst"', '"Burst!"', "3:8", "small letters"),
        ('then = "review"', 'then = "review"\nmode = "on"', "6:8", "shadow, live"),
        ('then = "review"', 'then = "review"\ncode = "PEER_AMOUNT"', "6:8", "detector's own"),
        ("[[rule]]", "[[rules]]", "", "allowed are [[rule]], [[list]]"),
        ('"burst"', "burst", "3:8", "is no TOML"),
    ],
)
def test_faults_of_rules_name_what_is_allowed(old: str, new: str, place: str, part: str) -> None:
    faults = faults_of(GOOD.replace(old, new))
    assert any(fault.startswith(f"a.toml:{place}" if place else "a.toml") for fault in faults)
    assert any(part in fault for fault in faults)


def test_names_are_unique_over_all_files() -> None:
    with pytest.raises(
        RulesError, match=r"b.toml:3:8: name must be unique; burst stands at a.toml:2"
    ):
        RuleSet({"a.toml": GOOD, "b.toml": GOOD})


def test_list_without_entries_or_with_a_wrong_one_is_refused() -> None:
    head = '[[list]]\nname = "l"\nkind = "block"\nentity = "device"\n'
    assert "entries must be given" in faults_of(head)[0]
    assert (
        "until of entry 2" in faults_of(head + 'entries = ["a", { id = "b", until = "soon" }]')[0]
    )
    assert "did you mean device" in faults_of(head.replace('"device"', '"devcie"'))[0]
