"""Parameters of `conf/base/parameters.yml`: a model for each block, and the root model."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    field_validator,
    model_validator,
)

from synthetic_textcat.errors import nearest
from synthetic_textcat.schemas.attributes import Choice, proportions_of, weights_of
from synthetic_textcat.schemas.block import Block, TextChecks, Thresholds, no_boolean
from synthetic_textcat.schemas.cluster_parameters import ClusterParameters
from synthetic_textcat.schemas.outcomes import ALL_DEFECTS, OFFLINE_MODEL, REJECT_REASONS, Rates
from synthetic_textcat.schemas.own_attributes import OwnAttributes
from synthetic_textcat.schemas.publications import checked_repository
from synthetic_textcat.schemas.rows import ATTRIBUTES
from synthetic_textcat.schemas.task_input import checked_choice, checked_choice_of, checked_choices

_ROUNDING = 1e-9


PLANNED: Final = "planned"
"""Value of `llm.max_tokens`: a limit for each row, derived from its planned length and language."""


def _checked_limit(limit: Any) -> Any:
    """A token limit, with one message where pydantic has one for each member of the union."""
    is_number = isinstance(limit, int) and not isinstance(limit, bool) and limit >= 1
    if limit is None or limit == PLANNED or is_number:
        return limit
    raise ValueError(f"is not a token limit; write {PLANNED}, a whole number from 1 on, or null (not sent)")


class LlmParameters(Block):
    """Settings sent to the chat model. Class, transport, headers and timeouts belong to the catalog."""

    model: str = Field(min_length=1)
    gguf: str | None = Field(None, min_length=1)
    endpoint_name: str | None = Field(None, min_length=1, max_length=200)
    temperature: float | None = Field(1.0, ge=0, le=2)
    top_p: float | None = Field(1.0, gt=0, le=1)
    max_tokens: Annotated[int | Literal["planned"] | None, BeforeValidator(_checked_limit)] = PLANNED
    token_limit_field: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    structured_output: Literal["json_schema", "json_object", "none"] = "json_schema"
    labels_in_schema: Literal["set", "planned"] = "set"
    send_seed: bool = True
    defects: Rates = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _model_is_named_after_its_file(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or given.get("model") is not None or not given.get("gguf"):
            return given
        file = str(given["gguf"]).rpartition(":")[2]  # PACKAGE:FILE, or a drive of Windows
        return {**given, "model": PurePath(file).stem}

    @field_validator("model", mode="before")
    @classmethod
    def _a_model_is_named(cls, model: Any) -> Any:
        if model is None:
            raise ValueError("names no model; set it, or llm.gguf with --env local_model")
        return model

    @property
    def has_planned_labels(self) -> bool:
        """Whether a row's schema allows its planned labels only; in other modes the server is given no schema."""
        return self.labels_in_schema == "planned" and self.structured_output == "json_schema"

    @model_validator(mode="after")
    def _defects_are_of_the_offline_model(self) -> Self:
        if self.defects and self.model != OFFLINE_MODEL:
            raise ValueError(f"defects work with llm.model={OFFLINE_MODEL} only; set defects to {{}} or that model")
        for name, rate in self.defects.items():
            if name in REJECT_REASONS and name not in ALL_DEFECTS:
                raise ValueError(f"the offline model can't inject {name!r}; allowed: {', '.join(ALL_DEFECTS)}")
            if name not in ALL_DEFECTS:
                raise ValueError(f"unknown defect {name!r}; {nearest(name, ALL_DEFECTS)}")
            for each in _listed(rate):
                if not 0 <= each <= 1:
                    raise ValueError(f"gives the defect {name!r} the rate {each}; a rate lies between 0 and 1")
        if sum(rate for rate in self.defects.values() if not isinstance(rate, dict)) > 1:
            raise ValueError("gives defects whose rates add up to more than 1")
        return self


def _listed(rate: float | dict[str, float]) -> list[float]:
    return list(rate.values()) if isinstance(rate, dict) else [rate]


class TaskIngestParameters(Block):
    """Brainstorming of tasks in addition to the tasks file."""

    num_brainstormed: int = Field(0, ge=0)
    tasks_per_call: int = Field(10, ge=1, le=100)
    brainstorm_round: int = Field(8, ge=1, le=1024)
    max_calls: int = Field(100, ge=1)
    label_sets: Literal["none", "propose"] = "none"


def _checked_per(per: Any) -> Any:
    """The cell columns, or a mapping of these to `all` or to proportions; one message, where pydantic has several."""
    per = "task" if per is None else per
    columns = [per] if isinstance(per, str) else list(per) if isinstance(per, list | tuple | Mapping) else [per]
    if not columns:
        raise ValueError("names no column; null is the task")
    for column in columns:
        if not isinstance(column, str):
            raise ValueError(f"names the column {column!r}; write names of columns, as in [task, label]")  # noqa: TRY004
    if len(set(columns)) < len(columns):
        raise ValueError("names a column twice; name each once")
    if isinstance(per, Mapping):
        return {name: _checked_proportions(name, per[name]) for name in per}
    return per if isinstance(per, str) else tuple(columns)


def _checked_proportions(column: str, proportions: Any) -> Any:
    if proportions is None or proportions == ALL_VALUES:
        return ALL_VALUES
    try:
        return proportions_of(column, checked_choice(proportions))
    except ValueError as error:
        raise ValueError(f"{column!r}: {error}; or write {column}: {ALL_VALUES}") from None


ALL_VALUES = "all"
"""Each value of a cell column has the whole target."""

Per = Annotated[str | tuple[str, ...] | dict[str, Literal["all"] | dict[str, float]], BeforeValidator(_checked_per)]
"""The column or columns of a quota's cells, or a mapping of these to `all` or to proportions of their values."""


class AttributeSamplingParameters(Block):
    """Number of planned rows, or of accepted rows per cell, and the choices of attribute values."""

    num_examples: int = Field(200, ge=1)
    target_accepted: int | None = Field(None, ge=1)
    per: Per = ("task",)
    max_rounds: int = Field(20, ge=1)
    language: Choice = "English"
    difficulty: Choice = None
    clarity: Choice = None
    num_words: Choice = None
    extra: OwnAttributes = Field(default_factory=dict)
    balance: Literal["exact", "random"] = "exact"
    misleading_label: Literal["even", "similar"] = "even"
    num_seed_examples: int = Field(3, ge=0, le=50)

    @field_validator(*ATTRIBUTES, mode="before")
    @classmethod
    def _choices_have_a_form(cls, choice: Any, info: Any) -> Any:
        return checked_choice_of(info.field_name, choice)

    @field_validator("extra", mode="before")
    @classmethod
    def _own_choices_have_a_form(cls, choices: Any) -> Any:
        return checked_choices(choices)

    @property
    def cell_columns(self) -> tuple[str, ...]:
        """The columns whose values make a cell of the quota."""
        return (self.per,) if isinstance(self.per, str) else tuple(self.per)

    @property
    def proportions(self) -> dict[str, dict[str, float]]:
        """Weights of the values of the cell columns that share the target by proportions."""
        chosen = self.per.items() if isinstance(self.per, dict) else ()
        return {column: weights for column, weights in chosen if isinstance(weights, dict)}

    @property
    def block_columns(self) -> tuple[str, ...]:
        """The cell columns without proportions: each combination of their values has the whole target."""
        return tuple(column for column in self.cell_columns if column not in self.proportions)

    @field_validator(*ATTRIBUTES)
    @classmethod
    def _values_exist(cls, choice: Choice, info: Any) -> Choice:
        weights_of(info.field_name, choice)
        return choice


Retry = Literal["ask_again", "show_reply"]
"""Retry after a bad reply: the same prompt with another seed, or with the bad reply and its fault added."""


class GenerationParameters(Block):
    """Concurrency, rates, attempts, spending caps, and when a run or task gives up."""

    max_concurrency: int = Field(32, ge=1, le=4096)
    max_attempts: int = Field(3, ge=1, le=20)
    retry: Retry = "ask_again"
    requests_per_minute: int | None = Field(None, ge=1)
    tokens_per_minute: int | None = Field(None, ge=1)
    max_cost_usd: float | None = Field(None, gt=0)
    max_tokens_total: int | None = Field(None, ge=1)
    max_wait_seconds: float = Field(300, ge=0, le=604_800)
    pause_task_after: int | None = Field(20, ge=1)
    mode: Literal["live", "batch"] = "live"
    batch_wait: bool = True
    batch_finish: Literal["batch", "live"] = "batch"
    batch_poll_seconds: float = Field(60, ge=1, le=86_400)
    batch_requests: int | None = Field(None, ge=1)
    batch_megabytes: float | None = Field(None, gt=0)
    batch_enqueued_tokens: int | None = Field(None, ge=1)

    def retry_at(self, temperature: float | None) -> Retry:
        """Kind of retry: at temperature 0 never the same prompt, since the reply would be the same."""
        return "show_reply" if temperature == 0 else self.retry

    @property
    def is_capped(self) -> bool:
        """Whether a spending cap is set."""
        return self.max_cost_usd is not None or self.max_tokens_total is not None


class QualityReportParameters(Block):
    """Minimum yield, bounds of checks, thresholds, and checks that flag rows without rejecting them."""

    min_yield: float = Field(0.5, ge=0, le=1)
    near_duplicate_similarity: float = Field(0.8, ge=0.5, le=1)
    flag_only: tuple[str, ...] = ()
    text_checks: TextChecks = Field(default_factory=TextChecks)
    thresholds: Thresholds = Field(default_factory=Thresholds)

    @field_validator("flag_only")
    @classmethod
    def _reasons_exist(cls, reasons: tuple[str, ...]) -> tuple[str, ...]:
        for reason in reasons:
            if reason not in REJECT_REASONS:
                raise ValueError(f"unknown reject reason {reason!r}; allowed: {', '.join(REJECT_REASONS)}")
        return reasons


def _as_text(name: Any) -> Any:
    """The name as text: Kedro's `--params` parses digits as a number."""
    return str(name) if isinstance(name, int) and not isinstance(name, bool) else name


class BatchesParameters(Block):
    """Batches of this project: the id of one to cancel, or `all`; null = none."""

    cancel: Annotated[str | None, BeforeValidator(_as_text)] = None


class QuoteParameters(Block):
    """Size of the pilot from which a quote is estimated."""

    pilot_rows: int = Field(20, ge=1)


class EvaluateParameters(Block):
    """Evaluation: a local folder with an embedding model, null = no pretrained weights; whether to save classifiers."""

    embedding_model: str | None = Field(None, min_length=1)
    save_classifiers: bool = False


OnVerdict = Literal["flag", "reject"]
"""Effect of a judge's verdict on a row: it is noted, or the row is rejected."""


class LabelCheckParameters(Block):
    """Label check: the rows that a judge is asked about, its settings, and the rows drawn for labelling by hand.

    Attributes:
        share: Share of the rows that pass the checks of single rows; 0 = no judge.
        votes: Verdicts of each row, each with the options in another order.
        on_dispute, on_ambiguous: What becomes of rows to which the judge gives another label, or both labels.
        llm: Settings that replace those of the block `llm`; null = the judge is the model that writes.
        sample_rows: Rows drawn for labelling by hand.
        disputed_weight: How many times an agreed row's odds a disputed one has.
    """

    share: float = Field(0.0, ge=0, le=1)
    votes: int = Field(1, ge=1, le=9)
    on_dispute: OnVerdict = "flag"
    on_ambiguous: OnVerdict = "flag"
    llm: dict[str, Any] | None = None
    sample_rows: int = Field(100, ge=1, le=100_000)
    disputed_weight: float = Field(2.0, ge=0.1, le=10)

    @property
    def flagged(self) -> tuple[str, ...]:
        """The reject reasons that only flag."""
        chosen = {"label_disputed": self.on_dispute, "label_ambiguous": self.on_ambiguous}
        return tuple(reason for reason, action in chosen.items() if action == "flag")

    @field_validator("llm")
    @classmethod
    def _fields_exist(cls, llm: dict[str, Any] | None) -> dict[str, Any] | None:
        for name in llm or {}:
            if name not in LlmParameters.model_fields:
                raise ValueError(f"has the unknown field {name}; {nearest(name, list(LlmParameters.model_fields))}")
        return llm

    def judge(self, llm: LlmParameters) -> LlmParameters:
        """Settings of the judge: those of the model that writes, without its injected faults, and `llm` over them.

        Another model is not in the writer's file, and another file names another model.

        Raises:
            ValidationError: If they don't go together.
        """
        own = self.llm or {}
        written = {**llm.model_dump(), "defects": {}}
        if own.get("model") is not None:
            written["gguf"] = None
        elif own.get("gguf") is not None:
            written["model"] = None
        return LlmParameters.model_validate(written | own)


class CompareParameters(Block):
    """The runs to compare, by id or name; null = the last finished runs of `generate`."""

    baseline: str | None = None
    candidate: str | None = None


class SplitShares(Block):
    """Shares of the rows in each split."""

    train: float = Field(0.8, gt=0, le=1)
    validation: float = Field(0.1, ge=0, lt=1)
    test: float = Field(0.1, ge=0, lt=1)

    @model_validator(mode="after")
    def _all_rows_are_dealt(self) -> Self:
        total = self.train + self.validation + self.test
        if abs(total - 1) > _ROUNDING:
            raise ValueError(f"add up to {total:g}; train, validation and test must add up to 1")
        return self


class ExportParameters(Block):
    """Place of the instruction, splits, CSV escaping and byte order mark, label batches, verdicts, and license."""

    instruction: Literal["in_anchor", "left_out"] = "in_anchor"
    splits: SplitShares = Field(default_factory=SplitShares)
    split_similarity: float = Field(0.6, ge=0.5, le=1)
    csv_formulas: Literal["escape", "keep"] = "escape"
    csv_bom: bool = False
    distinct_label_batches: int | None = Field(None, ge=2)
    label_agreement: bool = False
    license: str | None = Field(None, pattern=r"^[a-z0-9][a-z0-9.\-]{1,60}$")


class TrackingParameters(Block):
    """Share of traced calls, and how long a run waits for MLflow."""

    trace_share: float = Field(0.01, ge=0, le=1)
    max_wait_seconds: float = Field(15.0, gt=0, allow_inf_nan=False)


class PublishParameters(Block):
    """Target repository of the dataset folder, its visibility, and the files that may be published."""

    repository: Annotated[str | None, BeforeValidator(_as_text), AfterValidator(checked_repository)] = None
    private: bool = True
    allow_template_data: bool = False
    take_over: bool = False
    dry_run: bool = False
    commit_message: Annotated[str | None, BeforeValidator(_as_text)] = Field(None, pattern=r"^\S.*$", max_length=200)


class Parameters(Block):
    """All parameters; see `parameter_validation`."""

    seed: Annotated[int, BeforeValidator(no_boolean)]
    from_run: Annotated[str | None, BeforeValidator(_as_text)] = None
    llm: LlmParameters
    task_ingest: TaskIngestParameters
    attribute_sampling: AttributeSamplingParameters
    generation: GenerationParameters
    cluster: ClusterParameters = Field(default_factory=ClusterParameters)
    batches: BatchesParameters = Field(default_factory=BatchesParameters)
    quality_report: QualityReportParameters
    quote: QuoteParameters
    compare: CompareParameters
    evaluate: EvaluateParameters
    label_check: LabelCheckParameters
    export: ExportParameters
    publish: PublishParameters
    tracking: TrackingParameters

    @property
    def cluster_fault(self) -> str:
        """Conflict of the cluster with other blocks; empty if there is none."""
        return self.cluster.fault_with(self.generation.mode, self.llm.endpoint_name)
