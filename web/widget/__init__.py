"""The chat widget: its script, its words and what it is told about a chat."""
