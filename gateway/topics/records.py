"""Transactions, and what is known of the entities that they share."""

from gateway.clock import utc_now
from gateway.rest.controllers.entities import EntityController
from gateway.rest.controllers.receipts import ReceiptController
from gateway.rest.controllers.records import TransactionController
from gateway.services.entities import EntityService
from gateway.services.receipts import ReceiptService
from gateway.services.records import RecordsService
from gateway.topics.shared import Shared
from gateway.topics.topic import Live, Topic


def _start(shared: Shared) -> Live:
    return Live(
        {
            "records": RecordsService(shared.database),
            "entities": EntityService(shared.database, utc_now),
            "receipts": ReceiptService(shared.scoring.receipts),
        }
    )


TOPIC = Topic(
    handlers=(TransactionController, ReceiptController, EntityController),
    names=("records", "entities", "receipts"),
    start=_start,
)
