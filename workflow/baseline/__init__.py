"""The route that needs no model endpoint: learnt from the cases."""
