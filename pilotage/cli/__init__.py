"""One module a command group, loaded only when it is asked for."""
