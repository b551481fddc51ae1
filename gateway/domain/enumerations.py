"""The enumerations of the REST contract, and what the protocol's names mean in it."""

from enum import StrEnum


class Severity(StrEnum):
    """Band of a risk score, lowest first. The protocol's MINIMAL is LOW here."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


class AlertStatus(StrEnum):
    """Where an alert stands in its life cycle."""

    ACTIVE = "ACTIVE"
    INVESTIGATING = "INVESTIGATING"
    RESOLVED = "RESOLVED"
    FALSE_POSITIVE = "FALSE_POSITIVE"


class CaseDecision(StrEnum):
    """What an analyst decides about an alert."""

    FRAUD = "FRAUD"
    LEGITIMATE = "LEGITIMATE"
    REVIEW = "REVIEW"


class EntityType(StrEnum):
    """What kind of thing an alert is about."""

    USER = "USER"
    ACCOUNT = "ACCOUNT"
    TRANSACTION = "TRANSACTION"
    DEVICE = "DEVICE"
    MERCHANT = "MERCHANT"
    INSTRUMENT = "INSTRUMENT"


class RiskLevel(StrEnum):
    """How much one feature deviates."""

    MINIMAL = "MINIMAL"
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    VERY_HIGH = "VERY_HIGH"


class Channel(StrEnum):
    """How a payment was made."""

    POS = "POS"
    ECOM = "ECOM"
    ATM = "ATM"
    TRANSFER = "TRANSFER"
    MOTO = "MOTO"


class LabelValue(StrEnum):
    """What a transaction turned out to be."""

    FRAUD = "FRAUD"
    LEGITIMATE = "LEGITIMATE"
    WITHDRAWN = "WITHDRAWN"


class LabelSource(StrEnum):
    """Who outside says what a transaction was."""

    CHARGEBACK = "CHARGEBACK"
    CUSTOMER = "CUSTOMER"
    OTHER = "OTHER"


# Names that older clients use for a channel.
CHANNEL_ALIASES = {"ONLINE": Channel.ECOM, "WEB": Channel.ECOM}

OPEN_STATUSES = (AlertStatus.ACTIVE, AlertStatus.INVESTIGATING)
CLOSED_STATUSES = (AlertStatus.RESOLVED, AlertStatus.FALSE_POSITIVE)

SEVERITY_ORDER = {severity: order for order, severity in enumerate(Severity)}
