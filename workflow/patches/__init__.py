"""small changes to a version, and how small each is."""
