"""User rules of the scoring server, as the gateway speaks of them."""

from enum import StrEnum

import msgspec


class RuleMode(StrEnum):
    """Whether a rule decides, or is only counted."""

    SHADOW = "SHADOW"
    LIVE = "LIVE"


class RuleFault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong.

    Attributes:
        file: empty when it is about the whole set.
        line: from 1; 0 when it is about the whole file.
        column: from 1, in characters; 0 likewise.
        message: what was wrong, what is allowed, what was found.
    """

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        """Return it as compilers write it."""
        place = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.file}{place}: {self.message}"


class RuleInUse(msgspec.Struct, frozen=True, kw_only=True):
    """A rule, or a list of ids, that counts.

    Attributes:
        then: `approve`, `review`, `decline`, or the strength of its evidence.
        when: its condition; for a list, how many ids of which kind.
        line: where it begins, from 1.
    """

    name: str
    mode: RuleMode
    then: str
    when: str
    file: str
    line: int


class RulesShown(msgspec.Struct, frozen=True, kw_only=True):
    """One file of rules, and what counts.

    Attributes:
        files: names of all files.
        revision: of the set in the folder, 64 hexadecimal digits.
        revision_in_use: of the set that counts.
        faults: why what lies in the folder does not count; empty when it does.
    """

    file: str
    text: str
    files: list[str]
    revision: str
    revision_in_use: str
    rules: list[RuleInUse]
    faults: list[RuleFault]


class RulesChecked(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a set; how many rules and lists it has, and live ones, when nothing is."""

    faults: list[RuleFault]
    rules: int
    live: int


class RuleFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule would have hit.

    Attributes:
        alerted: of the hits, such that the detectors raise an alert for anyway.
        frauds: of the hits, known ones; genuine likewise.
        precision: frauds among the hits whose label is known, 0 to 1; None without one.
        recall: share of all known frauds, 0 to 1; None without one.
    """

    rule: str
    mode: RuleMode
    hits: int
    alerted: int
    frauds: int
    genuine: int
    precision: float | None
    recall: float | None


class RulesBacktested(msgspec.Struct, frozen=True, kw_only=True):
    """What a set would have hit among all recorded transactions.

    Attributes:
        skipped: transactions that were recorded under another feature catalogue.
        alerts_without: of the detectors alone; alerts_with: with the live rules of the set.
    """

    transactions: int
    skipped: int
    frauds: int
    alerts_without: int
    alerts_with: int
    rules: list[RuleFigures]
