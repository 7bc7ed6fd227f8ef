#!/bin/sh
# The lines that the OpenAI SDK gives of a batch's result file are not its JSON lines: `iter_lines` also ends a line at
# U+2028, U+0085 and other signs, which JSON allows within a text and which servers that do not escape them send.
#
# Expected: a file of two JSON lines gives two lines, each of which can be decoded.
# Seen: a line separator in a model's text tears its line into two, neither of which is JSON: the row is lost.
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

texts = ["one", "a verse\u2028and the next"]
content = "".join(json.dumps({"custom_id": text}, ensure_ascii=False) + "\n" for text in texts).encode()


class Server(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = OpenAI(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none")
with client.files.with_streaming_response.content("file-1") as response:
    lines = list(response.iter_lines())


def is_json(line):
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


print("openai", version("openai"))
print("JSON lines in the file:", content.count(b"\n"), "of iter_lines:", len(lines))
print("of these JSON:", sum(map(is_json, lines)), [line for line in lines if not is_json(line)])
raise SystemExit(not (len(lines) == 3 and sum(map(is_json, lines)) == 1))
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
