#!/bin/sh
# LangChain's ChatHuggingFace sends other sampling settings than it was given.
#
# Expected: temperature, top_p, seed and max_tokens are fields of ChatHuggingFace, so they are what the server gets.
# Seen: a temperature of 0 is taken for none, and the default of the HuggingFaceEndpoint inside, 0.8, is sent; top_p and seed
# are never sent, whatever they are. A run that was to be greedy and repeatable is neither, without a word.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  "langchain-huggingface==1.2.3" "langchain-core==1.7.2" "huggingface-hub==1.33.0"
cat > "$folder/finding.py" <<'PYTHON'
import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from threading import Thread

from langchain_huggingface import ChatHuggingFace, HuggingFaceEndpoint

GIVEN = {"temperature": 0.0, "top_p": 0.5, "seed": 7, "max_tokens": 20}


class Server(BaseHTTPRequestHandler):
    sent = {}

    def do_POST(self):
        Server.sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        choices = [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}]
        usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
        body = json.dumps({"id": "1", "created": 1, "model": "m", "choices": choices, "usage": usage}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Server)
Thread(target=server.serve_forever, daemon=True).start()
endpoint = HuggingFaceEndpoint(endpoint_url=f"http://127.0.0.1:{server.server_port}/v1")
ChatHuggingFace(llm=endpoint, **GIVEN).invoke("Hi")
print("langchain-huggingface", version("langchain-huggingface"), "huggingface-hub", version("huggingface-hub"))
seen = {name: Server.sent.get(name) for name in GIVEN}
print("given:", GIVEN)
print("sent: ", seen)
as_found = seen == {"temperature": 0.8, "top_p": None, "seed": None, "max_tokens": 20}
print("as found" if as_found else "NOT as found")
raise SystemExit(0 if as_found else 1)
PYTHON
no_proxy=127.0.0.1 "$folder/venv/bin/python" "$folder/finding.py"
