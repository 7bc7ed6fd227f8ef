#!/bin/sh
# LangChain's ChatOpenRouter with max_retries=0 goes on retrying a status of 500, for up to an hour.
#
# Expected: max_retries=0 sends one request.
# Seen: 0 only leaves the SDK's own retries in place, whose time limit is an hour. And `timeout` is in milliseconds, where
# LangChain's other classes have seconds under that name.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "langchain-openrouter==0.2.9" "langchain-core==1.7.2" "openrouter==0.10.8"
cat > "$folder/finding.py" <<'PYTHON'
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from threading import Thread

from langchain_openrouter import ChatOpenRouter


class Server(BaseHTTPRequestHandler):
    asked = 0
    wait_s = 0.0

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        Server.asked += 1
        time.sleep(Server.wait_s)
        body = b'{"error": {"code": 500, "message": "broken"}}'
        self.send_response(500)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
server.handle_error = lambda *_: None  # a client that has gone
Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}/v1"


def ask(limit_s, **arguments):
    def call():
        try:
            ChatOpenRouter(model="m", api_key="none", base_url=base, **arguments).invoke("Hi")
        except Exception as error:
            ended.append(type(error).__name__)

    Server.asked, ended = 0, []
    thread = Thread(target=call, daemon=True)
    thread.start()
    thread.join(limit_s)
    return Server.asked, ended


print("langchain-openrouter", version("langchain-openrouter"), "openrouter", version("openrouter"))
asked, ended = ask(12, max_retries=0)
print(f"max_retries=0, status 500: {asked} requests in 12 s, {'ended: ' + ended[0] if ended else 'and it goes on'}")
retries = asked > 1 and not ended
Server.wait_s = 1.0
asked, ended = ask(10, max_retries=1, timeout=30)
print(f"timeout=30, answers that take a second: {asked} requests in 10 s, {ended[0] if ended else 'and it goes on'}")
sys.stdout.flush()
os._exit(0 if retries and asked > 1 else 1)  # its threads would go on asking
PYTHON
no_proxy=127.0.0.1 "$folder/venv/bin/python" "$folder/finding.py"
