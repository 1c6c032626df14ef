"""what becomes of an item when a part of its way fails: tried on purpose, in a record of its own.

The process, its rules and its values are the real ones; what fails, and every system outside, is
played. Nothing of it stands among live items, and nothing outside is ever done.
"""
