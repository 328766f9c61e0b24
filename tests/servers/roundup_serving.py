"""Serves a Roundup tracker by its own WSGI handler: `python roundup_serving.py HOME PORT`, in the environment that has Roundup.

`roundup-server` does not run as root, and the tests do in a container.
"""

import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, make_server

from roundup.cgi.wsgi_handler import RequestDispatcher  # type: ignore[import-not-found]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


home, port = sys.argv[1], int(sys.argv[2])
dispatch = RequestDispatcher(home)


def below_the_tracker(environ, start_response):  # type: ignore[no-untyped-def]
    """The first part of the path is the tracker's name, as behind `roundup-server`."""
    path = environ["PATH_INFO"].lstrip("/")
    name, _, rest = path.partition("/")
    return dispatch({**environ, "SCRIPT_NAME": f"/{name}", "PATH_INFO": f"/{rest}"}, start_response)


make_server("127.0.0.1", port, below_the_tracker, server_class=Server).serve_forever()
