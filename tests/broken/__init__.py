"""A small channel that holds everything, and the same with one mistake at a time: the conformance suite must catch each."""
