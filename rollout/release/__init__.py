"""carry out a move; rehearse and perform the way back."""
