"""Real labelled cases as input: what the packs hold, and who answers for them."""
