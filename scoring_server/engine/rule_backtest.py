"""What rules would have hit among the transactions that a journal holds, before they count.

The features are those recorded with each decision, so nothing is replayed: what a rule saw at the
time is exactly what it would see here. The detectors judge again without any user rules, so that
hits can be compared with the alerts that would have been raised anyway.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from scoring_server.engine.assessment import matrix_of
from scoring_server.engine.engine import threshold_of
from scoring_server.engine.evidence import DIGEST_SIZE, Context, Evidence, read_evidence
from scoring_server.errors import NotFoundError
from scoring_server.inference.onnx_model import ModelIdentity
from scoring_server.journal.contexts import Contexts
from scoring_server.journal.journal import KIND_LABEL
from scoring_server.journal.segment import Segment, segment_paths
from scoring_server.kernels import dtypes, judge_again
from scoring_server.kernels.combine import combine_block
from scoring_server.kernels.rule_effects import ALERTED, HITS
from scoring_server.rules.rule_set import RuleSet

_judge_block: Callable[..., None] = judge_again.judge_block

_PAGE: Final = 2_000
FRAUD, GENUINE, UNKNOWN = range(3)


class RuleFigures(msgspec.Struct, frozen=True):
    """What one rule would have hit.

    Attributes:
        rule: its name.
        mode: shadow or live.
        hits: transactions.
        alerted: of these, such that the detectors raise an alert for anyway.
        frauds: of these, known frauds.
        genuine: of these, known to be genuine.
        precision: frauds among the hits whose label is known; None without one.
        recall: share of all known frauds; None without one.
    """

    rule: str
    mode: str
    hits: int
    alerted: int
    frauds: int
    genuine: int
    precision: float | None
    recall: float | None


class Backtested(msgspec.Struct, frozen=True):
    """What a set of rules would have done.

    Attributes:
        transactions: that were looked at.
        skipped: that hold no features of the present catalogue.
        frauds: known among the transactions.
        alerts_without: alerts of the detectors alone.
        alerts_with: with the live rules of the set.
        rules: by rule, in the order of the set.
    """

    transactions: int
    skipped: int
    frauds: int
    alerts_without: int
    alerts_with: int
    rules: list[RuleFigures]


class _Part(NamedTuple):
    """Transactions that were decided in one context."""

    context: Context
    records: NDArray[Any]
    rows: NDArray[Any]
    ml: NDArray[np.float64]


def backtest_rules(
    rules: RuleSet, data_dir: Path, on_progress: Callable[[int], None] = lambda _events: None
) -> Backtested:
    """Return what rules would have hit among all transactions in a data directory.

    Needs no server and may run beside one.

    Args:
        rules: not in use elsewhere.
        data_dir: with a journal.
        on_progress: called with the number of events read since the last call.

    Raises:
        NotFoundError: there is no journal.
    """
    journal = data_dir / "journal"
    directories = sorted(journal.glob("worker-*"))
    if not directories:
        raise NotFoundError(f"{data_dir} must hold a journal", reason="JOURNAL_MISSING")
    labels = _labels(directories)
    # Hits and alerted hits by what is known of the transaction.
    counts = np.zeros((3, len(rules.rules), 2), np.int64)
    totals = {"transactions": 0, "skipped": 0, "frauds": 0, "without": 0, "with": 0}
    for part, skipped in _parts(journal, directories, on_progress):
        totals["skipped"] += skipped
        if part is None:
            continue
        before = _judged(part)
        known = np.array([labels.get(int(key), UNKNOWN) for key in part.rows["transaction_key"]])
        alert_threshold = part.context.settings.alert_threshold
        totals["transactions"] += len(known)
        totals["frauds"] += int((known == FRAUD).sum())
        totals["without"] += int((before["risk_score"] >= alert_threshold).sum())
        for label in (FRAUD, GENUINE, UNKNOWN):
            chosen = np.flatnonzero(known == label)
            after = before[chosen]
            rules.counts[:] = 0
            rules.run(
                part.context.settings.rule_limits(),
                np.ascontiguousarray(matrix_of(part.records)[chosen]),
                part.rows[chosen],
                np.ones(len(chosen), np.uint64),
                after,
            )
            counts[label] += rules.counts
            totals["with"] += int((after["risk_score"] >= alert_threshold).sum())
    rules.counts[:] = 0
    figures = [
        _figures(rule.name, rule.mode, counts[:, number], totals["frauds"])
        for number, rule in enumerate(rules.rules)
    ]
    return Backtested(
        totals["transactions"], totals["skipped"], totals["frauds"], totals["without"],
        totals["with"], figures,
    )  # fmt: skip


def count_events(data_dir: Path) -> int:
    """Return about how many events a data directory holds, for showing progress."""
    count = 0
    for directory in (data_dir / "journal").glob("worker-*"):
        for path in segment_paths(directory):
            segment = Segment(path)
            try:
                segment.inspect()
                count += segment.last_sequence - segment.first_sequence + 1
            finally:
                segment.close_reader()
    return max(count, 0)


def _figures(name: str, mode: str, counts: NDArray[np.int64], frauds: int) -> RuleFigures:
    hit = counts[:, HITS].tolist()
    known = hit[FRAUD] + hit[GENUINE]
    return RuleFigures(
        name,
        mode,
        sum(hit),
        int(counts[:, ALERTED].sum()),
        hit[FRAUD],
        hit[GENUINE],
        hit[FRAUD] / known if known else None,
        hit[FRAUD] / frauds if frauds else None,
    )


def _judged(part: _Part) -> NDArray[Any]:
    """Return what the detectors and the recorded score of the model make of transactions."""
    settings, kept = part.context.settings, part.context.model
    model = None
    if kept is not None:
        model = ModelIdentity(kept.name, kept.version, kept.sha256, kept.threshold, (), 0)
    judgements = np.zeros(len(part.rows), dtypes.JUDGEMENT)
    _judge_block(part.records, part.rows, judgements)
    combine_block(
        judgements,
        part.ml,
        threshold_of(model),
        settings.weights(),
        settings.severity_thresholds(),
        settings.decision_thresholds(),
    )
    return judgements


def _labels(directories: Sequence[Path]) -> dict[int, int]:
    """Return what is known of transactions by their key."""
    sums: dict[int, list[int]] = {}
    for event in _events(directories):
        if event.record.kind == KIND_LABEL:
            label = np.frombuffer(event.record.row, dtypes.LABEL)[0]
            known = sums.setdefault(int(label["transaction_key"]), [0, 0])
            known[FRAUD] += int(label["fraud_delta"])
            known[GENUINE] += int(label["legitimate_delta"])
    return {
        key: FRAUD if known[FRAUD] > 0 else GENUINE for key, known in sums.items() if any(known)
    }


def _parts(
    journal: Path, directories: Sequence[Path], on_progress: Callable[[int], None]
) -> Iterator[tuple[_Part | None, int]]:
    """Give transactions context by context, and how many could not be read."""
    contexts: dict[bytes, Context | None] = {}
    gathered: dict[bytes, list[tuple[bytes, bytes]]] = {}
    waiting = 0
    for event in _events(directories):
        waiting += 1
        if event.record.kind == KIND_LABEL:
            continue
        content = event.evidence or b""
        gathered.setdefault(content[:DIGEST_SIZE], []).append((event.record.row, content))
        if waiting >= _PAGE:
            yield from _together(journal, contexts, gathered)
            on_progress(waiting)
            gathered, waiting = {}, 0
    yield from _together(journal, contexts, gathered)
    on_progress(waiting)


def _together(
    journal: Path,
    contexts: dict[bytes, Context | None],
    gathered: dict[bytes, list[tuple[bytes, bytes]]],
) -> Iterator[tuple[_Part | None, int]]:
    skipped = 0
    for digest, events in gathered.items():
        if digest not in contexts:
            kept = Contexts(journal).get(digest)
            contexts[digest] = msgspec.json.decode(kept, type=Context) if kept else None
        context = contexts[digest]
        if context is None:
            skipped += len(events)
            continue
        found: list[tuple[bytes, Evidence]] = []
        for row, content in events:
            try:
                found.append((row, read_evidence(content, context.feature_count)))
            except ValueError:
                skipped += 1
        if not found:
            continue
        rows = np.frombuffer(b"".join(row for row, _ in found), dtypes.TRANSACTION).copy()
        records = np.concatenate([evidence.features for _, evidence in found])
        yield _Part(context, records, rows, np.array([each.ml for _, each in found])), 0
    yield None, skipped


def _events(directories: Sequence[Path]) -> Iterator[Any]:
    for directory in directories:
        for path in segment_paths(directory):
            segment = Segment(path)
            try:
                after = -1
                while page := segment.read_chained(after, _PAGE):
                    yield from page
                    after = page[-1].record.sequence
            finally:
                segment.close_reader()
