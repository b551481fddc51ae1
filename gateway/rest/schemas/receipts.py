"""Bodies that prove and explain a decision."""

from typing import Any

from msgspec import Struct


class ReplayDifferenceBody(Struct):
    """A field of the answer that comes out otherwise when it is decided again."""

    field: str
    recorded: str
    replayed: str


class ReplayBody(Struct):
    """What comes out when the decision is made again from what was recorded.

    `changed` says what is no longer as it was then: `rules`, `catalogue`.
    """

    is_same: bool
    differences: list[ReplayDifferenceBody]
    changed: list[str]


class ReceiptBody(Struct):
    """All that is kept of a decision, bytes in hexadecimal digits, and a replay of it."""

    receipt: dict[str, Any]
    replay: ReplayBody


class ReceiptEnvelope(Struct):
    """One receipt."""

    data: ReceiptBody


class AttributionBody(Struct):
    """What one feature adds to the model's score; `contribution` is a share, 0 to 1."""

    feature: str
    value: float
    baseline: float
    contribution: float
    sentence: str


class CounterfactualBody(Struct):
    """Changes that together would have been enough for approval, confirmed by scoring again.

    `amount_below` is in major units, null where the amount stays.
    """

    codes: list[str]
    amount_below: float | None
    risk_score: float
    sentence: str


class DecisionExplanationBody(Struct):
    """Why a decision came out as it did, beside its reasons."""

    attributions: list[AttributionBody]
    counterfactuals: list[CounterfactualBody]


class DecisionExplanationEnvelope(Struct):
    """One explanation."""

    data: DecisionExplanationBody
