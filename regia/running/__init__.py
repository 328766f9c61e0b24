"""How a gateway runs as processes: one that serves, or a parent with workers that share its port.

`serving` is the life of one process that serves, `parent` the small process that keeps workers alive. `parent` and what it
imports (`plan`, `keeper`, `backoff`) know nothing of the rest of Regia, so that it stays small and needs no restart for a
new version of what it starts.
"""
