"""Reading the log of changes as those who follow it do: again, until what is awaited has come."""

from gateway.db.engine import Database
from gateway.domain.change import Change, ChangePosition
from tests.support.waiting import eventually

_LIMIT = 1_000


async def after(database: Database, position: ChangePosition, limit: int = _LIMIT) -> list[Change]:
    """Return what can be read now."""
    async with database.read() as unit:
        return await unit.changes.after(position, limit)


async def settled_after(database: Database, position: ChangePosition, number: int) -> list[Change]:
    """Return all that follows once it is at least `number` changes.

    PostgreSQL tells a committed change only when every older transaction of the whole server has
    ended, and its own are among them: a background ANALYZE may hold the log back for an instant.
    """
    changes: list[Change] = []

    async def come() -> bool:
        changes[:] = await after(database, position)
        return len(changes) >= number

    await eventually(come)
    return changes
