"""What the drivers raise, in the gateway's own words; a client never sees a message of theirs."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import exc as sqlalchemy_errors

from gateway.errors import RowsRefusedError, UnavailableError


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn what the drivers raise into the gateway's errors.

    A client never sees a message of the database.
    """
    try:
        yield
    except (sqlalchemy_errors.DataError, sqlalchemy_errors.IntegrityError) as error:
        raise RowsRefusedError(str(error.orig)) from error
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise RowsRefusedError(str(error)) from error
    except sqlalchemy_errors.TimeoutError as error:
        raise busy() from error
    except (
        sqlalchemy_errors.OperationalError,
        sqlalchemy_errors.InterfaceError,
        sqlalchemy_errors.InternalError,
        psycopg.OperationalError,
        psycopg.InterfaceError,
        # Of statements that the driver runs without SQLAlchemy between; see db/prepared.py.
        sqlite3.OperationalError,
        OSError,
    ) as error:
        if _took_too_long(error):
            raise UnavailableError(
                "the database took too long, so it was stopped and nothing was changed",
                reason="DATABASE_TIMEOUT",
            ) from error
        raise UnavailableError("the database is away", reason="DATABASE_UNAVAILABLE") from error


def busy() -> UnavailableError:
    """Return the answer to a transaction that found no connection in time."""
    return UnavailableError("all connections to the database are in use", reason="DATABASE_BUSY")


def _took_too_long(error: Exception) -> bool:
    """Tell whether it was a statement or a wait for a lock that ran out of time."""
    original = getattr(error, "orig", error)
    if isinstance(original, sqlite3.OperationalError):
        code = getattr(original, "sqlite_errorcode", 0)
        return code in {sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    # Deadlock is not among them: PostgreSQL finds it long before.
    return isinstance(original, psycopg.errors.QueryCanceled | psycopg.errors.LockNotAvailable)
