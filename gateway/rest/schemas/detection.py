"""Bodies of POST /api/detection/evaluate."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct

from gateway.domain.currency import DECIMAL_PLACES
from gateway.domain.enumerations import (
    CHANNEL_ALIASES,
    Channel,
    EntityType,
    RiskLevel,
    Severity,
)
from gateway.rest.schemas.alerts import DetectorScoresBody
from gateway.rest.structure_schemas import JSON_SCHEMA

Identifier = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
# A number, or its digits as text where a client has no exact numbers.
Amount = Annotated[
    Decimal,
    Meta(
        extra={
            JSON_SCHEMA: {
                "type": ["number", "string"],
                "exclusiveMinimum": 0,
                "pattern": r"^[0-9]{1,16}(\.[0-9]{1,4})?$",
            }
        }
    ),
]
Currency = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z]{3}\Z",
        extra={JSON_SCHEMA: {"type": "string", "enum": sorted(DECIMAL_PLACES)}},
    ),
]
ChannelName = Annotated[
    str, Meta(extra={JSON_SCHEMA: {"type": "string", "enum": ["", *Channel, *CHANNEL_ALIASES]}})
]
IpAddress = Annotated[
    str,
    Meta(
        max_length=45,
        extra={
            JSON_SCHEMA: {
                "type": "string",
                "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}, {"const": ""}],
            }
        },
    ),
]


class EvaluateBody(Struct, kw_only=True):
    """A payment to score.

    Attributes:
        amount: major units of `currency`, above 0, with no more decimal places than the currency
            has, and at most 10^15 minor units.
        entity_id, entity_type: what an alert is shown under; of type MERCHANT it is who is paid, of
            type DEVICE the paying device.
        latitude, longitude: come together or not at all.
        channel: POS, ECOM, ATM, TRANSFER or MOTO; ONLINE and WEB mean ECOM.
    """

    transaction_id: Annotated[
        str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+\Z")
    ]
    amount: Amount
    timestamp: Annotated[datetime, Meta(tz=True)]
    source_account: Identifier
    destination_account: Identifier
    entity_id: Identifier
    entity_type: EntityType
    currency: Currency = "USD"
    channel: ChannelName | None = None
    ip_address: IpAddress | None = None
    device_fingerprint: Annotated[str, Meta(max_length=64)] | None = None
    geo_country: Annotated[str, Meta(pattern=r"^([A-Za-z]{2})?\Z")] | None = None
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    mcc: (
        Annotated[int, Meta(ge=0, le=9999)] | Annotated[str, Meta(pattern=r"^[0-9]{1,4}\Z")] | None
    ) = None


class ExplanationBody(Struct, kw_only=True):
    """One reason, strongest first; `text` is the sentence for people."""

    text: str
    code: str
    detector: str
    feature: str
    value: float
    baseline: float
    contribution: float
    risk_level: RiskLevel


class EvaluationBody(Struct, kw_only=True):
    """The assessment of the payment.

    Attributes:
        alert_id: null when no alert is raised; the alert may be an older one that this payment was
            folded into.
        alert_readable: false when the alert could not be read yet within the time that the call
            waits for it.
        suppressed_by: id of the suppression rule that holds the alert back, so that none is raised.
        replayed: the same payment was scored before, and this is the first answer again.
    """

    transaction_id: str
    risk_score: float
    severity: Severity
    should_alert: bool
    alert_id: str | None
    alert_readable: bool
    suppressed_by: str | None
    decision: str
    detector_scores: DetectorScoresBody
    explanations: list[str]
    reasons: list[ExplanationBody]
    model_name: str
    model_version: str
    degraded_reasons: list[str]
    replayed: bool
    processing_time_ms: float


class EvaluationEnvelope(Struct):
    """One assessment."""

    data: EvaluationBody
