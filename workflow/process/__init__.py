"""one item through one version: intake, context, decide, route, act."""
