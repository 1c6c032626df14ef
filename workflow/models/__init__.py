"""the routes that ask a model, in order before the baseline: words, forms, checks, confidence."""
