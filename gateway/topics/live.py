"""Live events about alerts."""

from gateway.clock import utc_now
from gateway.rest.controllers.live import LiveController
from gateway.rest.event_stream import Pace
from gateway.rest.live_frames import AlertFrames
from gateway.rest.wiring_live import LiveService
from gateway.services.change_feed import ChangeFeed
from gateway.services.seats import Seats
from gateway.services.transaction_feed import TransactionFeed
from gateway.topics.shared import Shared
from gateway.topics.topic import Gauge, Live, Topic


def _start(shared: Shared) -> Live:
    config = shared.config
    feed = ChangeFeed(shared.database, config.live_queue_events_max)
    transactions = TransactionFeed(shared.database)
    live = LiveService(
        feed=feed,
        transactions=transactions,
        frames=AlertFrames(utc_now),
        seats=Seats(config.live_clients_max),
        pace=Pace(heartbeat_s=config.live_heartbeat_seconds),
        stopping=shared.stopping,
        generator=shared.generator,
    )
    return Live({"live": live}, (feed.run, transactions.run))


TOPIC = Topic(
    handlers=(LiveController,),
    names=("live",),
    start=_start,
    gauges=(
        Gauge(
            "gateway_live_clients",
            "Clients that live streams of this process are open to",
            lambda services: services["live"].seats.taken,
        ),
    ),
)
