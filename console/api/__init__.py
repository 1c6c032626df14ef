"""the JSON API for triggers, items and other programs."""
