"""one module a screen."""
