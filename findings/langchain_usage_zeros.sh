#!/bin/sh
# LangChain's ChatOpenAI says that 0 tokens were written where a server says null, or nothing, of a reply with a text.
#
# Expected: no usage_metadata, or none of that count, as with the server's own object.
# Seen: output_tokens 0, which sums, prices and caps take for a count. And where thoughts stand beside completion_tokens, as
# with Gemini's OpenAI-compatible endpoint, total_tokens is more than both parts, and who prices the parts misses most of it.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "langchain-openai==1.7.3" "langchain-core==1.7.2" "openai==3.54.0"
cat > "$folder/finding.py" <<'PYTHON'
import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from threading import Thread

from langchain_openai import ChatOpenAI

CHOICE = {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
USAGES = {
    "null": {"prompt_tokens": 9, "completion_tokens": None, "total_tokens": None},
    "absent": {"prompt_tokens": 9},
    "thoughts beside": {"prompt_tokens": 300, "completion_tokens": 80, "total_tokens": 2380},
}
EXPECTED = {
    "null": "read 9, written 0, total 9",
    "absent": "read 9, written 0, total 9",
    "thoughts beside": "read 300, written 80, total 2380",
}


class Server(BaseHTTPRequestHandler):
    usage = None

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        reply = {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [CHOICE]}
        body = json.dumps({**reply, "usage": Server.usage}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Server)
Thread(target=server.serve_forever, daemon=True).start()
model = ChatOpenAI(model="m", api_key="none", base_url=f"http://127.0.0.1:{server.server_port}/v1", max_retries=0)
print("langchain-openai", version("langchain-openai"), "openai", version("openai"))
same = True
for name, usage in USAGES.items():
    Server.usage = usage
    counts = model.invoke("Hi").usage_metadata
    seen = f"read {counts['input_tokens']}, written {counts['output_tokens']}, total {counts['total_tokens']}"
    print(f"{name:16} {json.dumps(usage)} -> {seen}")
    same = same and seen == EXPECTED[name]
raise SystemExit(0 if same else 1)
PYTHON
no_proxy=127.0.0.1 "$folder/venv/bin/python" "$folder/finding.py"
