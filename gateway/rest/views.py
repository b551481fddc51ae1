"""From the gateway's own values to the bodies of the REST API."""

from collections.abc import Sequence
from datetime import datetime

from gateway.domain.alert import Alert, AlertPage
from gateway.domain.currency import major_units
from gateway.domain.enumerations import RiskLevel
from gateway.domain.intake import reasons_of
from gateway.domain.pagination import AlertQuery
from gateway.domain.transaction import Reason, TransactionRecord
from gateway.rest.paging import pagination
from gateway.rest.schemas import alerts as bodies
from gateway.rest.schemas.detection import EvaluationBody, ExplanationBody
from gateway.services.alerts import AlertDetail
from gateway.services.detection import Evaluation
from gateway.services.investigations import Case

_SCORE_PLACES = 4
# Share of a detector's evidence from which a deviation counts as the level; chosen by us, even
# quarters above a tenth.
_LEVELS = (
    (0.75, RiskLevel.VERY_HIGH),
    (0.5, RiskLevel.HIGH),
    (0.25, RiskLevel.MEDIUM),
    (0.1, RiskLevel.LOW),
)


def alert_list(page: AlertPage, query: AlertQuery, now: datetime) -> bodies.AlertListBody:
    """Return a page of alerts."""
    return bodies.AlertListBody(
        [alert(each, now) for each in page.alerts],
        pagination(
            query, page.total, page.next_cursor, total_is_lower_bound=page.total_is_lower_bound
        ),
    )


def alert_fields(each: Alert, now: datetime) -> dict[str, object]:
    """Return what all bodies about an alert share."""
    return {
        "alert_id": each.alert_id,
        "timestamp": each.raised_time,
        "entity": each.entity,
        "entity_type": each.entity_type,
        "risk_score": round(each.risk_score, _SCORE_PLACES),
        "severity": each.severity,
        "status": each.status,
        "priority": each.priority(now),
        "version": each.version,
        "account_id": each.account_id,
        "transaction_id": each.transaction_id,
        "transaction_count": each.transaction_count,
        "leading_reason": each.leading_reason,
        "description": each.description,
        "assigned_to": each.assigned_to,
        "outcome": each.outcome,
        "response_deadline": each.response_deadline,
        "resolution_deadline": each.resolution_deadline,
        "sla_deadline": each.sla_deadline,
        "sla_breached": each.sla_breached(now),
        "updated_at": each.updated_time,
        "closed_at": each.closed_time,
    }


def alert(each: Alert, now: datetime) -> bodies.AlertBody:
    """Return an alert as lists show it."""
    return bodies.AlertBody(**alert_fields(each, now))  # type: ignore[arg-type]


def _detail_fields(detail: AlertDetail, now: datetime) -> dict[str, object]:
    lead = detail.explanation.transaction
    return alert_fields(detail.alert, now) | {
        "transaction": transaction(lead) if lead else None,
        "feature_deviations": [deviation(reason) for reason in reasons_of(lead)] if lead else [],
        "historical_scores": [
            round(score, _SCORE_PLACES) for _, score, _ in detail.explanation.history
        ],
        "detector_scores": (
            detector_scores(lead.statistical, lead.behavioral, lead.ml) if lead else None
        ),
        "model_name": lead.model_name if lead else "",
        "model_version": lead.model_version if lead else "",
        "degraded_reasons": [code for code in lead.degraded_reasons.split(",") if code]
        if lead
        else [],
        "transactions": [
            bodies.MemberBody(
                member.transaction_id, round(member.risk_score, _SCORE_PLACES), member.event_time
            )
            for member in detail.explanation.members
        ],
    }


def alert_detail(detail: AlertDetail, now: datetime) -> bodies.AlertDetailBody:
    """Return an alert with what explains it."""
    return bodies.AlertDetailBody(**_detail_fields(detail, now))  # type: ignore[arg-type]


def investigation(case: Case, now: datetime) -> bodies.InvestigationBody:
    """Return everything an analyst looks at."""
    return bodies.InvestigationBody(
        **_detail_fields(case.detail, now),  # type: ignore[arg-type]
        historical_behavior=[
            bodies.HistoricalScoreBody(time, round(score, _SCORE_PLACES), model)
            if model
            else bodies.HistoricalScoreBody(time, round(score, _SCORE_PLACES))
            for time, score, model in case.detail.explanation.history
        ],
        notes=[
            bodies.NoteBody(note.note_id, note.content, note.analyst_id, note.created_time)
            for note in case.work.notes
        ],
        similar_alerts=[
            bodies.SimilarAlertBody(
                each.alert_id,
                each.raised_time,
                round(each.risk_score, _SCORE_PLACES),
                each.severity,
                each.status,
                each.outcome,
                each.leading_reason,
            )
            for each in case.work.similar
        ],
        case_id=case.case_id,
    )


def transaction(record: TransactionRecord) -> bodies.TransactionBody:
    """Return a transaction as people read it."""
    amount = record.amount_minor
    return bodies.TransactionBody(
        transaction_id=record.transaction_id,
        kind=record.kind,
        amount=None if amount is None else float(major_units(amount, record.currency)),
        amount_minor=amount,
        currency=record.currency,
        timestamp=record.event_time,
        source_account=record.account_id,
        destination_account=record.counterparty_account_id or record.merchant_id,
        merchant_id=record.merchant_id,
        terminal_id=record.terminal_id,
        channel=record.channel,
        ip_address=record.ip_address,
        device_fingerprint=record.device_id,
        geo_country=record.country,
        mcc=record.mcc,
        instrument_id=record.instrument_id,
        side=record.side,
        price=None if record.price_nanos is None else record.price_nanos / 1e9,
        quantity=None if record.quantity_micros is None else record.quantity_micros / 1e6,
        venue=record.venue,
        risk_score=round(record.risk_score, _SCORE_PLACES),
        decision=record.decision,
    )


def detector_scores(
    statistical: float, behavioral: float, ml: float | None
) -> bodies.DetectorScoresBody:
    """Return scores of 0..1 as the API shows them, 0..100."""
    return bodies.DetectorScoresBody(
        _percent(statistical), _percent(behavioral), None if ml is None else _percent(ml)
    )


def deviation(reason: Reason) -> bodies.FeatureDeviationBody:
    """Return a reason as a deviation; the model's own score counts as the feature `ml_score`."""
    difference = reason.value - reason.baseline
    return bodies.FeatureDeviationBody(
        feature=reason.feature or f"{reason.detector.lower()}_score",
        deviation=difference / abs(reason.baseline) if reason.baseline else difference,
        risk_level=risk_level(reason.contribution),
        value=reason.value,
        baseline=reason.baseline,
        code=reason.code,
        detector=reason.detector,
        contribution=reason.contribution,
        explanation=reason.sentence,
    )


def risk_level(contribution: float) -> RiskLevel:
    """Return how much a share of a detector's evidence weighs."""
    return next((level for least, level in _LEVELS if contribution >= least), RiskLevel.MINIMAL)


def evaluation(result: Evaluation, processing_time_ms: float) -> EvaluationBody:
    """Return the assessment of a payment."""
    answer = result.answer
    return EvaluationBody(
        transaction_id=answer.transaction_id,
        risk_score=round(answer.risk_score, _SCORE_PLACES),
        severity=answer.severity,
        should_alert=bool(answer.alert_id) and not result.suppressed_by,
        alert_id=result.alert_id or None,
        alert_readable=result.alert_readable,
        suppressed_by=result.suppressed_by or None,
        decision=answer.decision,
        detector_scores=detector_scores(answer.statistical, answer.behavioral, answer.ml),
        explanations=[reason.sentence for reason in answer.reasons],
        reasons=_explanations(answer.reasons),
        model_name=answer.model_name,
        model_version=answer.model_version,
        degraded_reasons=list(answer.degraded_reasons),
        replayed=answer.replayed,
        processing_time_ms=round(processing_time_ms, 3),
    )


def _explanations(reasons: Sequence[Reason]) -> list[ExplanationBody]:
    return [
        ExplanationBody(
            text=reason.sentence,
            code=reason.code,
            detector=reason.detector,
            feature=reason.feature,
            value=reason.value,
            baseline=reason.baseline,
            contribution=reason.contribution,
            risk_level=risk_level(reason.contribution),
        )
        for reason in reasons
    ]


def _percent(score: float) -> float:
    return round(100 * score, _SCORE_PLACES)
