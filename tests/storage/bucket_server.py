"""A process that is an S3 server: moto's, where one request at a time is carried out.

It prints its port and serves until its standard input ends: so it ends with
whoever started it, killed or not. What stands before the first ``-`` of a bucket's name says what
is wrong with the bucket, for tests of what goes wrong:

- ``unconditional``: it has never heard of If-Match and If-None-Match;
- ``forgetful``: it carries out what it is asked to put, and every other time answers 500;
- ``busy``: it answers 503 to whoever wants to put something;
- ``unreadable``: it answers 403 to whoever wants anything else.

The object by which a store is tried is spared by the second and the third.
"""

import os
import sys
from collections import Counter
from http import HTTPStatus
from threading import Lock, Thread

PAGE = 50
"""How many keys it lists at a time."""

ACCESS, SECRET = "publisher", "known to publishers"
"""The one who may write here. A signature is not looked at: moto does not know how to."""


class Wrong:
    """The application, made to go wrong, and to do one thing at a time.

    moto looks at the condition of a write, and then writes; in between another thread may have
    done the same. That is how its lock comes to be here.
    """

    def __init__(self, application):
        self.application = application
        self.lock = Lock()
        self.puts = Counter()

    def __call__(self, environ, start_response):
        with self.lock:
            return self.answer(environ, start_response)

    def answer(self, environ, start_response):
        signed = environ.get("HTTP_AUTHORIZATION", "")
        if signed and f"Credential={ACCESS}/" not in signed:
            return refused(start_response, HTTPStatus.FORBIDDEN, "InvalidAccessKeyId")
        wrong = folder_taken_off(environ)
        path = environ["PATH_INFO"]
        if wrong == "unreadable" and environ["REQUEST_METHOD"] != "PUT":
            return refused(start_response, HTTPStatus.FORBIDDEN, "AccessDenied")
        if wrong and environ["REQUEST_METHOD"] == "PUT":
            self.puts[path] += 1
            tried = "/.trustlib/" in path
            match wrong:
                case "unconditional":
                    environ.pop("HTTP_IF_MATCH", None)
                    environ.pop("HTTP_IF_NONE_MATCH", None)
                case "forgetful" if self.puts[path] % 2 and not tried:
                    b"".join(self.application(environ, lambda *_: None))
                    return refused(
                        start_response, HTTPStatus.INTERNAL_SERVER_ERROR, "InternalError"
                    )
                case "busy" if not tried:
                    return refused(start_response, HTTPStatus.SERVICE_UNAVAILABLE, "SlowDown")
        return [b"".join(self.application(environ, start_response))]


def folder_taken_off(environ):
    """Return what is wrong with the bucket that is asked for, or None."""
    for wrong in ("unconditional", "forgetful", "busy", "unreadable"):
        if environ["PATH_INFO"].startswith(f"/{wrong}/"):
            for name in ("PATH_INFO", "RAW_URI", "REQUEST_URI"):
                environ[name] = environ[name].removeprefix(f"/{wrong}")
            return wrong
    return None


def refused(start_response, status, code):
    start_response(f"{status.value} {status.phrase}", [("Content-Type", "application/xml")])
    return [f"<Error><Code>{code}</Code></Error>".encode()]


def main():
    from moto.server import create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *_):
            """Say nothing; tests read the answers."""

    os.environ["MOTO_S3_DEFAULT_MAX_KEYS"] = str(PAGE)
    application = Wrong(create_backend_app("s3"))
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Quiet)
    Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
