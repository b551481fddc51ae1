"""The counts from which analytics are worked out."""

from collections.abc import Mapping

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.db import bulk
from gateway.db.tables.analytics import (
    label_delays,
    money_rollups,
    performance_rollups,
    score_rollups,
)
from gateway.domain.performance import Cells, Tally


class PerformanceRepository:
    """SQL of the counts, inside the caller's transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, tally: Tally) -> None:
        """Add to the counts. The caller holds the lock of labels."""
        for table, cells in _tables(tally).items():
            rows = [(*key, *counts) for key, counts in cells.items() if any(counts)]
            await bulk.accumulate(self._connection, table, rows)


def _tables(tally: Tally) -> Mapping[Table, Cells]:
    return {
        performance_rollups: tally.performance,
        score_rollups: tally.scores,
        money_rollups: tally.money,
        label_delays: tally.delays,
    }
