"""the sample customer, played to the end."""
