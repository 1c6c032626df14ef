"""labelled cases: read, check, split, digest."""
