#!/bin/sh
# LangChain sends the help text of Python's dict to the model with each TypedDict that has no docstring.
#
# Expected: a schema from a class without a docstring has no description, as one from a pydantic model: nobody wrote any.
# Seen: the docstring is looked for in the base class too, which is dict, so the model reads "dict() -> new empty dictionary ..."
# as the description of a row, and once more for each TypedDict within it. It is paid for at each call, most of the schema is
# that text, and it tells the model of empty dictionaries. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    "langchain-openai==1.7.3" "langchain-core==1.8.3" "openai==3.54.0"
cat > "$folder/finding.py" <<'PYTHON'
import inspect
import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from threading import Thread
from typing import TypedDict

from langchain_openai import ChatOpenAI
from pydantic import BaseModel


class Model(BaseModel):
    text: str


class Row(TypedDict):
    text: str


class Rows(TypedDict):
    rows: list[Row]


class Described(TypedDict):
    """A row of a data set."""

    text: str


class Server(BaseHTTPRequestHandler):
    sent = ""

    def do_POST(self):
        Server.sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        message = {"role": "assistant", "content": '{"text": "A text.", "rows": []}'}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        body = json.dumps({"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}).encode()
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
help_text = inspect.cleandoc(dict.__doc__)
print("langchain-core", version("langchain-core"), "langchain-openai", version("langchain-openai"))
print("help of dict:", json.dumps(help_text))
seen = {}
for schema in (Model, Row, Rows, Described):
    model.with_structured_output(schema).invoke("Write.")
    sent = json.dumps(json.loads(Server.sent)["response_format"])
    seen[schema.__name__] = sent.count(json.dumps(help_text)[1:-1])
    print(f"{schema.__name__:10} schema sent: {len(sent):4} characters, with the help of dict {seen[schema.__name__]} times")
raise SystemExit(seen != {"Model": 0, "Row": 1, "Rows": 2, "Described": 0})
PYTHON
no_proxy=127.0.0.1 "$folder/venv/bin/python" -W ignore "$folder/finding.py"
