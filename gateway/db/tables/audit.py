"""How rows of the tables that only grow may be deleted after all, once they are old enough.

Triggers refuse every change of such a table, and every deletion but that of rows older than
`delete_before` of a row here. Whoever prunes adds that row, deletes, and takes the
row away, in one transaction: no other transaction ever sees it.
"""

from sqlalchemy import Column, Table

from gateway.db.tables.base import metadata
from gateway.db.types import UtcTime

audit_retention = Table(
    "audit_retention",
    metadata,
    Column("delete_before", UtcTime, primary_key=True),
)
