#!/bin/sh
# LangChain's include_raw=True does not keep the raw message of each reply: ChatCohere ignores it.
#
# Expected: with_structured_output(schema, include_raw=True) returns raw, parsed and parsing_error, as LangChain's base
# class documents it, so that text and token counts of a reply are there whatever its form.
# Seen: ChatCohere takes the argument and returns the parsed object alone; at a reply that is no JSON it raises, and the
# message, with what it cost, is gone.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "langchain-cohere==0.6.0" "langchain-core==1.7.2" "cohere==5.21.1"
cat > "$folder/finding.py" <<'PYTHON'
import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from threading import Thread

from langchain_cohere import ChatCohere

SCHEMA = {"title": "row", "type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
TOKENS = {"input_tokens": 120, "output_tokens": 30}


class Server(BaseHTTPRequestHandler):
    text = ""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        message = {"role": "assistant", "content": [{"type": "text", "text": Server.text}]}
        usage = {"billed_units": TOKENS, "tokens": TOKENS}
        body = json.dumps({"id": "1", "finish_reason": "COMPLETE", "message": message, "usage": usage}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Server)
Thread(target=server.serve_forever, daemon=True).start()
model = ChatCohere(model="m", cohere_api_key="none", base_url=f"http://127.0.0.1:{server.server_port}")
asked = model.with_structured_output(SCHEMA, include_raw=True)
print("langchain-cohere", version("langchain-cohere"), "langchain-core", version("langchain-core"))
seen = {}
for name, Server.text in {"JSON": '{"text": "a"}', "no JSON": "I would rather not."}.items():
    try:
        seen[name] = sorted(asked.invoke("Hi"))
    except Exception as error:
        seen[name] = type(error).__name__
    print(f"include_raw=True, reply of {name}: {seen[name]}")
raise SystemExit(0 if seen == {"JSON": ["text"], "no JSON": "OutputParserException"} else 1)
PYTHON
no_proxy=127.0.0.1 "$folder/venv/bin/python" "$folder/finding.py"
