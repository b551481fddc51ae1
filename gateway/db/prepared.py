"""Statements of the busiest reads: compiled once, run by the driver without SQLAlchemy between.

What SQLAlchemy does for every execution costs more than a short statement takes in the database.
These are still written with its expressions and its types; only their running is shorter.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import SelectBase

from gateway.db.watch import watched

Row = tuple[Any, ...]
_Convert = Callable[[Any], Any]
# A select of any columns, or several put together.
Statement = SelectBase


class Prepared:
    """A statement that only reads, with named parameters."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._forms: dict[str, _Form] = {}

    def form(self, dialect: Dialect) -> "_Form":
        """Return it as a database takes it."""
        form = self._forms.get(dialect.name)
        if form is None:
            form = self._forms[dialect.name] = _Form(self._statement, dialect)
        return form

    async def rows(self, connection: AsyncConnection, **values: Any) -> Sequence[Row]:
        """Run it and return all rows."""
        form = self.form(connection.dialect)
        raw: Any = (await connection.get_raw_connection()).driver_connection
        if form.names is None:
            with watched(connection, form.text):
                cursor = await raw.execute(form.text, form.constants | values, binary=True)
                rows: list[Row] = await cursor.fetchall()
            return rows
        with watched(connection, form.text):
            found = await raw.execute_fetchall(form.text, form.bound(values))
        return [form.converted(row) for row in found]


async def together(
    connection: AsyncConnection, *asked: tuple[Prepared, dict[str, Any]]
) -> list[Sequence[Row]]:
    """Run statements that do not need each other and return the rows of each.

    PostgreSQL gets them all before it answers the first, so that they take one wait, not several.
    """
    if not asked:
        return []
    raw: Any = (await connection.get_raw_connection()).driver_connection
    if connection.dialect.positional:
        return [await statement.rows(connection, **values) for statement, values in asked]
    async with raw.pipeline():
        with watched(connection, asked[0][0].form(connection.dialect).text):
            cursors = []
            for statement, values in asked:
                form = statement.form(connection.dialect)
                cursors.append(await raw.execute(form.text, form.constants | values, binary=True))
            return [await cursor.fetchall() for cursor in cursors]


class _Form:
    """A statement as one database takes it."""

    def __init__(self, statement: Statement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.text = str(compiled)
        # PostgreSQL takes names and gives Python's own types back, times in UTC as the session is.
        self.names: list[str] | None = None
        self.constants = dict(compiled.params)
        if dialect.positional:
            self.names = list(compiled.positiontup or ())
            self._binds: dict[str, _Convert | None] = {
                name: bind.type.dialect_impl(dialect).bind_processor(dialect)
                for name, bind in compiled.binds.items()
            }
            self._results: list[_Convert | None] = [
                column.type.dialect_impl(dialect).result_processor(dialect, None)
                for column in statement.selected_columns
            ]

    def bound(self, values: dict[str, Any]) -> tuple[Any, ...]:
        given = self.constants | values
        return tuple(
            given[name] if (convert := self._binds[name]) is None else convert(given[name])
            for name in self.names or ()
        )

    def converted(self, row: Row) -> Row:
        return tuple(
            value if convert is None else convert(value)
            for value, convert in zip(row, self._results, strict=True)
        )
