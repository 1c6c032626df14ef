"""Tool calls of tasks and of attacks, replayed by an agent that does whatever it reads."""
