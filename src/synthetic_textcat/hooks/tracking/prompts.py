"""Prompts in MLflow's registry: one version for each text that was ever used."""

import json
import re
from collections.abc import Iterable, Mapping
from string import Formatter
from typing import TYPE_CHECKING

import yaml

from synthetic_textcat.hooks.tracking.catalog_metadata import Marked
from synthetic_textcat.hooks.tracking.run_log import RunLog

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import Prompt, PromptVersion

Template = str | list[dict[str, str]]

_PREFIX = "synthetic-textcat"
_EXPERIMENTS_TAG = "_mlflow_experiment_ids"
"""MLflow's tag by which an experiment's page finds its prompts: ids between commas, one before and one after."""

_LINKED_TAG = "mlflow.linkedPrompts"
"""MLflow's tag of a run for its prompts. Its API for linking works on the global tracking URI, so it is not used."""

_ROLES = {"human": "user", "ai": "assistant"}


def template_of(text: str) -> Template:
    """The registry's form of a prompt file: messages, or one text; `{name}` becomes `{{name}}`.

    Takes a list of messages (`role` and `content`, or pairs), such a list under `messages`, a text under `template`,
    and a mapping role -> text. Any other file is registered as the text that it is.
    """
    content = yaml.safe_load(text)
    if isinstance(content, Mapping):
        content = content.get("messages", content.get("template", list(content.items())))
    if isinstance(content, str):
        return _double_braces(content)
    messages = [_message(entry) for entry in content] if isinstance(content, list) else []
    understood = [message for message in messages if message is not None]
    return understood if understood and len(understood) == len(messages) else text


def register(log: RunLog, item: Marked) -> "PromptVersion | None":
    """The registered version of this prompt: the old one if the text was ever registered, else a new one."""
    if item.content is None:
        return None
    client, name = log.client, f"{_PREFIX}.{re.sub(r'[^a-zA-Z0-9_.-]', '_', item.name)}"
    template = template_of(item.content.decode())
    prompt = client.get_prompt(name)
    version: PromptVersion | None = None
    if prompt is None:
        client.create_prompt(name, tags={_EXPERIMENTS_TAG: f",{log.experiment_id},"})
    else:
        _show_in_experiment(log, prompt)
        version = _find(client, name, template)
    if version is None:
        version = client.create_prompt_version(name, template)
    return version


def link_tags(versions: "Mapping[str, PromptVersion]") -> dict[str, str]:
    """The run's tags that link it to its prompts: MLflow's own, and `prompt.<dataset>` = the version's URI."""
    links = [{"name": version.name, "version": str(version.version)} for version in versions.values()]
    uris = {f"prompt.{name}": f"prompts:/{version.name}/{version.version}" for name, version in versions.items()}
    return {_LINKED_TAG: json.dumps(links)} | uris if links else {}


def _show_in_experiment(log: RunLog, prompt: "Prompt") -> None:
    known = [known for known in prompt.tags.get(_EXPERIMENTS_TAG, "").split(",") if known]
    if log.experiment_id not in known:
        log.client.set_prompt_tag(prompt.name, _EXPERIMENTS_TAG, f",{','.join([*known, log.experiment_id])},")


def _find(client: "MlflowClient", name: str, template: Template) -> "PromptVersion | None":
    """The latest version with this template."""
    versions: Iterable[PromptVersion] = client.search_prompt_versions(name)
    same = {int(version.version): version for version in versions if version.template == template}
    return same[max(same)] if same else None


def _message(entry: object) -> dict[str, str] | None:
    """One message of a file: `{role, content}` or a pair; None for what is neither."""
    match entry:
        case {"role": str(role), "content": str(content)}:
            pass
        case [str(role), str(content)]:
            pass
        case _:
            return None
    return {"role": _ROLES.get(role, role), "content": _double_braces(content)}


def _double_braces(text: str) -> str:
    """`{name}` as `{{name}}` and an escaped `{{` as `{`; a text that is no format string stays as it is."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        return text
    return "".join(literal + ("" if field is None else f"{{{{{field}}}}}") for literal, field, _, _ in parts)
