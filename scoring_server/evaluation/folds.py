"""Weeks to fit on and weeks to judge by, with the labels arriving late between them.

A fold fits on some days, waits until their labels have arrived, and is judged on the days after
that. Accounts that were known to be compromised before a day are not judged on it: their cards
would have been blocked.

Source: Le Borgne et al. 2022, Reproducible Machine Learning for Credit Card Fraud Detection,
    chapter 5.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring_server.errors import InvalidArgumentError

WEEK_DAYS: Final = 7
FRAUD: Final = 1


@dataclass(frozen=True, slots=True)
class Span:
    """The days of a fold; days are counted since the Unix epoch, UTC.

    Attributes:
        first_day: first day that is fitted on.
        train_days: how many days are fitted on.
        delay_days: days after them until their labels have arrived.
        test_days: days judged after that.
    """

    first_day: int
    train_days: int = WEEK_DAYS
    delay_days: int = WEEK_DAYS
    test_days: int = WEEK_DAYS

    @property
    def test_first_day(self) -> int:
        """First day that is judged."""
        return self.first_day + self.train_days + self.delay_days

    @property
    def end_day(self) -> int:
        """Day after the last one that is judged."""
        return self.test_first_day + self.test_days


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows to fit on and rows to judge by, ascending.

    Attributes:
        span: its days.
        train: positions of the rows fitted on.
        test: positions of the rows judged.
    """

    span: Span
    train: NDArray[np.int64]
    test: NDArray[np.int64]


def cut_fold(span: Span, days: NDArray[Any], accounts: NDArray[Any], labels: NDArray[Any]) -> Fold:
    """Return the rows of a fold; rows without a label (-1) are in neither part.

    Args:
        span: the days.
        days: day of each row, ascending.
        accounts: account of each row, anything that sorts.
        labels: 1 fraud, 0 legitimate, -1 unknown.

    Raises:
        InvalidArgumentError: one of the parts has no fraud, or nothing else.
    """
    _, account_index = np.unique(accounts, return_inverse=True)
    compromised = np.zeros(account_index.max(initial=-1) + 1, dtype=bool)
    train = _rows_of(days, span.first_day, span.first_day + span.train_days)
    compromised[account_index[train][labels[train] == FRAUD]] = True
    parts: list[NDArray[np.int64]] = []
    for passed in range(span.test_days):
        # What happened `delay_days` before the day judged, and everything earlier, is known.
        known_day = span.first_day + span.train_days + passed - 1
        known = _rows_of(days, known_day, known_day + 1)
        compromised[account_index[known][labels[known] == FRAUD]] = True
        judged_day = span.test_first_day + passed
        judged = _rows_of(days, judged_day, judged_day + 1)
        parts.append(judged[~compromised[account_index[judged]] & (labels[judged] >= 0)])
    train = train[labels[train] >= 0]
    test = np.concatenate(parts)
    for what, rows in (("fitted on", train), ("judged", test)):
        frauds = int(np.count_nonzero(labels[rows] == FRAUD))
        if not 0 < frauds < len(rows):
            raise InvalidArgumentError(
                f"the days {what} of the fold that starts on {iso_of(span.first_day)} must have "
                f"frauds and genuine transactions, have {frauds} frauds in {len(rows)} rows"
            )
    return Fold(span, train, test)


def weekly_spans(days: NDArray[Any]) -> list[Span]:
    """Return a span a week, for as many weeks as the days hold whole; the first day is left out.

    A history seldom starts at midnight, and its first day knows nobody.
    """
    first, end = int(days[0]) + 1, int(days[-1]) + 1
    return [Span(day) for day in range(first, end, WEEK_DAYS) if Span(day).end_day <= end]


def holdout_span(days: NDArray[Any], train_ratio: float = 0.7) -> Span:
    """Return one span over all days: the first part fitted on, the rest judged, a week between.

    Raises:
        InvalidArgumentError: there are fewer than ten days.
    """
    first, end = int(days[0]), int(days[-1]) + 1
    usable = end - first - WEEK_DAYS
    train_days = round(train_ratio * usable)
    if train_days < 1 or usable - train_days < 1:
        raise InvalidArgumentError(
            f"a holdout needs a history of at least 10 days, this one has {end - first}"
        )
    return Span(first, train_days, WEEK_DAYS, usable - train_days)


def day_of(text: str) -> int:
    """Return the number of an ISO date.

    Raises:
        InvalidArgumentError: it is no date.
    """
    try:
        return int(np.datetime64(text, "D").astype(np.int64))
    except ValueError:
        raise InvalidArgumentError(f"a day must be a date such as 2026-01-31, was {text}") from None


def iso_of(day: int) -> str:
    """Return a day as an ISO date."""
    return str(np.datetime64(day, "D"))


def _rows_of(days: NDArray[Any], start: int, end: int) -> NDArray[np.int64]:
    first, last = np.searchsorted(days, [start, end], side="left")
    return np.arange(first, last, dtype=np.int64)
