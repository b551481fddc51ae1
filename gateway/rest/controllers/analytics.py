"""The figures of the analytics page."""

from typing import Annotated

from litestar import Controller, get
from litestar.params import FromQuery, QueryParameter

from gateway.domain.analytics import AnalyticsRange, GroupBy, PerformanceRange
from gateway.rest import analytics_views as views
from gateway.rest.dates import days_of
from gateway.rest.error_responses import RESPONSES
from gateway.rest.schemas import analytics as bodies
from gateway.rest.wiring_analytics import Analytics, SharedWork

# What a date can look like at its longest, with room for a fraction of a second.
_DATE_LENGTH_MAX = 40
DateText = Annotated[
    str, QueryParameter(max_length=_DATE_LENGTH_MAX, description="a day in UTC, such as 2026-02-09")
]


class AnalyticsController(Controller):
    """Paths below /api/analytics."""

    path = "/api/analytics"
    tags = ("analytics",)

    @get(
        "/metrics",
        responses=RESPONSES,
        operation_id="analytics_metrics",
        summary="Precision, recall and what goes with them",
    )
    async def metrics(
        self,
        analytics: Analytics,
        together: SharedWork,
        range: FromQuery[AnalyticsRange] = AnalyticsRange.MONTH,  # noqa: A002 - the contract names it
    ) -> bodies.AnalyticsMetricsEnvelope:
        """Return the figures of a range by what is known now, and corrected for what is not."""

        async def work() -> bodies.AnalyticsMetricsEnvelope:
            return bodies.AnalyticsMetricsEnvelope(views.metrics(await analytics.headline(range)))

        return await together.answer(("metrics", range), work)

    @get(
        "/model-performance",
        responses=RESPONSES,
        operation_id="model_performance",
        summary="Model versions by day",
    )
    async def model_performance(
        self,
        analytics: Analytics,
        together: SharedWork,
        range: FromQuery[PerformanceRange] = PerformanceRange.MONTH,  # noqa: A002 - as above
    ) -> bodies.ModelPerformanceEnvelope:
        """Return parallel lists, one entry a model version and day that scored anything."""

        async def work() -> bodies.ModelPerformanceEnvelope:
            days = await analytics.model_performance(AnalyticsRange(range))
            return bodies.ModelPerformanceEnvelope(views.model_performance(days))

        return await together.answer(("model-performance", range), work)

    @get(
        "/alert-volume",
        responses=RESPONSES,
        operation_id="alert_volume",
        summary="Alerts by day or hour",
    )
    async def alert_volume(
        self,
        analytics: Analytics,
        together: SharedWork,
        range: FromQuery[AnalyticsRange] = AnalyticsRange.MONTH,  # noqa: A002 - as above
        group_by: FromQuery[GroupBy] = GroupBy.DAY,
    ) -> bodies.AlertVolumeEnvelope:
        """Return alerts raised and frauds confirmed by step; by hour at most the last 90 days."""

        async def work() -> bodies.AlertVolumeEnvelope:
            steps = await analytics.volume(range, group_by)
            return bodies.AlertVolumeEnvelope(views.alert_volume(steps, group_by))

        return await together.answer(("alert-volume", range, group_by), work)

    @get(
        "/confusion-matrix",
        responses=RESPONSES,
        operation_id="confusion_matrix",
        summary="Confusion matrix",
    )
    async def confusion_matrix(
        self,
        analytics: Analytics,
        together: SharedWork,
        start_date: DateText = "",
        end_date: DateText = "",
    ) -> bodies.ConfusionMatrixEnvelope:
        """Count the transactions of some days, both included; without dates the last 30."""

        async def work() -> bodies.ConfusionMatrixEnvelope:
            first, last = days_of(start_date, end_date, await analytics.today())
            counts = await analytics.confusion(first, last)
            return bodies.ConfusionMatrixEnvelope(
                bodies.ConfusionMatrixBody(
                    counts.true_positives,
                    counts.false_positives,
                    counts.true_negatives,
                    counts.false_negatives,
                    counts.undecided,
                    first,
                    last,
                )
            )

        return await together.answer(("confusion-matrix", start_date, end_date), work)

    @get(
        "/detection-rate",
        responses=RESPONSES,
        operation_id="detection_rate",
        summary="How much fraud was alerted",
    )
    async def detection_rate(
        self,
        analytics: Analytics,
        together: SharedWork,
        range: FromQuery[AnalyticsRange] = AnalyticsRange.MONTH,  # noqa: A002 - as above
    ) -> bodies.DetectionRateEnvelope:
        """Return the percentage of known fraud that was alerted, by day and over the range."""

        async def work() -> bodies.DetectionRateEnvelope:
            found = await analytics.detection(range)
            return bodies.DetectionRateEnvelope(views.detection_rate(found))

        return await together.answer(("detection-rate", range), work)

    @get("/trends", responses=RESPONSES, operation_id="trends", summary="Alerts and closings")
    async def trends(
        self,
        analytics: Analytics,
        together: SharedWork,
        range: FromQuery[AnalyticsRange] = AnalyticsRange.MONTH,  # noqa: A002 - as above
    ) -> bodies.TrendsEnvelope:
        """Return alerts raised and closed by day, beside the time of equal length before."""

        async def work() -> bodies.TrendsEnvelope:
            return views.trends(await analytics.trends(range))

        return await together.answer(("trends", range), work)

    @get("/analysts", responses=RESPONSES, operation_id="analysts", summary="Work by analyst")
    async def analysts(
        self,
        analytics: Analytics,
        together: SharedWork,
        range: FromQuery[AnalyticsRange] = AnalyticsRange.MONTH,  # noqa: A002 - as above
    ) -> bodies.AnalystsEnvelope:
        """Return what each analyst decided, how fast, and what is with whom now."""

        async def work() -> bodies.AnalystsEnvelope:
            found, is_complete = await analytics.analysts(range)
            return views.analysts(found, is_complete=is_complete)

        return await together.answer(("analysts", range), work)

    @get(
        "/health",
        responses=RESPONSES,
        operation_id="analytics_health",
        summary="How the figures come in",
    )
    async def health(self, analytics: Analytics, together: SharedWork) -> bodies.AnalyticsHealth:
        """Return uptime in seconds, when the feed came in last, and the version that scores."""
        found = await together.answer("health", analytics.sync)
        return bodies.AnalyticsHealth(
            round(found.uptime_s, 3), found.last_sync, found.model_version
        )

    @get(
        "/label-delay",
        responses=RESPONSES,
        operation_id="label_delay",
        summary="How long until fraud is known",
    )
    async def label_delay(
        self, analytics: Analytics, together: SharedWork
    ) -> bodies.LabelDelayEnvelope:
        """Return which share of fraud is known after how many days, and from how many frauds."""

        async def work() -> bodies.LabelDelayEnvelope:
            return bodies.LabelDelayEnvelope(views.label_delay(*await analytics.label_delays()))

        return await together.answer("label-delay", work)
