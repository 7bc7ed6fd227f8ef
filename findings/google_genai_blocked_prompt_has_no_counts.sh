#!/bin/sh
# LangChain's ChatGoogleGenerativeAI drops the token counts of a prompt that Google blocks, although the answer has them.
#
# Expected: an error, as its name for such prompts suggests, or a message with usage_metadata and a finish reason.
# Seen: an empty AIMessage without usage_metadata and without finish_reason; only `prompt_feedback` tells it from a reply
# that is empty. The answer's usageMetadata, which is billed, goes nowhere.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "langchain-google-genai==4.4.3" "langchain-core==1.8.3" "google-genai==3.6.1"
cat > "$folder/finding.py" <<'PYTHON'
import json
import logging
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from threading import Thread

from langchain_google_genai import ChatGoogleGenerativeAI

logging.disable(logging.WARNING)
COUNTS = {"promptTokenCount": 120, "totalTokenCount": 120}
BLOCKED = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": COUNTS}
CANDIDATE = {"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}


class Server(BaseHTTPRequestHandler):
    reply = None

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(Server.reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Server)
Thread(target=server.serve_forever, daemon=True).start()
model = ChatGoogleGenerativeAI(
    model="gemini-x", api_key="none", base_url=f"http://127.0.0.1:{server.server_port}", max_retries=0
)
print("langchain-google-genai", version("langchain-google-genai"), "google-genai", version("google-genai"))
seen = {}
for name, Server.reply in {"good": {"candidates": [CANDIDATE], "usageMetadata": COUNTS}, "blocked": BLOCKED}.items():
    message = model.invoke("Hi")
    read = (message.usage_metadata or {}).get("input_tokens")
    seen[name] = (read, message.response_metadata.get("finish_reason"))
    print(f"{name:8} promptTokenCount 120 -> read {read}, finish_reason {seen[name][1]}, content {message.content!r}")
raise SystemExit(0 if seen["good"][0] == 120 and seen["blocked"] == (None, None) else 1)
PYTHON
no_proxy=127.0.0.1 "$folder/venv/bin/python" "$folder/finding.py"
