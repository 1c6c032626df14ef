"""What a lesson is, where it came from, until when it holds.

The gate before anything is kept. A draft is cleaned, checked and masked (`draft`) or refused; what
speaks to the reader instead of informing it is found (`lint`); what is there already or about the
same is found (`likeness`); and `terms` says how long a lesson holds and whose word it needs.
"""
