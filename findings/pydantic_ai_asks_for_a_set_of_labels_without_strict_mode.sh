#!/bin/sh
# Pydantic AI asks OpenAI for a set of labels without strict mode, though for a list of them with it.
#
# Expected: `set[Label]` is `list[Label]` without repeated labels: the server holds the reply to the schema in both cases, or
# the difference (uniqueItems, which strict mode does not take) is an error or a warning, or is left to pydantic's check of
# the reply.
# Seen: uniqueItems turns strict mode off for the whole reply, without a word, so labels outside of the enum and missing
# fields, which strict mode excludes, can come back, as replies that are paid for and asked again. Exits with 1 if that
# changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "pydantic-ai-slim[openai]==2.38.0" "openai==3.54.0" "pydantic==2.14.4"
cat > "$folder/finding.py" <<'PYTHON'
import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from threading import Thread
from typing import Literal

from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

Label = Literal["Billing", "Shipping"]


class AsList(BaseModel):
    labels: list[Label]


class AsSet(BaseModel):
    labels: set[Label]


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

provider = OpenAIProvider(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none")
model = OpenAIChatModel("gpt-4o", provider=provider)
print("pydantic-ai-slim", version("pydantic-ai-slim"), "openai", version("openai"), "pydantic", version("pydantic"))
strict = {}
for form in (AsList, AsSet):
    Server.reply = '{"labels": ["Billing"]}'
    print(form.__name__, Agent(model, output_type=NativeOutput(form)).run_sync("Write the labels.").output)
    asked = Server.sent[-1]["response_format"]["json_schema"]
    strict[form.__name__] = asked["strict"]
    print("  strict:", asked["strict"], "schema of the labels:", asked["schema"]["properties"]["labels"])
raise SystemExit(strict != {"AsList": True, "AsSet": False})
PYTHON
no_proxy=127.0.0.1 "$folder/venv/bin/python" -W ignore "$folder/finding.py"
