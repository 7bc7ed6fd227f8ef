"""A dataset hub on loopback: real HTTP, the few endpoints that a push calls, and faults to order."""

import base64
import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import yaml

TOKEN = "hf_test-token-0123456789"
OWNER = "somebody"
_FIRST = "0" * 40

_ENDPOINTS = {
    r"GET /api/whoami-v2": "whoami",
    r"GET /api/datasets/([^/]+/[^/]+)(?:/revision/main)?": "info",
    r"POST /api/repos/create": "create",
    r"POST /api/validate-yaml": "validate",
    r"POST /api/datasets/([^/]+/[^/]+)/preupload/main": "modes",
    r"POST /datasets/[^/]+/[^/]+\.git/info/lfs/objects/batch": "uploads",
    r"POST /api/datasets/([^/]+/[^/]+)/commit/main": "commit",
}
"""What huggingface_hub 2.4 asks when it pushes; each is a method of the hub."""


@dataclass
class Repository:
    """What a dataset repository of the hub holds.

    Attributes:
        private: Whether only its owner sees it.
        files: Path → bytes.
        commits: Ids, the last one last.
        messages: Of the commits that were pushed.
    """

    private: bool
    files: dict[str, bytes] = field(default_factory=lambda: {".gitattributes": b""})
    commits: list[str] = field(default_factory=lambda: [_FIRST])
    messages: list[str] = field(default_factory=list)


class LoopbackHub:
    """A hub that runs while the `with` block does.

    Attributes:
        url: For HF_ENDPOINT.
        repositories: By `owner/name`.
        requests: Method and path of each request so far, and its headers.
        faults: Beginning of a method and path → the status, and what is said, in place of an answer.
    """

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.faults: dict[str, tuple[int, str]] = {}
        self._blobs: dict[str, bytes] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a user exports to publish here."""
        return {"HF_ENDPOINT": self.url, "HF_TOKEN": TOKEN, "NO_PROXY": "127.0.0.1"}

    @property
    def paths(self) -> list[str]:
        """Method and path of each request so far."""
        return [request for request, _ in self.requests]

    def __enter__(self) -> Self:
        """Starts the server."""
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops the server."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        """Status and JSON for one request."""
        self.requests.append((request, headers))
        for beginning, (status, said) in self.faults.items():
            if request.startswith(beginning):
                return status, {"error": said}
        if request.startswith("PUT /blobs/"):  # the address itself lets the client write
            self._blobs[request.removeprefix("PUT /blobs/")] = body
            return 200, {}
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"error": "Invalid credentials in Authorization header"}
        return self._answered(request, body)

    def _answered(self, request: str, body: bytes) -> tuple[int, Any]:
        for pattern, endpoint in _ENDPOINTS.items():
            if found := re.fullmatch(pattern, request):
                answer: tuple[int, Any] = getattr(self, endpoint)(*found.groups(), *([body] if body else []))
                return answer
        return 404, {"error": f"no such endpoint: {request}"}

    def whoami(self) -> tuple[int, Any]:
        """Whose token it is."""
        return 200, {"name": OWNER, "type": "user"}

    def info(self, name: str) -> tuple[int, Any]:
        """A repository, and the names of its files."""
        if name not in self.repositories:
            return 404, {"error": "Repository not found"}
        found = self.repositories[name]
        siblings = [{"rfilename": path} for path in found.files]
        info = {"id": name, "sha": found.commits[-1], "private": found.private, "siblings": siblings}
        return 200, {**info, "tags": _head(found.files.get("README.md", b"")).get("tags", [])}

    def create(self, body: bytes) -> tuple[int, Any]:
        """A new repository."""
        asked = json.loads(body)
        name = f"{asked['organization']}/{asked['name']}"
        assert asked["type"] == "dataset"
        self.repositories[name] = Repository(private=asked["visibility"] == "private")
        return 200, {"url": f"{self.url}/datasets/{name}"}

    def validate(self, _: bytes) -> tuple[int, Any]:
        """What is to be said of a card."""
        return 200, {"errors": [], "warnings": [{"message": "a warning of the hub's"}]}

    def modes(self, name: str, body: bytes) -> tuple[int, Any]:
        """How each file is to be sent."""
        repository = self.repositories[name]

        def _mode(path: str) -> dict[str, Any]:
            large = path.endswith(".parquet")
            content = repository.files.get(path)
            oid = None if content is None else _oid(content, large)
            return {"path": path, "uploadMode": "lfs" if large else "regular", "shouldIgnore": False, "oid": oid}

        return 200, {"files": [_mode(file["path"]) for file in json.loads(body)["files"]]}

    def uploads(self, body: bytes) -> tuple[int, Any]:
        """Where large files are to be put."""
        return 200, {"objects": [self._upload(item) for item in json.loads(body)["objects"]]}

    def _upload(self, item: dict[str, Any]) -> dict[str, Any]:
        href = f"{self.url}/blobs/{item['oid']}"
        return item if item["oid"] in self._blobs else {**item, "actions": {"upload": {"href": href}}}

    def commit(self, name: str, body: bytes) -> tuple[int, Any]:
        """All changes at once."""
        repository, lines = self.repositories[name], [json.loads(line) for line in body.splitlines()]
        header = lines[0]["value"]
        if header.get("parentCommit", repository.commits[-1]) != repository.commits[-1]:
            return 412, {"error": "A commit has happened since"}
        files = dict(repository.files)
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "deletedFile":
                del files[value["path"]]
            elif line["key"] == "lfsFile":
                files[value["path"]] = self._blobs[value["oid"]]
            else:
                files[value["path"]] = base64.b64decode(value["content"])
        repository.files = files
        repository.messages.append(header["summary"])
        repository.commits.append(hashlib.sha1(body).hexdigest())
        return 200, {"commitUrl": f"{self.url}/datasets/{name}/commit/x", "commitOid": repository.commits[-1]}


def _head(card: bytes) -> dict[str, Any]:
    """The YAML at the beginning of a card."""
    parts = card.decode().split("---\n", 2)
    head: dict[str, Any] = yaml.safe_load(parts[1]) if len(parts) == 3 else {}
    return head


def _oid(content: bytes, large: bool) -> str:
    """As git and its large file storage name a content."""
    named = content if large else b"blob %d\0" % len(content) + content
    return (hashlib.sha256 if large else hashlib.sha1)(named).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    hub: LoopbackHub
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the kernel holds a body back for 40 ms, after its headers

    def _handle(self) -> None:
        body = self._body()
        headers = {name.casefold(): value for name, value in self.headers.items()}
        status, answer = self.hub.answer(f"{self.command} {self.path}", headers, body)
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    do_GET = do_POST = do_PUT = _handle  # noqa: N815  names of the standard library's

    def log_message(self, *_: object) -> None:
        """Says nothing."""
