#!/bin/sh
# LangChain's usage callback counts a reply's tokens again each time the reply comes from the cache.
#
# Expected: get_usage_metadata_callback, which "tracks token usage across calls", has what the calls used: a reply from
# LangChain's own cache asks nobody and uses no tokens.
# Seen: four equal questions are one request to the server, and four times its tokens in the callback. The message from the
# cache has a total_cost of 0, so LangChain knows of it, and the same counts as the first. A budget that reads the callback is
# used up by calls that were free. Exits with 1 if that changes.
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

from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import get_usage_metadata_callback
from langchain_openai import ChatOpenAI

CHOICE = {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
USAGE = {"prompt_tokens": 300, "completion_tokens": 80, "total_tokens": 380}


class Server(BaseHTTPRequestHandler):
    requests = 0

    def do_POST(self):
        Server.requests += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        reply = {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [CHOICE], "usage": USAGE}
        body = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Server)
Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}/v1"
model = ChatOpenAI(model="m", api_key="none", base_url=address, max_retries=0, cache=InMemoryCache())
print("langchain-core", version("langchain-core"), "langchain-openai", version("langchain-openai"))
seen = []
with get_usage_metadata_callback() as used:
    for call in range(1, 5):
        own = model.invoke("Hi").usage_metadata
        counted = sum(each["total_tokens"] for each in used.usage_metadata.values())
        seen.append((Server.requests, own.get("total_cost"), counted))
        print(f"call {call}: requests {Server.requests}, total_cost in it {own.get('total_cost')}, tokens counted {counted}")
raise SystemExit(seen != [(1, None, 380), (1, 0, 760), (1, 0, 1140), (1, 0, 1520)])
PYTHON
no_proxy=127.0.0.1 "$folder/venv/bin/python" "$folder/finding.py"
