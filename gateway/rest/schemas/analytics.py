"""Bodies of the analytics endpoints.

What has nothing to be a share of is 0 and named in `undefined`. `corrected` figures count every
known fraud for those of its age that are not known yet; docs/analytics.md has the formulas.
"""

from datetime import date, datetime

from msgspec import Struct


class CorrectedBody(Struct):
    """What the figures will probably be once all fraud of the range is known, in percent.

    null where there is nothing to be a share of. `maturity` is the share of fraud known by now,
    0..1; of `days_left_out` days too little is known, and they are in none of this.
    """

    precision: float | None
    recall: float | None
    f1_score: float | None
    maturity: float
    days_left_out: int


class AnalyticsMetricsBody(Struct):
    """The figures of a range, in percent save `auc_roc` (0..1) and the counts.

    `precision_decided` leaves alerts out that nobody decided yet; `auc_roc` is exact to within
    `auc_error_max`; `corrected` is null while too few frauds are known to correct by.
    """

    precision: float
    recall: float
    f1_score: float
    alert_volume_daily: float
    auc_roc: float
    accuracy: float
    undefined: list[str]
    precision_decided: float
    auc_error_max: float
    transactions: int
    alerted: int
    undecided: int
    fraud: int
    legitimate: int
    start: datetime
    end: datetime
    as_of: datetime
    corrected: CorrectedBody | None


class AnalyticsMetricsEnvelope(Struct):
    """The figures of a range."""

    data: AnalyticsMetricsBody


class ModelPerformanceBody(Struct):
    """Parallel lists, one entry a model version and day, oldest first; shares in percent.

    `corrected` says whether the entry has corrected figures; `maturity` is null without a curve.
    """

    versions: list[str]
    accuracy: list[float]
    timestamps: list[datetime]
    precision: list[float]
    recall: list[float]
    transactions: list[int]
    frauds: list[int]
    undefined: list[list[str]]
    corrected: list[bool]
    precision_corrected: list[float | None]
    recall_corrected: list[float | None]
    maturity: list[float | None]


class ModelPerformanceEnvelope(Struct):
    """Model versions by day."""

    data: ModelPerformanceBody


class AlertVolumeBody(Struct):
    """Parallel lists: alerts raised in each step, and alerts closed in it as fraud."""

    labels: list[str]
    alerts: list[int]
    frauds: list[int]


class AlertVolumeEnvelope(Struct):
    """Alerts by step."""

    data: AlertVolumeBody


class ConfusionMatrixBody(Struct):
    """Transactions by what they were and whether they were alerted, both days included.

    `undecided` of the false positives are alerts that nobody decided yet.
    """

    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int
    undecided: int
    start_date: date
    end_date: date


class ConfusionMatrixEnvelope(Struct):
    """A confusion matrix."""

    data: ConfusionMatrixBody


class DetectionRateBody(Struct):
    """Percent of the known fraud that was alerted, by day and over the range.

    `undefined` names the days, or `average`, without known fraud.
    """

    labels: list[str]
    rates: list[float]
    average: float
    undefined: list[str]
    frauds: list[int]
    corrected: list[bool]
    rates_corrected: list[float | None]
    average_corrected: float | None
    maturity: list[float | None]


class DetectionRateEnvelope(Struct):
    """How much fraud was alerted."""

    data: DetectionRateBody


class TrendBody(Struct):
    """What there was to do on one day."""

    date: str
    alerts: int
    resolved: int
    false_positives: int


class WorkloadBody(Struct):
    """What there was to do in a time."""

    alerts: int
    resolved: int
    false_positives: int


class ChangesBody(Struct):
    """Growth in percent; null, and named in `undefined`, where there was nothing before."""

    alerts: float | None
    resolved: float | None
    false_positives: float | None
    undefined: list[str]


class ComparisonBody(Struct):
    """The range beside the time of equal length before it."""

    start: datetime
    end: datetime
    current: WorkloadBody
    previous_start: datetime
    previous_end: datetime
    previous: WorkloadBody
    change_pct: ChangesBody


class TrendsEnvelope(Struct):
    """What there was to do by day; `comparison` is null for everything, which has no before."""

    data: list[TrendBody]
    comparison: ComparisonBody | None


class AnalystWorkBody(Struct):
    """What an analyst did in the range, and has in hand now.

    `open_alerts` are with the analyst now. `handling_seconds_median` goes from the claim of an
    alert to its decision, and is null where nothing was claimed before.
    """

    analyst_id: str
    decisions: int
    frauds: int
    legitimate: int
    reviews: int
    open_alerts: int
    handling_seconds_median: float | None


class AnalystsEnvelope(Struct):
    """The work of analysts, most decisions first.

    `is_complete` is false where the range has more decisions than are counted; the newest are.
    """

    data: list[AnalystWorkBody]
    is_complete: bool


class AnalyticsHealth(Struct):
    """Seconds this process runs, when the feed came in last, and the version that scores now."""

    uptime: float
    last_sync: datetime | None
    model_version: str


class DelayCurveBody(Struct):
    """The share of frauds known within `days`, 0..1; null from fewer than `sample_min` frauds."""

    sample_size: int
    horizon_days: int
    days: list[int]
    known_ratio: list[float]


class LabelDelayBody(Struct):
    """How long it takes until fraud is known, for alerted and for missed transactions."""

    as_of: datetime
    sample_min: int
    learned_days: int
    alerted: DelayCurveBody | None
    missed: DelayCurveBody | None


class LabelDelayEnvelope(Struct):
    """How long it takes until fraud is known."""

    data: LabelDelayBody
