"""Synthetic sales deals: a fictional customer, its signs of risk, and what is right for each."""
