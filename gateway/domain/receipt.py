"""How a decision of the scoring server is proved and explained."""

from typing import Any

import msgspec


class ReplayDifference(msgspec.Struct, frozen=True):
    """A field of an answer that comes out otherwise when it is decided again."""

    field: str
    recorded: str
    replayed: str


class Receipt(msgspec.Struct, frozen=True):
    """A recorded decision.

    Attributes:
        content: all that is kept of it, as `anomaly receipt export` writes it.
        differences: what a replay gives otherwise; empty when the decision is the same.
        changed: what is no longer as it was then: rules, catalogue.
    """

    content: dict[str, Any]
    differences: tuple[ReplayDifference, ...]
    changed: tuple[str, ...]


class Attribution(msgspec.Struct, frozen=True):
    """What one feature adds to the model's score.

    Attributes:
        feature: its name.
        value: what it was.
        baseline: what is usual.
        contribution: share of all that raises the score, 0 to 1.
        sentence: the same for people.
    """

    feature: str
    value: float
    baseline: float
    contribution: float
    sentence: str


class Counterfactual(msgspec.Struct, frozen=True):
    """Changes that would have been enough for approval.

    Attributes:
        codes: of the changes, at most three.
        amount_below: in major units; None where the amount stays.
        risk_score: what the changed payment scores, 0 to 100.
        sentence: the same for people.
    """

    codes: tuple[str, ...]
    amount_below: float | None
    risk_score: float
    sentence: str


class DecisionExplanation(msgspec.Struct, frozen=True):
    """Why a decision came out as it did, beside its reasons."""

    attributions: tuple[Attribution, ...]
    counterfactuals: tuple[Counterfactual, ...]
