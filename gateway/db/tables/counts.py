"""How many there are of what, so that no request has to count.

Triggers of the database keep these counts in the transaction that changes what they count: no code
path can forget them, and neither can a previous version of this program that still serves. On
PostgreSQL each session adds to rows of its own (`part`), so that nobody waits for another's commit;
the sum over all parts is the count.
"""

from sqlalchemy import BigInteger, Column, Integer, String, Table

from gateway.db.tables.base import metadata

alert_counts = Table(
    "alert_counts",
    metadata,
    Column("status", String(16), primary_key=True),
    Column("severity", String(16), primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
)

# Transactions ever taken in, by the hourly counts.
transaction_counts = Table(
    "transaction_counts",
    metadata,
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
)
