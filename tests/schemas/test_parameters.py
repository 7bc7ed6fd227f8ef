"""A wrong parameter is one line that names it and what is allowed; the project's own files are right."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from synthetic_textcat.errors import ParameterError
from synthetic_textcat.schemas.outcomes import REJECT_REASONS
from synthetic_textcat.schemas.parameter_validation import validate_parameters
from synthetic_textcat.schemas.parameters import LabelCheckParameters, LlmParameters
from tests.support.each_case import each_of

_CONF = Path(__file__).parents[2] / "conf"
_BASE: dict[str, Any] = yaml.safe_load((_CONF / "base" / "parameters.yml").read_text(encoding="utf-8"))
_LOCAL_MODEL: dict[str, Any] = yaml.safe_load((_CONF / "local_model" / "parameters.yml").read_text(encoding="utf-8"))
_OPENAI: dict[str, Any] = yaml.safe_load((_CONF / "openai" / "parameters.yml").read_text(encoding="utf-8"))


def _with(path: str, value: object) -> dict[str, Any]:
    parameters = deepcopy(_BASE)
    *blocks, key = path.split(".")
    block = parameters
    for name in blocks:
        block = block[name]
    block[key] = value
    return parameters


def _complaint(parameters: dict[str, Any]) -> str:
    with pytest.raises(ParameterError) as caught:
        validate_parameters(parameters)
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_the_parameters_of_base_are_valid() -> None:
    assert validate_parameters(_BASE).model_dump(mode="json") == _BASE


def test_the_parameters_of_openai_over_base_are_valid() -> None:
    merged = _BASE | {block: _BASE[block] | values for block, values in _OPENAI.items()}
    assert validate_parameters(merged).llm.model == _OPENAI["llm"]["model"]


def test_the_parameters_of_a_local_model_over_base_name_the_model_after_its_file() -> None:
    merged = _BASE | {block: _BASE[block] | values for block, values in _LOCAL_MODEL.items()}
    assert validate_parameters(merged).llm.model == "SmolLM2-135M-Instruct.Q4_1"


@each_of(("gguf", "name"), [("a/b/x.Q4.gguf", "x.Q4"), ("package:x.gguf", "x"), ("x", "x"), ("~/m.GGUF", "m")])
def test_a_model_without_a_name_is_named_after_its_file(gguf: str, name: str) -> None:
    assert LlmParameters.model_validate({"model": None, "gguf": gguf}).model == name
    assert LlmParameters(model="mine", gguf=gguf).model == "mine"


@pytest.mark.parametrize(("typed", "name"), [(None, None), ("a-run", "a-run"), (7, "7")])
def test_a_run_is_named_also_by_digits(typed: object, name: str | None) -> None:
    assert validate_parameters(_with("from_run", typed)).from_run == name


@each_of(
    ("path", "says"),
    [
        ("export.split", "Unknown parameter export.split: did you mean splits"),
        ("export.splits.tets", "Unknown parameter export.splits.tets: did you mean test?"),
        ("atribute_sampling", "Unknown parameter atribute_sampling: did you mean attribute_sampling?"),
        ("llm.temprature", "Unknown parameter llm.temprature: did you mean temperature?"),
        ("attribute_sampling.languages", "did you mean language?"),
        ("generation.max_concurency", "did you mean max_concurrency?"),
        (
            "quality_report.x",
            "Unknown parameter quality_report.x: allowed: flag_only, min_yield, near_duplicate_similarity",
        ),
        (
            "quality_report.thresholds.leeked",
            "Unknown parameter quality_report.thresholds.leeked: did you mean leaked?",
        ),
        (
            "quality_report.thresholds.leaked.max",
            "Unknown parameter quality_report.thresholds.leaked.max: allowed: fail",
        ),
        (
            "llm.api_key",
            "Unknown parameter llm.api_key: allowed: defects, endpoint_name, gguf, labels_in_schema, max_tokens, model",
        ),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_and_without_its_value(path: str, says: str) -> None:
    for value in ("sk-secret", {"key": "sk-secret"}, ["sk-secret"]):
        line = _complaint(_with(path, value))
        assert says in line
        assert "sk-secret" not in line


@each_of(
    ("path", "value", "says"),
    [
        ("seed", "x", "Parameter seed='x': input should be a valid integer"),
        ("from_run", True, "Parameter from_run=True: is true or false"),
        (
            "cluster.address",
            "10.0.0.5:8786",
            "is not the address of a Dask scheduler, which begins with tcp:// or tls://",
        ),
        ("cluster.address", "tcp://host", "has no port"),
        ("cluster.address", "tcp://host:99999", "port out of range"),
        ("cluster.address", "tcp://:8786", "has no host"),
        ("cluster.address", "tcp://user:pass@host:8786", "has a user"),
        ("cluster.local.workers", 0, "Parameter cluster.local.workers=0: input should be greater than or equal to 1"),
        ("cluster.shards", 100_000, "Parameter cluster.shards=100000: input should be less than or equal to 99999"),
        ("cluster.max_wait_seconds", 0, "Parameter cluster.max_wait_seconds=0: input should be greater than 0"),
        ("cluster.base_urls", ["gpu-1:8000"], "has no address of a server as entry 1"),
        ("cluster.base_urls", ["http://a/v1", "http://u:p@b/v1"], "has a user or a query in entry 2"),
        ("cluster.base_urls", ["http://gpu-1/v1"], "is for workers, and there are none"),
        ("from_run", ["x"], "Parameter from_run=['x']: input should be a valid string"),
        ("llm.model", "", "Parameter llm.model='': string should have at least 1 character"),
        ("llm.model", None, "names no model; set it, or llm.gguf with --env local_model"),
        ("llm.temperature", 3, "Parameter llm.temperature=3: input should be less than or equal to 2"),
        ("llm.temperature", float("nan"), "Parameter llm.temperature=nan"),
        ("llm.top_p", 0, "Parameter llm.top_p=0: input should be greater than 0"),
        (
            "llm.max_tokens",
            0,
            "llm.max_tokens=0: is not a token limit; write planned, a whole number from 1 on, or null",
        ),
        ("llm.max_tokens", True, "llm.max_tokens=True: is true or false; give a number"),
        ("llm.max_tokens", "plan", "llm.max_tokens='plan': is not a token limit"),
        ("llm.token_limit_field", "max", "input should be 'max_completion_tokens' or 'max_tokens'"),
        ("llm.structured_output", "yaml", "input should be 'json_schema', 'json_object' or 'none'"),
        ("llm.send_seed", "maybe", "Parameter llm.send_seed='maybe'"),
        ("llm.defects", {"fenced_jsn": 0.1}, "Parameter llm: unknown defect 'fenced_jsn'; did you mean fenced_json?"),
        ("llm.defects", {"refused": 2}, "a rate lies between 0 and 1"),
        ("llm.defects", {"refused": float("nan")}, "a rate lies between 0 and 1"),
        ("llm.defects", {"refused": 0.6, "timeout": 0.6}, "rates add up to more than 1"),
        (
            "quality_report.thresholds.leaked.warn",
            2,
            "Parameter quality_report.thresholds.leaked.warn=2: input should be",
        ),
        ("quality_report.thresholds.leaked", {"warn": 0.5, "fail": 0.1}, "it must be below fail=0.1"),
        ("quality_report.thresholds.parsed", {"warn": 0.5, "fail": 0.8}, "it must be above fail=0.8"),
        ("task_ingest.num_brainstormed", -1, "Parameter task_ingest.num_brainstormed=-1"),
        ("attribute_sampling.num_examples", 0, "input should be greater than or equal to 1"),
        ("attribute_sampling.num_examples", "many", "Parameter attribute_sampling.num_examples='many'"),
        ("attribute_sampling.language", "Germn", "unknown language 'Germn'; did you mean German"),
        ("attribute_sampling.language", ["English", "Qwghlm"], "unknown language 'Qwghlm'; none is near it"),
        ("attribute_sampling.language", [], "names no value"),
        ("attribute_sampling.language", {"English": 0}, "gives 'English' the weight 0;"),
        (
            "attribute_sampling.language",
            {"English": float("inf")},
            "a weight is a number from 0.000001 to 1,000,000,000",
        ),
        ("attribute_sampling.difficulty", "kindergarten", "allowed: PhD, college, high school"),
        ("attribute_sampling.clarity", "clar", "did you mean clear?"),
        ("attribute_sampling.num_words", "at leest 55", "unknown length 'at leest 55'; write a range, such as"),
        (
            "attribute_sampling.num_words",
            {"given": "language"},
            "num_words: is given 'language', and only attributes of your",
        ),
        ("generation.max_concurrency", 0, "Parameter generation.max_concurrency=0"),
        ("generation.max_attempts", 21, "Parameter generation.max_attempts=21"),
        ("generation.max_cost_usd", 0, "Parameter generation.max_cost_usd=0"),
        ("generation.requests_per_minute", 0, "Parameter generation.requests_per_minute=0"),
        ("quality_report.min_yield", 1.5, "input should be less than or equal to 1"),
        ("tracking.trace_share", 1.5, "input should be less than or equal to 1"),
        ("tracking.trace_share", -0.1, "input should be greater than or equal to 0"),
        ("tracking.max_wait_seconds", 0, "input should be greater than 0"),
        ("tracking.max_wait_seconds", float("inf"), "input should be a finite number"),
        ("quality_report.near_duplicate_similarity", 0.2, "input should be greater than or equal to 0.5"),
        (
            "quality_report.flag_only",
            ["label_leeked"],
            f"flag_only=['label_leeked']: unknown reject reason 'label_leeked'; allowed: {', '.join(REJECT_REASONS)}",
        ),
        ("quality_report.flag_only", "label_leaked", "Parameter quality_report.flag_only='label_leaked'"),
        ("export.splits", {"train": 0.9}, "Parameter export.splits: add up to 1.1; train"),
        ("export.splits.test", 0.3, "add up to 1.2; train, validation and test must add up to 1"),
        ("export.splits.train", 0, "Parameter export.splits.train=0: input should be greater than 0"),
        ("export.splits.test", True, "Parameter export.splits.test=True: is true or false; give a number"),
        ("export.split_similarity", 0.2, "Parameter export.split_similarity=0.2"),
        ("export.instruction", "baked", "input should be 'in_anchor' or 'left_out'"),
        ("export.distinct_label_batches", 1, "input should be greater than or equal to 2"),
        ("export.license", "My own", "Parameter export.license='My own'"),
        ("publish.repository", "a/b/c", "Parameter publish.repository='a/b/c': is not a repository name; give owner"),
        ("publish.commit_message", "", "Parameter publish.commit_message=''"),
        ("publish.private", "perhaps", "Parameter publish.private='perhaps': input should be a valid boolean"),
        ("label_check.share", 1.5, "Parameter label_check.share=1.5: input should be less than or equal to 1"),
        ("label_check.share", -0.1, "Parameter label_check.share=-0.1"),
        ("label_check.votes", 0, "Parameter label_check.votes=0: input should be greater than or equal to 1"),
        ("label_check.votes", 10, "Parameter label_check.votes=10: input should be less than or equal to 9"),
        ("label_check.on_dispute", "drop", "label_check.on_dispute='drop': input should be 'flag' or 'reject'"),
        (
            "label_check.llm",
            {"modl": "x"},
            "label_check.llm: has the unknown field modl; did you mean model?",
        ),
        ("label_check.llm", {"api_key": "k"}, "Parameter label_check.llm: has the unknown field api_key"),
        ("label_check.llm", {"temperature": 9}, "Parameter label_check.llm.temperature=9: input should be less than"),
        ("label_check.llm", {"model": "m", "defects": {"refused": 1}}, "Parameter label_check.llm: defects work with"),
        (
            "label_check.llm",
            "gpt",
            "Parameter label_check.llm='gpt': write keys below it, each with a value, or leave it out",
        ),
        ("cluster.base_urls", "http://a/v1", "base_urls='http://a/v1': write a list, such as [one, another] (conf/"),
        (
            "quality_report",
            None,
            "Parameter quality_report=None: write keys below it, each with a value, or leave it out",
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(path: str, value: object, says: str) -> None:
    assert says in _complaint(_with(path, value))


def test_defects_with_another_model_are_refused() -> None:
    parameters = _with("llm.defects", {"refused": 0.1})
    validate_parameters(parameters)
    parameters["llm"]["model"] = "gpt"
    assert "defects work with llm.model=offline-template-v1 only" in _complaint(parameters)


def test_the_judge_has_the_settings_of_the_writer_but_for_its_own_and_the_defects() -> None:
    llm = LlmParameters(model="offline-template-v1", temperature=0.3, defects={"refused": 0.1})
    assert LabelCheckParameters().judge(llm) == LlmParameters(model="offline-template-v1", temperature=0.3)
    own = LabelCheckParameters(llm={"model": "gpt", "top_p": None}).judge(llm)
    assert (own.model, own.temperature, own.top_p, own.defects) == ("gpt", 0.3, None, {})
    local = LlmParameters(model="small", gguf="small.gguf")
    assert LabelCheckParameters(llm={"gguf": "a/large.gguf"}).judge(local).model == "large"
    assert LabelCheckParameters(llm={"model": "gpt"}).judge(local).gguf is None
    assert LabelCheckParameters(llm={"temperature": 0}).judge(local).gguf == "small.gguf"


def test_a_missing_block_is_named() -> None:
    parameters = deepcopy(_BASE)
    del parameters["generation"]
    assert "Parameter generation: field required" in _complaint(parameters)


def test_all_wrong_parameters_are_named_at_once() -> None:
    parameters = _with("sead", 1)
    parameters["llm"]["top_p"] = 7
    line = _complaint(parameters)
    assert "did you mean seed?" in line
    assert "llm.top_p=7" in line


def test_a_key_in_a_block_without_keys_is_told_that_there_are_none() -> None:
    assert "allowed:  (" not in _complaint(_with("export.x", 1))


@each_of(
    ("path", "value", "says"),
    [
        ("attribute_sampling.language", {False: 1}, "the value False is not a text; put it in quotes"),
        ("attribute_sampling.language", False, "is not a text; put it in quotes"),
        ("attribute_sampling.language", {"German": True}, "gives 'German' the weight True"),
        ("attribute_sampling.language", {"German": "3"}, "gives 'German' the weight '3'"),
        ("attribute_sampling.extra", {"tone": [1]}, "'tone': the value 1 is not a text; put it in quotes"),
        ("attribute_sampling.extra", {1: ["a"]}, "the name 1 is not a text"),
        ("attribute_sampling.extra", ["tone"], "is not a mapping; write `name: value`"),
        ("attribute_sampling.num_examples", True, "is true or false; give a number"),
        ("generation.max_cost_usd", False, "is true or false; give a number"),
    ],
)
def test_what_yaml_turned_into_something_else_is_reported_once(path: str, value: object, says: str) -> None:
    complaint = _complaint(_with(path, value))
    assert says in complaint
    assert complaint.count(path) == 1


def test_a_cluster_asks_live_and_many_servers_have_one_name() -> None:
    cluster = {"local": {"workers": 2}, "base_urls": ["http://gpu-1/v1", "http://gpu-2/v1"]}
    with pytest.raises(ParameterError, match=r"llm\.endpoint_name=None: cluster\.base_urls names several servers"):
        validate_parameters(_with("cluster", cluster))
    with pytest.raises(ParameterError, match=r"a cluster asks live\. Next: set it to live"):
        validate_parameters(_with("generation.mode", "batch") | {"cluster": {"local": {"workers": 2}}})
