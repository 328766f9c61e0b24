"""What becomes of messages when servers fail: `python -m faults`."""
