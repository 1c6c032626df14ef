"""records in and out; each change with its event."""
