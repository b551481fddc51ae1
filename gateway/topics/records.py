"""Transactions, and what is known of the entities that they share."""

from gateway.rest.controllers.records import TransactionController
from gateway.services.records import RecordsService
from gateway.topics.shared import Shared
from gateway.topics.topic import Live, Topic


def _start(shared: Shared) -> Live:
    return Live({"records": RecordsService(shared.database)})


TOPIC = Topic(handlers=(TransactionController,), names=("records",), start=_start)
