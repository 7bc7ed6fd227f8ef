"""Identities by which paid answers and earlier plans are found again: a rename or rewording must not move one.

A changed value here means that users pay again for rows that they already have. Change it only on purpose, with a
line in the release notes.
"""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from synthetic_textcat import datasets
from synthetic_textcat.hashing import canonical_json, draw, sha256_of, short_id
from synthetic_textcat.llm.chat_models.model_classes import load_class
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.offline.model import OfflineTemplateModel
from synthetic_textcat.llm.offline.replies import reply
from synthetic_textcat.llm.prompts.messages import Fingerprinter
from synthetic_textcat.schemas.completions import label_set_schema, planned_row_schema, row_schema, task_list_schema
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import LlmParameters
from synthetic_textcat.schemas.several_labels_replies import planned_several_labels_schema, several_labels_schema
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.schemas.verdict_replies import verdict_of_several_schema, verdict_of_two_schema, verdict_schema
from tests.support.each_case import each_of
from tests.support.model_classes import OFFLINE_CLASS, OPENAI_CLASS

_PROMPTS = Path(__file__).parents[1] / "data" / "01_raw" / "prompts"
_PUBLIC_DATASETS = (
    *("BatchRecordDataset", "ChatModelDataset", "ConfusableFileDataset", "DomainsFileDataset", "FigureDataset"),
    *("FileDataset", "FolderDataset", "HubRepositoryDataset", "JournalDataset", "KeptTasksDataset"),
    *("LocalModelDataset", "OptionalDataset", "PromptDataset", "RowTableDataset", "TableDataset"),
    *("TasksFileDataset", "TextsDataset", "UserTableDataset"),
)

_AZURE, _OLLAMA = "langchain_openai.AzureChatOpenAI", "langchain_ollama.ChatOllama"
_HUGGING_FACE, _NEWCOMER = "langchain_huggingface.ChatHuggingFace", "langchain_newcomer.ChatNewcomer"
_BODY = {"extra_body": {"top_k": 5, "timeout": 3, "metadata": {"a": 1}}}
_HEADERS = {"default_headers": {"X-Team": "a"}, "timeout": 5, "max_retries": 2}
_ADDRESS_VARIABLES = {
    "OPENAI_BASE_URL": "http://e/v1/",
    "OLLAMA_HOST": "http://user:word@o:1/",
    "NEWCOMER_API_BASE": "http://n",
    "AZURE_OPENAI_ENDPOINT": "http://az",
    "OPENAI_API_VERSION": "2",
}
"""Variables from which provider classes read an address, or from which they choose a server."""


def _fingerprint() -> str:
    """The fingerprint of a fixed row, as the offline model is asked for it."""
    llm = LlmParameters(model="offline-template-v1", max_tokens=None)
    messages = [SystemMessage("You write."), HumanMessage("Write a text.")]
    return Fingerprinter(llm, (OFFLINE_CLASS,)).of("r0", messages, row_schema(["A", "B"]))


def _schema_hashes() -> dict[str, str]:
    """Name of each response schema → its hash."""
    schemas = {
        "closed": row_schema(["A", "B"]),
        "open": row_schema([]),
        "planned": planned_row_schema("A", "B"),
        "several": several_labels_schema(["A", "B"], {0: 0.5, 2: 0.5}),
        "planned_several": planned_several_labels_schema(["A"], "B"),
        "tasks": task_list_schema(),
        "labels": label_set_schema(),
        "verdict": verdict_schema(["A", "B"]),
        "verdict_of_two": verdict_of_two_schema(["A", "B"]),
        "verdict_of_several": verdict_of_several_schema(["A", "B"]),
    }
    return {name: sha256_of(schema) for name, schema in schemas.items()}


def _prompt_hashes() -> dict[str, str]:
    """Name of each prompt's file → the hash of its bytes."""
    return {file.stem: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(_PROMPTS.glob("*.yml"))}


def _offline_reply() -> str:
    """The hash of the offline model's reply to a fixed prompt."""
    prompt = 'Task: Sort mails.\n- A: first\n- B: second\nWrite a text of the label "A", misleading "B".'
    schema = row_schema(["A", "B"])["schema"]
    return sha256_of(reply(prompt, schema, 7, {}).content)


def test_the_fingerprint_of_a_row_stays() -> None:
    assert _fingerprint() == "71f93dd0ab26729c55b2d54d4dfcf16bb046b34306e7aa1f86fa62cb6d21c699"


@pytest.mark.parametrize(
    ("class_path", "kwargs", "variables", "name", "identity"),
    [
        (OPENAI_CLASS, {}, {}, None, ("https://api.openai.com/v1",)),
        (OPENAI_CLASS, {}, _ADDRESS_VARIABLES, None, ("http://e/v1",)),
        (OPENAI_CLASS, {"base_url": "http://user:word@h/v1/?a=1"}, _ADDRESS_VARIABLES, None, ("http://h/v1",)),
        (OPENAI_CLASS, {"openai_api_base": "http://h/v1"}, {}, "fleet", ("fleet",)),
        (OPENAI_CLASS, {"base_url": "no address"}, {}, "fleet", ("fleet",)),
        (OPENAI_CLASS, {**_HEADERS, **_BODY, "seed": 3}, {}, "fleet", ("fleet", {**_BODY, "seed": 3})),
        (OPENAI_CLASS, {"key_variable": "K", "organization": "o", "openai_proxy": "http://p:1"}, {}, "f", ("f",)),
        (_AZURE, {}, {}, None, (_AZURE,)),
        (
            *(_AZURE, {"azure_deployment": "d", "azure_ad_token": "t"}, _ADDRESS_VARIABLES, None),
            (_AZURE, {"azure_deployment": "d", "azure_endpoint": "http://az", "OPENAI_API_VERSION": "2"}),
        ),
        (
            *(_AZURE, {"azure_endpoint": "http://own"}, _ADDRESS_VARIABLES, "fleet"),
            (_AZURE, {"OPENAI_API_VERSION": "2", "azure_endpoint": "fleet"}),
        ),
        (_OLLAMA, {**_HEADERS, "num_ctx": 9}, {}, None, (_OLLAMA, {"num_ctx": 9})),
        (_OLLAMA, _BODY, {}, None, (_OLLAMA, {"extra_body": {"top_k": 5}})),
        (_OLLAMA, {}, _ADDRESS_VARIABLES, None, (_OLLAMA, {"base_url": "http://o:1"})),
        (_OLLAMA, {"base_url": "http://own/"}, _ADDRESS_VARIABLES, None, (_OLLAMA, {"base_url": "http://own/"})),
        (_OLLAMA, {"base_url": "http://own/"}, _ADDRESS_VARIABLES, "fleet", (_OLLAMA, {"base_url": "fleet"})),
        (_NEWCOMER, _BODY, _ADDRESS_VARIABLES, None, (_NEWCOMER, {"extra_body": {"top_k": 5}, "address": "http://n"})),
        (
            _NEWCOMER,
            {"base_url": "http://own"},
            {},
            "fleet",
            (_NEWCOMER, {"base_url": "http://own", "address": "fleet"}),
        ),
        (
            *(_HUGGING_FACE, {"llm": {"endpoint_url": "http://h"}}, {}, "fleet"),
            (_HUGGING_FACE, {"llm": {"endpoint_url": "http://h"}, "llm.endpoint_url": "fleet"}),
        ),
        (OFFLINE_CLASS, {}, _ADDRESS_VARIABLES, None, (OFFLINE_CLASS,)),
        (OFFLINE_CLASS, {}, {}, "fleet", (OFFLINE_CLASS, {"address": "fleet"})),
    ],
)
def test_the_identity_of_a_model_stays(
    class_path: str,
    kwargs: dict[str, Any],
    variables: dict[str, str],
    name: str | None,
    identity: tuple[Any, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in (*_ADDRESS_VARIABLES, "OPENAI_API_BASE"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    assert ChatModelSpec(class_path, kwargs).identity_of(LlmParameters(model="m", endpoint_name=name)) == identity


def test_response_schemas_and_their_names_stay() -> None:
    assert [row_schema([])["name"], task_list_schema()["name"], label_set_schema()["name"]] == [
        "example",
        "tasks",
        "label_set",
    ]
    assert _schema_hashes() == {
        "closed": "45fb82b010de44b78396af6af7fd2ae2c24d70347d93d0344b5b1e8dfa984d6c",
        "open": "b3c632272dd98093f53f38cff31c05dd1831a3508ada9de2262eae179c7c0517",
        "planned": "1ea0d1e9ef5ae9fbfae505ff04e37708e7b1ac435a659b2a1c02a5f87508b21c",
        "several": "dd14f4c8114719b3c2e3cda82ea692e45520b303168e822189a57fe402882eb8",
        "planned_several": "978516473488581129b2ea7692d3c59d29b025dab68d80526bbbfc812f3ac6d0",
        "tasks": "d4bbc2767b5077461cb56ef3bd9644d4b17be7ea641dfea851f7b4c5171a7c63",
        "labels": "ae5cfa9c18bd5713fdde7d45d59acd8060b60a1399249ea17b4a7c3f6d17dcf8",
        "verdict": "e093e63d4624164a213aa596f689d6ef33a8ad0feff1d43e80bd4931a06e621a",
        "verdict_of_two": "0f55a8dd6d5d85e46316b808e3a5d1e8cf8d6d7653a9de1514a4059f5fa21fa7",
        "verdict_of_several": "78c162d2ef88d2f1bb56f2d238e5868ae9aa19df6d6c651e27e7f8b12a7fecc5",
    }


def test_the_words_of_the_prompts_stay() -> None:
    assert _prompt_hashes() == {
        "brainstorm": "6553b3325a6a284e7f94117548616f7976c7094fb6589958bcfb3fd8f8798a4f",
        "closed_labels": "34c929a7f153c0466f2bdaec21cbb906fdf1bb808b2aaf09ef0a1bdc15bd7920",
        "label_check": "9b4bd7a71ac0b930e4ed08e39f737d8c8f24cd70ddb0df7bf8909666038527ce",
        "label_check_of_two": "d473604f460b65dc70ff05132be5b4dcd2e1d3c1fcd6bf8f6948638c9c7cf1dc",
        "label_check_several": "bc63bdf006b438044f0d8e3ab990f6b6a1ae12b2ecb32ec5b193bca8d11c12e3",
        "label_set": "18642fba4a4df9a48f8ac2974cae48bc5ff1b5748e53091152b67ed509057142",
        "open_labels": "ea357b0a6923904496949056861afe6b12757f7f05f5ff6bb1c32ee419a8a3d1",
        "several_labels": "d7d907ea8704f6ab5e5de1984df81e4b73a665e65120b495dd6df58c232291ce",
        "retry": "4dfc19c406d223dd88b34c853b6c2866911fd6dba0863e7d5e056a8825962e0e",
        "seed_examples": "f38044ed17bcf4fd49b964b48d88137a06e8c375735247e5c64ccd8914f739e1",
    }


def test_ids_and_draws_stay() -> None:
    assert short_id("a", 1) == "26534f26ae89474ec19e"
    assert draw("a", 1) == pytest.approx(0.5058861624664538, abs=1e-15)
    assert Task(task="Sort mails.").task_id == "52859c9862a1"
    assert canonical_json({"b": 1, "a": "é"}) == '{"a":"\\u00e9","b":1}'


def test_the_offline_model_keeps_its_path_its_name_and_its_texts() -> None:
    assert OFFLINE_CLASS == "synthetic_textcat.llm.offline.model.OfflineTemplateModel"
    assert load_class(OFFLINE_CLASS) is OfflineTemplateModel
    assert OFFLINE_MODEL == "offline-template-v1"
    assert _offline_reply() == "1e87fdcd780b45b445e2f7bffaf681cd541973e7ea27436db7e255b19f74150a"


def test_parameters_that_a_fingerprint_hashes_keep_their_names() -> None:
    assert list(LlmParameters.model_fields) == [
        "model",
        "gguf",
        "endpoint_name",
        "temperature",
        "top_p",
        "max_tokens",
        "token_limit_field",
        "structured_output",
        "labels_in_schema",
        "send_seed",
        "defects",
    ]


@each_of("name", _PUBLIC_DATASETS)
def test_dataset_classes_of_users_catalogs_keep_their_paths(name: str) -> None:
    assert isinstance(getattr(datasets, name), type)


def test_each_dataset_class_is_held_here() -> None:
    assert sorted(_PUBLIC_DATASETS) == sorted(datasets.__all__)
