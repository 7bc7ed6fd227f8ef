#!/bin/sh
# instructor takes a reply that is any JSON object for a list of no rows, where a list of rows is asked for.
#
# Expected: with response_model=Iterable[Row] a reply that does not hold to the schema is asked again, up to max_retries, and
# then an error, as with response_model=Row.
# Seen: the rows are looked for under the name `tasks`, which instructor made up, and which may be missing. So rows under
# another name, a single row, and an error message in JSON are all an empty list: no retry, no error. It looks like a model
# that had nothing to say, the rows that it wrote are paid for and lost. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "instructor==1.17.0" "openai==3.3.0" "pydantic==2.14.4"
cat > "$folder/finding.py" <<'PYTHON'
import json
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from threading import Thread

import instructor
import openai
from pydantic import BaseModel


class Row(BaseModel):
    text: str
    label: str


class Server(BaseHTTPRequestHandler):
    sent = []
    reply = ""

    def do_POST(self):
        Server.sent.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        message = {"role": "assistant", "content": Server.reply}
        answer = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
        answer["choices"] = [{"index": 0, "finish_reason": "stop", "message": message}]
        answer["usage"] = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Server)
Thread(target=server.serve_forever, daemon=True).start()

client = instructor.from_openai(
    openai.OpenAI(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none", max_retries=0),
    mode=instructor.Mode.JSON_SCHEMA,
)
ROW = {"text": "Where is my parcel?", "label": "Shipping"}
REPLIES = {"as the schema has it": {"tasks": [ROW]}, "another name": {"rows": [ROW]}, "the row itself": ROW, "an error": {"error": "busy"}}
print("instructor", version("instructor"), "openai", version("openai"), "pydantic", version("pydantic"))
seen = {}
for case, reply in REPLIES.items():
    Server.reply, before = json.dumps(reply), len(Server.sent)
    rows = client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "Write rows."}], response_model=Iterable[Row], max_retries=2
    )
    seen[case] = (len(list(rows)), len(Server.sent) - before)
    print(f"{case:21} {Server.reply[:64]:64} rows: {seen[case][0]}, requests: {seen[case][1]}")
raise SystemExit(seen != {case: (int(case == "as the schema has it"), 1) for case in REPLIES})
PYTHON
no_proxy=127.0.0.1 "$folder/venv/bin/python" -W ignore "$folder/finding.py"
