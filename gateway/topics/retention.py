"""The removal of old transactions, where TRANSACTION_RETENTION_DAYS asks for it."""

from gateway.clock import monotonic_s, utc_now
from gateway.services.retention import Retention, RetentionKeeper
from gateway.topics.shared import Shared
from gateway.topics.topic import Live, Topic


def _start(shared: Shared) -> Live:
    days = shared.config.transaction_retention_days
    if not days:
        return Live({})
    keeper = RetentionKeeper(Retention(shared.database, utc_now), shared.lease, days, monotonic_s)
    return Live({}, tasks=(keeper.run,))


TOPIC = Topic(handlers=(), names=(), start=_start)
