"""workflows to start from, with their plans and cases."""
