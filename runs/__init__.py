"""The record; the only package that imports sqlalchemy and dbos."""
