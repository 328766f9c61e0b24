"""Measures Regia on this machine against what it is built on: `python -m bench`."""
