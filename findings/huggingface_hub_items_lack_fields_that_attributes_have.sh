#!/bin/sh
# A reply of huggingface_hub has other fields by item than by attribute.
#
# Expected: its types are documented as dicts that are dataclasses too, and fields that the library does not know are kept, so
# reply["choices"][0]["message"] is reply.choices[0].message.
# Seen: of nested objects the items hold the known fields alone. A refusal, the thoughts of a model under another name than
# `reasoning`, and the details of token usage are there by attribute only; a program that reads the reply as a dict, as
# LangChain's ChatHuggingFace does, never sees them, and takes a refusal for an empty reply.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "huggingface-hub==1.33.0"
cat > "$folder/finding.py" <<'PYTHON'
import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from threading import Thread

from huggingface_hub import InferenceClient

MESSAGE = {"role": "assistant", "content": "", "refusal": "I can not help with that.", "reasoning_content": "Hm."}
USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12, "prompt_tokens_details": {"cached_tokens": 4}}


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        choices = [{"index": 0, "finish_reason": "stop", "message": MESSAGE}]
        body = json.dumps({"id": "1", "created": 1, "model": "m", "choices": choices, "usage": USAGE}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Server)
Thread(target=server.serve_forever, daemon=True).start()
client = InferenceClient(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none")
reply = client.chat_completion([{"role": "user", "content": "Hi"}], model="m")
by_attribute, by_item = reply.choices[0].message, reply["choices"][0]["message"]
print("huggingface-hub", version("huggingface-hub"))
print("by attribute:", by_attribute.refusal, by_attribute.reasoning_content, reply.usage.prompt_tokens_details)
print("by item:     ", sorted(by_item), sorted(reply["usage"]))
lost = {"refusal", "reasoning_content"} - set(by_item) | {"prompt_tokens_details"} - set(reply["usage"])
as_found = by_attribute.refusal == MESSAGE["refusal"] and len(lost) == 3
print("as found" if as_found else "NOT as found")
raise SystemExit(0 if as_found else 1)
PYTHON
no_proxy=127.0.0.1 "$folder/venv/bin/python" "$folder/finding.py"
