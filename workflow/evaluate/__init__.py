"""a version over a dataset -> evidence."""
