from tests.e2e.fixtures import graph, make_gateway, mode

__all__ = ["graph", "make_gateway", "mode"]
