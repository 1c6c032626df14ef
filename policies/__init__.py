"""The rules; pure."""
