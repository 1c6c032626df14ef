"""what a run leaves behind."""
