"""A synthetic support desk: a fictional customer, its rules, and tickets whose truth is known."""
