"""Cost of the text checks next to that of `wrong_language`, on the same texts in one process."""

from collections.abc import Sequence
from itertools import islice
from time import process_time

from benchmarks.clients.workload import load_tasks
from benchmarks.figures import Figure, Report, Target, pairwise_ratio
from benchmarks.processes import Options
from synthetic_textcat.llm.offline.grammar import known_tasks, load_grammar
from synthetic_textcat.llm.offline.writer import Plan, write_text
from synthetic_textcat.pipelines.quality_report.checks.row_checks import ROW_CHECKS, Candidate, known_of
from synthetic_textcat.schemas.attributes import VALUES
from synthetic_textcat.schemas.block import TextChecks
from synthetic_textcat.schemas.task_table import tasks_of

_ROWS = 1_000
_MICRO = 1e6
_LANGUAGE_CHECK = "wrong_language"


def text_checks(options: Options) -> Report:
    """Checks texts of the offline model, several times; each time every check once on each text."""
    rows, repeats = options.rows or _ROWS, options.repeat or 5
    ours: list[float] = []
    language: list[float] = []
    for _ in range(repeats + 1):  # the first one loads models and word lists
        candidates = _candidates(rows)
        for row in candidates:
            row.words  # noqa: B018 - other checks normalise texts too
        ours.append(sum(_seconds(reason, candidates) for reason in TextChecks.model_fields) / rows * _MICRO)
        language.append(_seconds(_LANGUAGE_CHECK, candidates) / rows * _MICRO)
    figures = [
        Figure("text checks, CPU µs/row", ours[1:]),
        Figure(f"{_LANGUAGE_CHECK}, CPU µs/row", language[1:]),
        Figure("text checks / wrong_language", pairwise_ratio(ours[1:], language[1:]), Target("<=", 1.0)),
    ]
    return Report(f"text_checks: seven checks on {rows} texts of the offline model", figures)


def _seconds(reason: str, candidates: Sequence[Candidate]) -> float:
    check, begun = ROW_CHECKS[reason], process_time()
    for row in candidates:
        check(row)
    return process_time() - begun


def _candidates(rows: int) -> list[Candidate]:
    tasks = [task for task in tasks_of(load_tasks()) if task.task in known_tasks() and task.labels]
    known = {task.task: known_of(task) for task in tasks}
    lengths = VALUES["num_words"]

    def made(number: int) -> Candidate:
        task = tasks[number % len(tasks)]
        label, other = task.label_names[:2]
        plan = Plan(label, other, "college", "clear", lengths[number // len(tasks) % len(lengths)])
        text = write_text(load_grammar(known_tasks()[task.task]), plan, number)
        return Candidate(str(number), text, label, other, label, known[task.task], "English", plan.num_words)

    return list(islice(map(made, range(rows)), rows))
