"""Argilla: `Dataset.records.from_json` of a task's records, with settings of the file next to it, to a fake server."""

from collections.abc import Callable
from typing import Any

from tests.consumers.conftest import Exported
from tests.consumers.hard_label_sets import ONE, SEVERAL
from tests.consumers.hard_rows import OPEN, TASKS

_SCRIPT = """
import json, sys, threading, uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
import argilla as rg

TIMES = {"inserted_at": "2026-01-01T00:00:00", "updated_at": "2026-01-01T00:00:00"}
WORKSPACE = {"id": str(uuid.uuid4()), "name": "w", **TIMES}
made, sent = {}, []


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, path, body):
        kind, new = path.rpartition("/")[2], {"id": str(uuid.uuid4()), **TIMES}
        if path.startswith("/me") and not path.startswith("/me/datasets/"):
            return {**new, "username": "u", "role": "owner", "items": [WORKSPACE] if kind == "workspaces" else []}
        if kind == "bulk":
            sent.extend(body["items"])
            items = [{**item, **new, "suggestions": [], "responses": [], "vectors": {}} for item in body["items"]]
            return {"items": [{**item, "status": "pending"} for item in items], "updated_item_ids": []}
        if self.command == "GET":
            return {**made["dataset"], "items": made.get(kind, [])}
        if kind in ("fields", "questions", "metadata-properties"):
            made.setdefault(kind, []).append({**new, **body, "dataset_id": made["dataset"]["id"]})
            return made[kind][-1]
        made["dataset"] = {**new, "status": "draft", **made.get("dataset", {}), **body}
        return made["dataset"]

    def handle_any(self):
        size = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(size)) if size else {}
        content = json.dumps(self.answer(self.path.partition("?")[0].removeprefix("/api/v1"), body)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = handle_any

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = rg.Argilla(api_url=f"http://127.0.0.1:{server.server_port}", api_key="none", trust_env=False)
found = {}
for path in sorted((Path(sys.argv[1]) / "argilla").glob("*.records.json")):
    made.clear()
    sent.clear()
    task_id = path.name.partition(".")[0]
    given = json.loads(path.with_name(f"{task_id}.settings.json").read_text(encoding="utf-8"))
    kinds = {"label": rg.LabelQuestion, "multi_label": rg.MultiLabelQuestion, "text": rg.TextQuestion}
    questions = [kinds[entry.pop("type")](client=client, **entry) for entry in given["questions"]]
    settings = rg.Settings(
        fields=[rg.TextField(name=entry["name"], client=client) for entry in given["fields"]],
        questions=questions,
        metadata=[rg.TermsMetadataProperty(name=entry["name"], client=client) for entry in given["metadata"]],
    )
    dataset = rg.Dataset(name=task_id, workspace="w", settings=settings, client=client)
    dataset.create()
    dataset.records.from_json(path)
    options = made["questions"][0]["settings"].get("options") or []
    found[task_id] = {
        "rows": [[row["fields"]["text"], row["suggestions"][0]["value"]] for row in sent],
        "ids": [row["external_id"] for row in sent],
        "labels": [option["value"] for option in options],
        "kind": made["questions"][0]["settings"]["type"],
    }
print(json.dumps(found))
"""


def test_every_record_is_sent_with_its_label(consume: Callable[..., Any], exported: Exported) -> None:
    found = consume("argilla", _SCRIPT)
    for task in TASKS:
        own = found[task.task_id]
        assert own["rows"] == exported.pairs(task.task_id)
        assert own["ids"] == exported.of(task.task_id)["request_id"].tolist()
        assert own["labels"] == ([] if task is OPEN else list(task.label_names))


def test_several_labels_are_a_multi_label_question(consume_sets: Callable[..., Any], exported_sets: Exported) -> None:
    found = consume_sets("argilla", _SCRIPT)
    for task in SEVERAL:
        own = found[task.task_id]
        *labels, none = own["labels"]
        assert labels == list(task.label_names)
        rows = [[text, [] if value == [none] else value] for text, value in own["rows"]]
        assert rows == exported_sets.sets(task.task_id)
        assert all(value for _, value in own["rows"])  # a server refuses an empty list
        assert own["kind"] == "multi_label_selection"
    assert found[ONE.task_id]["rows"] == exported_sets.pairs(ONE.task_id)
