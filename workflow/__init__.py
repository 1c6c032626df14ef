"""The deployed workflow: its definition and its runtime."""
