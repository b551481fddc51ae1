"""Alembic migrations, packaged so that an installed gateway can migrate itself."""
