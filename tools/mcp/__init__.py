"""customer systems: read, draft, act with a key."""
