"""A stand-in for the package `xllamacpp`, which is not among the tests' dependencies: its server, without llama.cpp.

It answers in the form of llama.cpp's server, with the texts of the offline model. `make real-model-proof` runs the same
code with the real one.
"""

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any


class CommonParams:
    """The parameters that the project sets."""

    def __init__(self) -> None:
        self.model = SimpleNamespace(path="")
        self.model_alias: set[str] = set()
        self.cpuparams, self.cpuparams_batch = SimpleNamespace(n_threads=-1), SimpleNamespace(n_threads=-1)
        self.port = self.n_parallel = self.n_ctx = self.verbosity = 0
        self.endpoint_metrics, self.ui = False, True
        self.api_keys: list[str] = []


class Server:
    """Serves at once. A file that ends in `broken` or `crash` fails as llama.cpp does; `lazy` takes its time."""

    def __init__(self, params: CommonParams) -> None:
        content = Path(params.model.path).read_bytes()
        if content.endswith(b"crash"):
            os.abort()
        if content.endswith(b"broken"):
            sys.stderr.write("0.00.004.000 I srv  load_model: loading model\n")
            sys.stderr.write(
                "0.00.065.753 E llama_model_load: error loading model: tensor data is not within the file\n"
            )
            raise RuntimeError("Failed to init server, please check the input params.")
        if content.endswith(b"slow"):
            threading.Event().wait(30)
        self.pause_s = 0.3 if content.endswith(b"lazy") else 0.0
        handler = type("Handler", (_Handler,), {"params": params, "pause_s": self.pause_s})
        self._server = ThreadingHTTPServer(("127.0.0.1", params.port), handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.listening_address = f"http://127.0.0.1:{self._server.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    params: CommonParams
    pause_s: float
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the kernel holds a body back for 40 ms, after its headers

    def log_message(self, *_: Any) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        """The number of the process, and the options with which it was started."""
        options = {name: getattr(self.params, name) for name in ("n_parallel", "n_ctx", "verbosity", "ui")}
        self._answer(200, {"process": os.getpid(), "keys": sorted(os.environ), **options})

    def do_POST(self) -> None:
        """A chat completion."""
        from synthetic_textcat.llm.offline.replies import reply  # half a second, and most servers are never asked

        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != f"Bearer {self.params.api_keys[0]}":
            self._answer(401, {"error": {"message": "Invalid API Key", "type": "authentication_error", "code": 401}})
            return
        time.sleep(self.pause_s)
        prompt = "\n".join(message["content"] for message in body["messages"])
        schema = body["response_format"]["json_schema"]["schema"]
        text = reply(prompt, schema, body["seed"], {}).content
        usage = {"prompt_tokens": len(prompt) // 4, "completion_tokens": len(text) // 4}
        message = {"role": "assistant", "content": text}
        self._answer(
            200,
            {
                "model": next(iter(self.params.model_alias)),
                "object": "chat.completion",
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                "usage": usage | {"total_tokens": sum(usage.values())},
            },
        )

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
