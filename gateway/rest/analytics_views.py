"""From the figures of the analytics services to bodies."""

from collections.abc import Sequence
from datetime import datetime

from gateway.domain import workload
from gateway.domain.analytics import GroupBy, percent
from gateway.domain.label_delay import SAMPLE_MIN, DelayCurve
from gateway.domain.maturity import Corrected, Curves
from gateway.domain.workload import AnalystWork, Volume, Workload
from gateway.rest.schemas import analytics as bodies
from gateway.services.analytics import Day, DetectionDays, Headline, Trend
from gateway.services.label_delays import LEARNED_DAYS

_PLACES = 2
_RATIO_PLACES = 4


def metrics(found: Headline) -> bodies.AnalyticsMetricsBody:
    """Return the figures of a range."""
    quality, counts = found.quality, found.counts
    undefined = list(quality.undefined)
    if not found.ranking.defined:
        undefined.append("auc_roc")
    return bodies.AnalyticsMetricsBody(
        precision=_rounded(quality.precision),
        recall=_rounded(quality.recall),
        f1_score=_rounded(quality.f1_score),
        alert_volume_daily=_rounded(found.alerts_daily),
        auc_roc=round(found.ranking.auc_roc, _RATIO_PLACES),
        accuracy=_rounded(quality.accuracy),
        undefined=undefined,
        precision_decided=_rounded(quality.precision_decided),
        auc_error_max=round(found.ranking.error_max, _RATIO_PLACES),
        transactions=counts.transactions,
        alerted=counts.alerted,
        undecided=counts.undecided,
        fraud=counts.fraud,
        legitimate=counts.legitimate,
        start=found.window.start,
        end=found.window.end,
        as_of=found.as_of,
        corrected=_corrected(found.corrected),
    )


def model_performance(days: Sequence[Day]) -> bodies.ModelPerformanceBody:
    """Return model versions by day as parallel lists."""
    qualities = [day.quality for day in days]
    return bodies.ModelPerformanceBody(
        versions=[day.model_version for day in days],
        accuracy=[_rounded(quality.accuracy) for quality in qualities],
        timestamps=[day.start for day in days],
        precision=[_rounded(quality.precision) for quality in qualities],
        recall=[_rounded(quality.recall) for quality in qualities],
        transactions=[day.counts.transactions for day in days],
        frauds=[day.counts.fraud for day in days],
        undefined=[
            [name for name in quality.undefined if name in {"accuracy", "precision", "recall"}]
            for quality in qualities
        ],
        corrected=[day.corrected is not None for day in days],
        precision_corrected=[_precision(day.corrected) for day in days],
        recall_corrected=[_recall(day.corrected) for day in days],
        maturity=[_ratio(day.maturity) for day in days],
    )


def detection_rate(found: DetectionDays) -> bodies.DetectionRateBody:
    """Return how much fraud was alerted."""
    undefined = [_label(day.start) for day in found.days if not day.counts.fraud]
    if not found.counts.fraud:
        undefined.append("average")
    return bodies.DetectionRateBody(
        labels=[_label(day.start) for day in found.days],
        rates=[_rounded(percent(day.counts.fraud_alerted, day.counts.fraud)) for day in found.days],
        average=_rounded(percent(found.counts.fraud_alerted, found.counts.fraud)),
        undefined=undefined,
        frauds=[day.counts.fraud for day in found.days],
        corrected=[day.corrected is not None for day in found.days],
        rates_corrected=[_recall(day.corrected) for day in found.days],
        average_corrected=_recall(found.corrected),
        maturity=[_ratio(day.maturity) for day in found.days],
    )


def alert_volume(steps: Sequence[Volume], group_by: GroupBy) -> bodies.AlertVolumeBody:
    """Return alerts by step."""
    label = _label if group_by is GroupBy.DAY else _hour_label
    return bodies.AlertVolumeBody(
        [label(step.start) for step in steps],
        [step.alerts for step in steps],
        [step.frauds for step in steps],
    )


def trends(found: Trend) -> bodies.TrendsEnvelope:
    """Return what there was to do, beside the time before."""
    days = [
        bodies.TrendBody(_label(start), day.alerts, day.resolved, day.false_positives)
        for start, day in found.days
    ]
    if found.before is None or found.previous is None:
        return bodies.TrendsEnvelope(days, None)
    changes = workload.changes(found.previous, found.current)
    return bodies.TrendsEnvelope(
        days,
        bodies.ComparisonBody(
            found.window.start,
            found.window.end,
            _workload(found.current),
            found.before.start,
            found.before.end,
            _workload(found.previous),
            bodies.ChangesBody(
                **{name: _share(value) for name, value in changes.items()},
                undefined=[name for name, value in changes.items() if value is None],
            ),
        ),
    )


def label_delay(as_of: datetime, curves: Curves) -> bodies.LabelDelayBody:
    """Return the curves of label delay."""
    return bodies.LabelDelayBody(
        as_of, SAMPLE_MIN, LEARNED_DAYS, _curve(curves.alerted), _curve(curves.missed)
    )


def _curve(curve: DelayCurve | None) -> bodies.DelayCurveBody | None:
    if curve is None:
        return None
    return bodies.DelayCurveBody(
        curve.sample_size,
        curve.horizon_days,
        list(range(1, len(curve.known_ratio) + 1)),
        [round(ratio, _RATIO_PLACES) for ratio in curve.known_ratio],
    )


def _corrected(found: Corrected | None) -> bodies.CorrectedBody | None:
    if found is None:
        return None
    return bodies.CorrectedBody(
        _share(found.precision),
        _share(found.recall),
        _share(found.f1_score),
        round(found.maturity, _RATIO_PLACES),
        found.days_left_out,
    )


def analysts(found: Sequence[AnalystWork], *, is_complete: bool) -> bodies.AnalystsEnvelope:
    """Return the work of analysts."""
    return bodies.AnalystsEnvelope(
        [
            bodies.AnalystWorkBody(
                each.analyst_id,
                each.decisions,
                each.frauds,
                each.legitimate,
                each.reviews,
                each.open_alerts,
                None if each.handling_s_median is None else _rounded(each.handling_s_median),
            )
            for each in found
        ],
        is_complete,
    )


def _precision(found: Corrected | None) -> float | None:
    return _share(found.precision) if found else None


def _recall(found: Corrected | None) -> float | None:
    return _share(found.recall) if found else None


def _workload(found: Workload) -> bodies.WorkloadBody:
    return bodies.WorkloadBody(found.alerts, found.resolved, found.false_positives)


def _rounded(value: float) -> float:
    return round(value, _PLACES)


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, _PLACES)


def _ratio(value: float | None) -> float | None:
    return None if value is None else round(value, _RATIO_PLACES)


def _label(start: datetime) -> str:
    return start.date().isoformat()


def _hour_label(start: datetime) -> str:
    return start.isoformat().replace("+00:00", "Z")
