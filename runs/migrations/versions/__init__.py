"""One revision a change of the schema."""
