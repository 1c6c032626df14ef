"""one version's way on one page, trigger to final action, with every rule and failure path."""
