"""four kinds of picture as SVG, each with its numbers as a table."""
