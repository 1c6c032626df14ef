"""The world outside this process."""
