"""The database, SQLite or PostgreSQL: tables, migrations and repositories."""
