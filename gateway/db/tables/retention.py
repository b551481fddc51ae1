"""How far old transactions have been removed."""

from sqlalchemy import BigInteger, Column, Integer, Table

from gateway.db.tables.base import metadata
from gateway.db.types import UtcTime

# One row (id 1). Counts of analytics that start before `pruned_before` can no longer be made from
# the transactions; see db/repositories/pruning.py.
pruning = Table(
    "pruning",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("pruned_before", UtcTime, nullable=False),
    Column("transactions", BigInteger, nullable=False),
    Column("updated_time", UtcTime, nullable=False),
)
