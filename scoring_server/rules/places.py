"""Where in a TOML text a rule and its keys stand: the parser of the library does not tell.

Looks at the lines only, so a table that is written inline has no place of its own.
"""

import re
from typing import NamedTuple

_TABLE = re.compile(r"\s*\[\[\s*(\w+)\s*\]\]")
_OTHER_TABLE = re.compile(r"\s*\[[^\[]")
_FENCES = ('"""', "'''")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=\s*")


class Place(NamedTuple):
    """A place in a text; line and column count from 1, 0 for unknown."""

    line: int
    column: int


class Places:
    """Places in one file."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._tables: dict[tuple[str, int], int] = {}
        self._keys: dict[tuple[str, int, str], Place] = {}
        counts: dict[str, int] = {}
        current: tuple[str, int] | None = None
        fence = ""
        for number, line in enumerate(self._lines, 1):
            if fence:
                fence = "" if fence in line else fence
                continue
            if table := _TABLE.match(line):
                name = table.group(1)
                current = (name, counts.get(name, 0))
                counts[name] = current[1] + 1
                self._tables[current] = number
            elif _OTHER_TABLE.match(line):
                current = None
            elif current and (key := _KEY.match(line)):
                self._keys[*current, key.group(1)] = Place(number, key.end() + 1)
                for quotes in _FENCES:
                    if line.count(quotes) == 1:
                        fence = quotes

    def of_table(self, table: str, index: int) -> Place:
        """Return where a table begins."""
        line = self._tables.get((table, index), 0)
        return Place(line, 1 if line else 0)

    def of_key(self, table: str, index: int, key: str) -> Place:
        """Return where the value of a key begins, else where its table does."""
        return self._keys.get((table, index, key)) or self.of_table(table, index)

    def in_text(self, table: str, index: int, key: str, inner: Place) -> Place:
        """Return where a place inside a text value stands in the file."""
        start = self._keys.get((table, index, key))
        if start is None:
            return self.of_table(table, index)
        written = self._lines[start.line - 1][start.column - 1 :]
        quotes = next((q for q in (*_FENCES, '"', "'") if written.startswith(q)), "")
        if written in _FENCES:
            # A line break right after the opening quotes is no part of the text.
            return Place(start.line + inner.line, inner.column)
        if inner.line > 1:
            return Place(start.line + inner.line - 1, inner.column)
        return Place(start.line, start.column + len(quotes) + inner.column - 1)
