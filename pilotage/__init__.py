"""The door: the only place that chooses implementations."""

__version__ = "0.1.0"
