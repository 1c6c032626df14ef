"""Synthetic requests for statements of work: a fictional customer whose truth is known."""
