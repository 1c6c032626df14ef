"""ask an OpenAI-compatible endpoint; count tokens, cost and time."""
