"""The record; the only package that imports alembic and dbos."""
