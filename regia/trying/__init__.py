"""Trying rules on stored messages: what would move where. Nothing is published, nothing is written."""
