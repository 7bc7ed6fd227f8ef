#!/bin/sh
# Anthropic's SDK asks for an empty object where a reply's type is a dictionary, and for any text where it is one label.
#
# Expected: messages.parse(output_format=Row) sends a schema that Row's replies keep to, or refuses a type that it can't ask for;
# limits that the service doesn't know go into the description, as its documentation says.
# Seen: for scores by label, dict[str, float], the schema allows no property at all, so {} is the one reply that a model can
# write, and it is a valid Row. Literal["Billing"], pydantic's constant, is any text, with "{const: Billing}" as a description,
# while Literal of two labels is an enum that holds. No error, no warning. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "anthropic==0.125.0" "pydantic==2.14.4" "jsonschema==4.26.0"
cat > "$folder/finding.py" <<'PYTHON'
import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from threading import Thread
from typing import Literal

from anthropic import Anthropic
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

SCORES = ("scores", {"Billing": 0.9}), ("scores", {})
ONE = ("one_label", "Billing"), ("one_label", "Shipping")
TWO = ("two_labels", "Billing"), ("two_labels", "Other")
REPLY = {"scores": {}, "one_label": "Billing", "two_labels": "Billing"}


class Row(BaseModel):
    scores: dict[str, float]
    one_label: Literal["Billing"]
    two_labels: Literal["Billing", "Shipping"]


class Server(BaseHTTPRequestHandler):
    sent = None

    def do_POST(self):
        Server.sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        reply = {"id": "1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn"}
        usage = {"input_tokens": 9, "output_tokens": 9}
        content = [{"type": "text", "text": json.dumps(REPLY)}]
        body = json.dumps({**reply, "usage": usage, "content": content}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def is_row(reply):
    try:
        Row.model_validate(reply)
    except ValidationError:
        return False
    return True


server = HTTPServer(("127.0.0.1", 0), Server)
Thread(target=server.serve_forever, daemon=True).start()
client = Anthropic(api_key="none", base_url=f"http://127.0.0.1:{server.server_port}", max_retries=0)
message = {"role": "user", "content": "Write a row."}
client.messages.parse(model="m", max_tokens=99, messages=[message], output_format=Row)
schema = Server.sent["output_config"]["format"]["schema"]

print("anthropic", version("anthropic"), "pydantic", version("pydantic"))
for name, own in schema["properties"].items():
    print(f"sent for {name:11} {json.dumps(own)}")
seen = {}
for name, value in (*SCORES, *ONE, *TWO):
    reply = {**REPLY, name: value}
    seen[name, str(value)] = is_row(reply), Draft202012Validator(schema).is_valid(reply)
    print(f"{name:11} {value!s:17} is a Row: {is_row(reply)!s:6} allowed by the schema: {seen[name, str(value)][1]}")
expected = [(True, False), (True, True), (True, True), (False, True), (True, True), (False, False)]
raise SystemExit(list(seen.values()) != expected)
PYTHON
no_proxy=127.0.0.1 "$folder/venv/bin/python" "$folder/finding.py"
