"""The windows of visitors that are open on this node, and what each is shown."""
