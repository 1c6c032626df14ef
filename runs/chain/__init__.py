"""what anybody can check of the record: its chain, its coverage, its signatures and its anchors."""
