"""The SQL of a segment file."""

import sqlite3

KEY_RANGE = 1 << 64
COLUMNS = "sequence, ingest_time_ns, kind, key, row, payload"
# The last two came later: a file of an earlier release gets them when it is written again.
ADDED_COLUMNS = {
    "evidence": "evidence BLOB NOT NULL DEFAULT x''",
    "link": "link BLOB",
}
SCHEMA = """CREATE TABLE IF NOT EXISTS events (
  sequence INTEGER PRIMARY KEY,
  ingest_time_ns INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  key INTEGER NOT NULL,
  row BLOB NOT NULL,
  payload BLOB NOT NULL,
  evidence BLOB NOT NULL DEFAULT x'',
  link BLOB
)"""
INSERT = f"INSERT INTO events ({COLUMNS}, evidence, link) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - constants only
SELECT = f"SELECT {COLUMNS} FROM events "  # noqa: S608 - constants only
SELECT_CHAINED = f"SELECT {COLUMNS}, evidence, link FROM events "  # noqa: S608 - constants only
SELECT_UNCHAINED = f"SELECT {COLUMNS}, x'', NULL FROM events "  # noqa: S608 - constants only
INDEX = "CREATE INDEX IF NOT EXISTS events_by_key ON events (key) WHERE kind = 0"
NEWEST = "SELECT max(sequence) FROM events"
NEWEST_LINK = "SELECT link FROM events ORDER BY sequence DESC LIMIT 1"
NEWEST_OF_KEY = "WHERE kind = 0 AND key = ? ORDER BY sequence DESC LIMIT 1"
AFTER = "WHERE sequence > ? ORDER BY sequence LIMIT ?"
TABLE_COLUMNS = "SELECT name FROM pragma_table_info('events')"
# The process may have died between making the file and its table.
HAS_TABLE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'events'"
HAS_INDEX = "SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = 'events_by_key'"


def is_chained(reader: sqlite3.Connection) -> bool:
    """Return whether the file was made, or written again, by a release that chains."""
    return any(name == "link" for (name,) in reader.execute(TABLE_COLUMNS))


def newest_link(reader: sqlite3.Connection) -> bytes | None:
    """Return the link of the newest event; None when there is none, or it has none."""
    found = reader.execute(NEWEST_LINK).fetchone() if is_chained(reader) else None
    return found[0] if found else None


def create(writer: sqlite3.Connection) -> None:
    """Make the table, or give that of an earlier release the columns that came later."""
    writer.execute(SCHEMA)
    known = {name for (name,) in writer.execute(TABLE_COLUMNS)}
    for name, column in ADDED_COLUMNS.items():
        if name not in known:
            writer.execute(f"ALTER TABLE events ADD COLUMN {column}")
