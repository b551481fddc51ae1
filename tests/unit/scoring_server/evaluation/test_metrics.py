"""The measures against rankings whose value can be told by hand."""

import math

import numpy as np

from scoring_server.evaluation.metrics import auc_roc, average_precision, card_precision_at

LABELS = np.array([0, 0, 1, 1])
SCORES = np.array([0.1, 0.4, 0.35, 0.8])


def test_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    assert auc_roc(LABELS, SCORES) == 0.75


def test_average_precision_weighs_precision_by_recall_steps() -> None:
    # Ranks 1 and 3 hold the frauds: half of the recall at precision 1, half at 2/3.
    assert math.isclose(average_precision(LABELS, SCORES), 0.5 * 1 + 0.5 * 2 / 3)


def test_one_class_alone_has_no_ranking() -> None:
    assert math.isnan(auc_roc(np.zeros(3), np.arange(3)))
    assert math.isnan(average_precision(np.ones(3), np.arange(3)))


def card_precision(k: int, rows: list[tuple[int, str, float, int]]) -> float:
    days, accounts, scores, labels = (np.array(column) for column in zip(*rows, strict=True))
    return card_precision_at(k, days, accounts, scores, labels)


def test_card_precision_ranks_accounts_by_their_highest_score() -> None:
    rows = [
        (1, "a", 0.2, 0),
        (1, "a", 0.9, 0),
        (1, "b", 0.8, 1),
        (1, "c", 0.7, 1),
        (1, "d", 0.1, 1),
    ]
    assert card_precision(2, rows) == 0.5


def test_account_is_compromised_on_the_day_by_any_of_its_transactions() -> None:
    assert card_precision(1, [(1, "a", 0.9, 0), (1, "a", 0.1, 1), (1, "b", 0.8, 0)]) == 1.0


def test_detected_account_leaves_the_game_and_others_move_up() -> None:
    rows = [
        (1, "a", 0.9, 1),
        (1, "b", 0.5, 0),
        (2, "a", 0.9, 1),
        (2, "b", 0.5, 0),
    ]
    assert card_precision(1, rows) == (1 + 0) / 2


def test_account_that_was_not_among_the_top_stays_in_the_game() -> None:
    rows = [(1, "a", 0.1, 1), (1, "b", 0.5, 0), (2, "a", 0.9, 1), (2, "b", 0.5, 0)]
    assert card_precision(1, rows) == (0 + 1) / 2


def test_day_with_fewer_accounts_than_k_still_divides_by_k() -> None:
    assert card_precision(4, [(1, "a", 0.9, 1)]) == 0.25


def test_equal_scores_rank_by_account() -> None:
    rows = [(1, "b", 0.5, 1), (1, "a", 0.5, 0)]
    assert card_precision(1, rows) == 0.0
    assert card_precision(1, [(1, "a", 0.5, 1), (1, "b", 0.5, 0)]) == 1.0


def test_no_transactions_have_no_precision() -> None:
    empty = np.array([], dtype=np.int64)
    assert math.isnan(card_precision_at(100, empty, empty, empty, empty))
