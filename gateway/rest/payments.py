"""From the body of POST /api/detection/evaluate to a payment."""

import ipaddress
from collections.abc import Callable
from typing import TypeVar

from gateway.domain.currency import minor_units
from gateway.domain.enumerations import CHANNEL_ALIASES, Channel, EntityType
from gateway.domain.payment import Payment
from gateway.errors import FieldFault, InvalidArgumentError
from gateway.rest.body import summary
from gateway.rest.schemas.detection import EvaluateBody

T = TypeVar("T")


def payment_of(body: EvaluateBody) -> Payment:
    """Return the payment that a body describes.

    The source account pays. A MERCHANT is paid itself; otherwise the destination account is. A
    device is the one that is named as such, or the fingerprint.

    Raises:
        InvalidArgumentError: it names every field that is wrong.
    """
    faults: list[FieldFault] = []
    amount_minor = _collect(faults, lambda: minor_units(body.amount, body.currency.upper()))
    channel = _collect(faults, lambda: _channel(body.channel))
    ip_address = _collect(faults, lambda: _ip_address(body.ip_address))
    if (body.latitude is None) != (body.longitude is None):
        missing = "latitude" if body.latitude is None else "longitude"
        faults.append(FieldFault(missing, "latitude and longitude must come together"))
    if faults:
        raise InvalidArgumentError(summary(faults), faults=tuple(faults))
    assert amount_minor is not None
    to_merchant = body.entity_type is EntityType.MERCHANT
    device = body.device_fingerprint or ""
    if body.entity_type is EntityType.DEVICE:
        device = body.entity_id
    return Payment(
        transaction_id=body.transaction_id,
        event_time=body.timestamp,
        account_id=body.source_account,
        merchant_id=body.entity_id if to_merchant else "",
        device_id=device,
        counterparty_account_id="" if to_merchant else body.destination_account,
        amount_minor=amount_minor,
        currency=body.currency.upper(),
        channel=channel,
        mcc=int(body.mcc or 0),
        country=(body.geo_country or "").upper(),
        latitude_deg=body.latitude,
        longitude_deg=body.longitude,
        ip_address=ip_address or "",
    )


def _collect(faults: list[FieldFault], convert: Callable[[], T]) -> T | None:
    try:
        return convert()
    except InvalidArgumentError as error:
        faults.extend(error.faults)
        return None


def _channel(name: str | None) -> Channel | None:
    if not name:
        return None
    upper = name.upper()
    if upper in CHANNEL_ALIASES:
        return CHANNEL_ALIASES[upper]
    try:
        return Channel(upper)
    except ValueError as error:
        allowed = (*Channel, *CHANNEL_ALIASES)
        fault = FieldFault(
            "channel", f"channel must be one of {', '.join(allowed)}, was {name!r}", tuple(allowed)
        )
        raise InvalidArgumentError(fault.message, faults=(fault,)) from error


def _ip_address(text: str | None) -> str:
    if not text:
        return ""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        fault = FieldFault(
            "ip_address", f"ip_address must be an IPv4 or IPv6 address, was {text!r}"
        )
        raise InvalidArgumentError(fault.message, faults=(fault,)) from error
