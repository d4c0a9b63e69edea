"""A server of files on this machine, with the faults of a real one."""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from merlib.data.public.registry import Dataset, File, Repository

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FACES = Repository("anna/faces", COMMIT, "Anna")
WORDS = Repository("ben/words", COMMIT, "Ben", "MIT")


def file(repository: Repository, path: str, content: bytes) -> File:
    return File(repository, path, len(content), hashlib.sha256(content).hexdigest())


def dataset(contents: dict[str, bytes], repository: Repository = FACES, **about) -> Dataset:
    """A data set of one repository: path in it -> content."""
    files = tuple(file(repository, path, content) for path, content in contents.items())
    return Dataset("tiny", "tiny data", "Tiny", "a few bytes", files, **about)


class Server:
    """`contents`: path in the repository -> bytes. The other attributes are the faults; `asked` are the paths asked for."""

    def __init__(self, contents: dict[str, bytes]):
        self.contents = contents
        self.cut: set[str] = set()  # the answer ends in the middle
        self.seconds = 0.0  # before every answer
        self.status: dict[str, int] = {}
        self.asked: list[str] = []
        self.address = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = unquote(request.path).split(COMMIT + "/", 1)[-1]
        self.asked.append(path)
        time.sleep(self.seconds)
        content = self.contents.get(path)
        status = self.status.get(path, 404 if content is None else 200)
        request.send_response(status)
        request.send_header("Content-Length", str(len(content or b"")))
        request.end_headers()
        if status == 200:
            request.wfile.write(content[: len(content) // 2] if path in self.cut else content)


@contextmanager
def served(contents: dict[str, bytes]) -> Iterator[Server]:
    server = Server(contents)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            server.answer(self)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.address = f"http://127.0.0.1:{http.server_port}"
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield server
        http.shutdown()
