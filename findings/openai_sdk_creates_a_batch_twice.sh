#!/bin/sh
# The OpenAI SDK repeats the creation of a batch whose answer was lost, and nothing tells the server that it is the same
# batch: it makes an idempotency key for each request that is no GET, and has no header to send it in. Two paid batches.
#
# Expected: a key that goes along with both requests, as in SDKs made by the same generator, or no retry of a creation.
# Seen: with its default settings one call of batches.create arrives twice, with equal bodies and without any key.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "openai==3.54.0"
cat > "$folder/finding.py" <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version

from openai import OpenAI

created = []


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        keys = [name for name in self.headers if "idempot" in name.lower()]
        created.append((body, keys))
        if len(created) == 1:
            self.connection.close()  # the batch is created, and the answer is lost
            return
        answer = json.dumps({"id": "batch_2", "object": "batch", "status": "validating"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass

    def handle(self):
        try:
            super().handle()
        except (OSError, ValueError):
            pass


server = HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = OpenAI(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none")
batch = client.batches.create(input_file_id="file-1", endpoint="/v1/chat/completions", completion_window="24h")
print("openai", version("openai"))
print("the call returns:", batch.id)
print("creations at the server:", len(created), "equal bodies:", created[0][0] == created[-1][0])
print("headers with an idempotency key:", [keys for _, keys in created])
raise SystemExit(not (len(created) == 2 and created[0][0] == created[1][0] and not any(keys for _, keys in created)))
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
