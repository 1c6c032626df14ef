"""Synthetic invoices against orders and receipts: a fictional customer whose truth is known."""
