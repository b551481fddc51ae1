"""No migration holds up the previous version or takes something away from it.

Every statement that migrations run on PostgreSQL is given to a linter of migrations, each migration
as one transaction.
"""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlalchemy.engine import Engine

import gateway.db
from gateway.db.migrate import migrate, schema_versions
from gateway.db.url import synchronous_url
from tests.support.postgresql import fresh_database

_CHANGES = re.compile(r"\s*(CREATE|ALTER|DROP|TRUNCATE|LOCK)\b", re.IGNORECASE)
# What has no say in whether a server can go on beside it.
_MATTERS_OF_TASTE = (
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "prefer-identity",
    "prefer-robust-stmts",
    "prefer-text-field",
    # db/migrate.py sets both for the whole session.
    "require-lock-timeout",
    "require-statement-timeout",
    # db/migrations/online.py leaves the transaction for these.
    "ban-concurrent-index-creation-in-transaction",
)
# Found in migrations from before the first release, when no such table was large anywhere; and one
# that drops a function in the statement that makes its successor.
_KNOWN = {
    ("0005", "require-concurrent-index-creation", "ix_alerts_waiting"),
    ("0005", "require-concurrent-index-creation", "ix_alerts_held"),
    ("0005", "ban-drop-function", "access_events_only_grow"),
    ("0006", "require-concurrent-index-deletion", "ix_alerts_status_severity"),
    # Empty when it is built: no row of an older version has such a number.
    ("0014", "require-concurrent-index-creation", "ix_alert_events_changes"),
}


@contextmanager
def recorded() -> Iterator[list[str]]:
    """Record the statements that change tables, one a line, for as long as the block lasts."""
    statements: list[str] = []

    def record(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if _CHANGES.match(statement) and "alembic_version" not in statement:
            statements.append(" ".join(statement.split()).rstrip(";") + ";")

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", record)


def revisions() -> list[str]:
    """Return all revisions, oldest first."""
    config = Config()
    folder = Path(gateway.db.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][
        ::-1
    ]


def faults(statements: Sequence[str]) -> list[tuple[str, str]]:
    """Return the rules that statements of one transaction break, each with its statement."""
    linted = subprocess.run(
        [
            Path(sys.executable).with_name("squawk"),
            "--reporter=json",
            "--pg-version=14.0",
            "--assume-in-transaction",
            f"--exclude={','.join(_MATTERS_OF_TASTE)}",
        ],
        input="\n".join(statements) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    found = msgspec.json.decode(linted.stdout)
    return [(each["rule_name"], statements[each["line"]]) for each in found]


def test_no_migration_is_in_the_way_of_the_previous_version(postgresql: str) -> None:
    found = set()
    with fresh_database(postgresql, migrated=False) as url:
        for revision in revisions():
            with recorded() as statements:
                migrate(url, revision)
            if statements:
                found |= {(revision, *fault) for fault in faults(statements)}
    unknown = {
        fault
        for fault in found
        if not any(
            fault[:2] == known[:2] and re.search(rf"\b{known[2]}\b", fault[2]) for known in _KNOWN
        )
    }
    assert unknown == set()
    assert len(found) == len(_KNOWN), "what is known no longer happens, so take it off the list"


def test_statements_of_the_previous_version_find_their_columns(
    postgresql: str, tmp_path: Path
) -> None:
    """Each migration leaves what was there, and asks nothing of who does not know what is new."""
    with fresh_database(postgresql, migrated=False) as on_postgresql:
        for url in (on_postgresql, f"sqlite+aiosqlite:///{tmp_path}/gateway.sqlite"):
            before: dict[str, dict[str, Any]] = {}
            for revision in revisions():
                migrate(url, revision)
                after = columns_of(url)
                for table, columns in before.items():
                    assert columns.items() <= after[table].items(), (revision, table)
                    for name in after[table].keys() - columns.keys():
                        _, may_be_left_out = after[table][name]
                        assert may_be_left_out, (revision, table, name)
                before = after


def columns_of(url: str) -> dict[str, dict[str, Any]]:
    """Return the type of each column by table, and whether an insert may leave it out."""
    engine = sqlalchemy.create_engine(synchronous_url(url))
    with engine.connect() as connection:
        found = sqlalchemy.inspect(connection).get_multi_columns()
    engine.dispose()
    return {
        table: {
            column["name"]: (
                str(column["type"]),
                column["nullable"] or column["default"] is not None,
            )
            for column in columns
        }
        for (_, table), columns in found.items()
    }


def test_migration_lets_others_go_first_and_comes_back(postgresql: str) -> None:
    """Somebody reads a table that a migration changes, for longer than it waits at a time."""
    waiting = sqlalchemy.text(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'labels'::regclass"
    )
    with fresh_database(postgresql, migrated=False) as url:
        migrate(url, "0012")
        engine = sqlalchemy.create_engine(synchronous_url(url))
        ended = threading.Event()

        def run() -> None:
            migrate(url, "0013")
            ended.set()

        with engine.connect() as holder, engine.connect() as watcher:
            holder.execute(sqlalchemy.text("SELECT count(*) FROM labels"))
            thread = threading.Thread(target=run)
            thread.start()
            for wanted in (1, 0, 1):
                while watcher.scalar(waiting) != wanted:
                    watcher.rollback()
                watcher.rollback()
            assert not ended.is_set()
            holder.rollback()
            thread.join()
        engine.dispose()
        assert ended.is_set()
        assert schema_versions(url)[0] == "0013"


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("ALTER TABLE alerts ADD COLUMN x integer NOT NULL;", "adding-required-field"),
        (
            "ALTER TABLE alerts ADD COLUMN x text DEFAULT random()::text;",
            "adding-field-with-default",
        ),
        ("ALTER TABLE alerts ALTER COLUMN version TYPE bigint;", "changing-column-type"),
        ("ALTER TABLE alerts ALTER COLUMN outcome SET NOT NULL;", "adding-not-nullable-field"),
        ("ALTER TABLE alerts DROP COLUMN outcome;", "ban-drop-column"),
        ("ALTER TABLE alerts RENAME COLUMN outcome TO result;", "renaming-column"),
        ("ALTER TABLE alerts RENAME TO cases;", "renaming-table"),
        ("DROP TABLE notes;", "ban-drop-table"),
        ("CREATE INDEX ix ON alerts (outcome);", "require-concurrent-index-creation"),
        (
            "ALTER TABLE alerts ADD CONSTRAINT c CHECK (version > 0);",
            "constraint-missing-not-valid",
        ),
        ("ALTER TABLE alerts ADD CONSTRAINT u UNIQUE (entity);", "disallowed-unique-constraint"),
    ],
)
def test_dangerous_statement_is_refused(statement: str, rule: str) -> None:
    assert (rule, statement) in faults([statement])


def test_harmless_statements_are_not_refused() -> None:
    assert (
        faults(
            [
                "CREATE TABLE more (id bigint PRIMARY KEY, x text NOT NULL);",
                "CREATE INDEX ix ON more (x);",
                "CREATE INDEX CONCURRENTLY iy ON alerts (outcome);",
                "ALTER TABLE alerts ADD COLUMN x integer NOT NULL DEFAULT 0;",
            ]
        )
        == []
    )
