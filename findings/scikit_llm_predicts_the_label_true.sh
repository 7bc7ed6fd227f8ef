#!/bin/sh
# scikit-llm predicts the label "True", which no label set has, where a model puts a label in quotation marks.
#
# Expected: its prompt shows the labels in single quotes, and it takes quotes off a label that it does not know: 'Billing' is
# Billing, as in its classifier of one label a text.
# Seen: in the classifier of several labels a text, what is kept is the result of the look-up, not the label: a Boolean, which
# is the text "True" among the other labels. The label that the model gave is lost. No error, no warning. Exits with 1 if that
# changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "scikit-llm==1.4.3" "openai==1.109.1" "scikit-learn==1.9.1"
cat > "$folder/finding.py" <<'PYTHON'
import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from threading import Thread

from skllm.config import SKLLMConfig
from skllm.models.gpt.classification.zero_shot import MultiLabelZeroShotGPTClassifier, ZeroShotGPTClassifier

LABELS = ["Billing", "Shipping"]
REPLIES = [["Billing", "Shipping"], ["'Billing'", "Shipping"], ["'Billing'", "'Shipping'"], "'Billing'"]


class Server(BaseHTTPRequestHandler):
    label = None

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        message = {"role": "assistant", "content": json.dumps({"label": Server.label})}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        reply = {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
        body = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Server)
Thread(target=server.serve_forever, daemon=True).start()
SKLLMConfig.set_openai_key("none")
SKLLMConfig.set_gpt_url(f"http://127.0.0.1:{server.server_port}/v1")
one = ZeroShotGPTClassifier(model="custom_url::m", default_label="no label").fit(None, LABELS)
several = MultiLabelZeroShotGPTClassifier(model="custom_url::m", max_labels=2, default_label="no label").fit(None, [LABELS])
print("scikit-llm", version("scikit-llm"))
seen = []
for Server.label in REPLIES:
    classifier = several if isinstance(Server.label, list) else one
    seen.append(classifier.predict(["A parcel and an invoice."])[0])
    seen[-1] = seen[-1] if classifier is one else [label for label in seen[-1] if label]
    print(f"{type(classifier).__name__:31} reply {json.dumps(Server.label):27} prediction {seen[-1]}")
raise SystemExit(seen != [["Billing", "Shipping"], ["True", "Shipping"], ["True"], "Billing"])
PYTHON
no_proxy=127.0.0.1 "$folder/venv/bin/python" -W ignore "$folder/finding.py" 2>/dev/null
