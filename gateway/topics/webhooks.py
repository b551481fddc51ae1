"""Webhooks: telling servers of others what happens to alerts."""

from datetime import timedelta

from gateway.clock import utc_now
from gateway.domain.target import TargetRules
from gateway.domain.webhook import RetryRules
from gateway.outbound.sender import WebhookSender
from gateway.rest.controllers.webhooks import WebhookController
from gateway.rest.webhook_views import change_message, ping_message
from gateway.services.sealing import Sealing
from gateway.services.webhook_courier import WebhookCourier
from gateway.services.webhook_queue import WebhookQueue
from gateway.services.webhooks import WebhookService
from gateway.topics.shared import Shared, new_id
from gateway.topics.topic import Gauge, Live, Tally, Topic


def _start(shared: Shared) -> Live:
    config = shared.config
    targets = TargetRules(
        loopback=config.environment == "development", private=config.webhook_allow_private
    )
    sealing = Sealing(config.secret_key)
    sender = WebhookSender(targets, config.webhook_timeout_ms / 1000)
    courier = WebhookCourier(
        shared.database,
        WebhookQueue(shared.database, change_message, utc_now, new_id),
        sender,
        sealing,
        shared.lease,
        RetryRules(
            attempts_max=config.webhook_attempts_max,
            age_max=timedelta(hours=config.webhook_age_hours_max),
            pause_first=timedelta(milliseconds=config.webhook_pause_first_ms),
            pause_max=timedelta(seconds=config.webhook_pause_max_seconds),
        ),
        utc_now,
        shared.generator,
    )
    service = WebhookService(
        shared.database, sealing, targets, utc_now, new_id, ping_message, courier.wake
    )

    async def deliver() -> None:
        try:
            await courier.run()
        finally:
            await sender.close()

    return Live(
        {"webhooks": service, "webhook_courier": courier}, (deliver,), refresh=(courier.look,)
    )


TOPIC = Topic(
    handlers=(WebhookController,),
    names=("webhooks",),
    start=_start,
    gauges=(
        Gauge(
            "gateway_webhook_backlog",
            "Deliveries that wait for their receivers",
            lambda services: services["webhook_courier"].backlog,
        ),
    ),
    tallies=(
        Tally(
            "gateway_webhook_deliveries",
            "Attempts of this process by what became of the delivery",
            "result",
            lambda services: services["webhook_courier"].results,
        ),
    ),
)
