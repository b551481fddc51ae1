"""Which alerts speak of which entity, whatever role it had in their transactions."""

from sqlalchemy import Column, String, Table

from gateway.db.tables.base import metadata
from gateway.db.types import UtcTime

# Triggers on `transactions` and `alerts` add the rows, so that they are there while the previous
# version still serves. An alert is listed under everything that any of its transactions names, and
# under what it is shown under itself.
alert_entities = Table(
    "alert_entities",
    metadata,
    Column("entity_type", String(16), primary_key=True),
    Column("entity_id", String(64), primary_key=True),
    Column("raised_time", UtcTime, primary_key=True),
    Column("alert_id", String(64), primary_key=True),
)
