"""How much of the world a version may touch."""
