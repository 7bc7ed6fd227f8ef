"""A prompt's file becomes a template that knows its file; what is none is one line with the place and the fix."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from kedro.io import DatasetError
from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.datasets import PromptDataset
from synthetic_textcat.datasets.previews import ABSENT
from synthetic_textcat.error_messages import format_user_error
from synthetic_textcat.errors import PromptError
from synthetic_textcat.llm.prompts.messages import check_placeholders
from tests.support.each_case import each_of

_SYSTEM = "messages:\n  - role: system\n    content: So.\n"
_USER = _SYSTEM + "  - role: user\n    content: |-\n      The task: {task}\n      Answer: "
_PROJECT = Path(__file__).parents[2] / "data" / "01_raw" / "prompts"


@pytest.fixture(autouse=True)
def _in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _dataset(text: str, part: bool = False) -> PromptDataset:
    path = Path("mine.yml").resolve()
    path.write_text(text, encoding="utf-8")
    kind: Literal["ChatPromptTemplate", "PromptTemplate"] = "PromptTemplate" if part else "ChatPromptTemplate"
    return PromptDataset(filepath=str(path), template=kind)


def _complaint(text: str, part: bool = False) -> str:
    with pytest.raises(DatasetError) as caught:
        _dataset(text, part).load()
    assert isinstance(caught.value.__cause__, PromptError)
    line = format_user_error(caught.value) or ""
    assert "\n" not in line
    assert "Next: " in line
    assert line.startswith("mine.yml")
    return line.removeprefix("mine.yml")


@pytest.mark.parametrize("name", [path.name for path in _PROJECT.glob("*.yml")])
def test_the_projects_own_prompts_are_right(name: str) -> None:
    part = name == "seed_examples.yml"
    assert _dataset((_PROJECT / name).read_text(encoding="utf-8"), part).load().input_variables


@pytest.mark.parametrize(
    "text", [_USER, "- {role: user, content: '{task}'}", '[{"role": "human", "content": "{task}"}]']
)
def test_messages_become_a_template_that_knows_its_file(text: str) -> None:
    template = _dataset(text).load()
    assert isinstance(template, ChatPromptTemplate)
    assert template.format_messages(task="Sort.")[-1].type == "human"
    with pytest.raises(PromptError, match=r"^mine\.yml lacks the placeholder \{label\}\. Next: put it where"):
        check_placeholders("closed_labels", template, required=["task", "label"], allowed=[])
    with pytest.raises(PromptError, match=r"^mine\.yml has the unknown placeholder \{task\}; allowed: lab\. Next: "):
        check_placeholders("closed_labels", template, required=["lab"], allowed=[])


@pytest.mark.parametrize("text", ["template: |-\n  Like these:\n  {seeds}\n", '"Like these:\\n{seeds}"'])
def test_a_part_is_a_text_that_knows_its_file(text: str) -> None:
    template = _dataset(text, part=True).load()
    assert template.format(seeds="{a}") == "Like these:\n{a}"
    with pytest.raises(PromptError, match=r"^mine\.yml "):
        check_placeholders("seed_examples", template, required=["x"], allowed=["seeds"])


@each_of(
    ("text", "says"),
    [
        (_USER + '{"input_text": "..."}', ', line 7, message 2 has {"input_text": "..."}, which is not a placeholder.'),
        (_USER + "{\n", ", line 7, message 2 has a single {. Next: write {{ and }} for braces that are text"),
        (_USER + "{task.upper}", ", line 7, message 2 has {task.upper}, where a placeholder is a name alone. Next: "),
        (_SYSTEM + '  - role: user\n    content: "a\\n{"\n', ", line 5, message 2 has a single {"),
        ("- &a {role: user, content: '}'}\n- {<<: *a, role: system}", ", line 1, message 1 has a single }"),
        (_USER.replace("role: user", "role: usr"), ", message 2 has the unknown role 'usr'. Next: write one of system"),
        (_USER.replace("role: user", "role: []"), ", message 2 has the unknown role []"),
        (
            _SYSTEM.replace("So.", ""),
            ", message 1 has the content None, which is not a text. Next: write `content: |-`",
        ),
        (_SYSTEM.replace("So.", "' '"), ", message 1 has no content. Next: fill it in"),
        (_SYSTEM.replace("So.", "{task}"), ", message 1 has the content {'task': None}, which is not a text."),
        (_SYSTEM.replace("content", "contents"), ", message 1 has the unknown key 'contents'; allowed: role, content."),
        (_SYSTEM.replace("    content: So.\n", ""), ", message 1 lacks the key content"),
        (_SYSTEM.replace("messages", "mesages"), " has the unknown key 'mesages'; allowed: messages. Next: "),
        ("- system: So.", ", message 1 has the unknown key 'system'; allowed: role, content"),
        ("- So {task}.", ", message 1 is 'So {task}.'. Next: write it as `role: user` and `content: ...`"),
        ("messages:", " holds no list of messages. Next: write `messages:`, and below it one item a message"),
        ("messages: So.", " holds no list of messages"),
        ("So.", " holds no list of messages"),
        ("", " holds no list of messages"),
        (
            "messages:\n  - role: user: x\n",
            ", line 2, column 15 is not YAML: mapping values are not allowed here.",
        ),
        ("messages: !!bool foo", ", line 1, column 11 is not YAML: 'foo' is no bool. Next: "),
    ],
)
def test_what_is_no_prompt_is_told_with_its_place(text: str, says: str) -> None:
    assert _complaint(text).startswith(says)


@each_of(
    ("text", "says"),
    [
        (
            "template: |-\n  Like:\n  {a!r}\n",
            ", line 3 has {a!r}, where a placeholder is a name alone. Next: ",
        ),
        ("templat: x", " has the unknown key 'templat'; allowed: template."),
        ("template: ' '", " holds no text. Next: write `template: |-`"),
        ("- x", " holds no text."),
        ("", " holds no text."),
    ],
)
def test_what_is_no_part_is_told_with_its_place(text: str, says: str) -> None:
    assert _complaint(text, part=True).startswith(says)


def test_a_file_that_is_not_there_is_named() -> None:
    dataset = PromptDataset(filepath="gone.yml")
    assert not dataset.exists()
    with pytest.raises(DatasetError, match=r"gone.yml is missing. Next: restore it, or set the filepath of its entry"):
        dataset.load()
    Path("folder.yml").mkdir()
    with pytest.raises(DatasetError, match=r"folder.yml is a folder. Next: set a file as filepath of its entry"):
        PromptDataset(filepath="folder.yml").load()


def test_a_preview_shows_what_the_file_holds() -> None:
    shown: Any = json.loads(_dataset(_SYSTEM).preview())
    assert shown == {"messages": [{"role": "system", "content": "So."}]}
    assert json.loads(PromptDataset(filepath="gone.yml").preview()) == [ABSENT]


def test_it_is_never_written() -> None:
    with pytest.raises(DatasetError, match="not allowed"):
        _dataset(_SYSTEM).save(None)
    assert Path("mine.yml").read_text(encoding="utf-8") == _SYSTEM
