"""Hooks that put objects into the catalog: row check, cluster, notes of stops, two runs to compare, packaged prices."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

from kedro.config import MissingConfigException
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, MemoryDataset
from kedro.pipeline import Pipeline

from synthetic_textcat.datasets import JournalDataset
from synthetic_textcat.fleet.dask_cluster import DaskCluster
from synthetic_textcat.fleet.dask_pool import DaskPool
from synthetic_textcat.fleet.dask_workers import DaskWorkers
from synthetic_textcat.hooks import catalog_names as names
from synthetic_textcat.hooks.model_servers import serve_at_base_urls
from synthetic_textcat.hooks.run_notes import RunNotes
from synthetic_textcat.hooks.tracking.run_artifacts import records_to_compare
from synthetic_textcat.hooks.tracking.store import Store
from synthetic_textcat.llm.prompts.messages import instructions_for, instructions_of
from synthetic_textcat.llm.shards.fan_out import FanOut
from synthetic_textcat.llm.shards.object_folder import fetch_left_behind, shared_folder
from synthetic_textcat.pipelines.quality_report.checks.row_checks import Candidate, known_of
from synthetic_textcat.pipelines.quality_report.checks.verdicts import judge_alone
from synthetic_textcat.schemas.cluster_parameters import ClusterParameters
from synthetic_textcat.schemas.completions import Problem, RowReply
from synthetic_textcat.schemas.parameters import CompareParameters, QualityReportParameters
from synthetic_textcat.schemas.run_records import ASKING_PROMPTS, SEVERAL_LABELS_PROMPT
from synthetic_textcat.schemas.stops import LastBatch, Stops
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.work_pool import THIS_MACHINE, WorkPool

_RUNS = (names.BASELINE_RUN, names.CANDIDATE_RUN)


class CatalogInputs:
    """Puts objects into the catalog that no file holds: the row check, cluster, work pool, stops, and runs to compare.

    Args:
        notes: Holds the stops of the current run too, for the summary and MLflow.
    """

    def __init__(self, notes: RunNotes) -> None:
        self._notes = notes
        self._context: KedroContext | None = None
        self._catalog: CatalogProtocol[Any, Any] | None = None
        self._cluster: DaskCluster | None = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Keeps the context: parameters are read when the run starts."""
        self._context = context

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Adds the row check, which pipelines can't import from one another, empty stops, and the runs to compare.

        Raises:
            ClusterError: If the run generates by a cluster that can't do it.
            EarlierRunError: If a run to compare can't be had.
            ModelSetupError: If a judge would be asked at an address that nobody has named.
        """
        self._catalog, self._notes.stops = catalog, Stops()
        catalog[names.STOPS] = MemoryDataset({})
        if self._context is None:
            catalog[names.CLUSTER] = MemoryDataset(None)
            catalog[names.WORK_POOL] = MemoryDataset(THIS_MACHINE, copy_mode="assign")
            return
        _use_packaged_prices(self._context, catalog)
        settings = QualityReportParameters.model_validate(self._context.params["quality_report"])
        words = _instructions_in(catalog, *ASKING_PROMPTS), _instructions_in(catalog, SEVERAL_LABELS_PROMPT)
        check = RowCheckByPrompts(settings, *words)
        catalog[names.ROW_CHECK] = MemoryDataset(check, copy_mode="assign")
        serve_at_base_urls(self._context.params, pipeline, catalog)
        self._add_cluster(self._context, run_params, pipeline, catalog)
        if not pipeline.inputs() & set(_RUNS):
            return
        asked = CompareParameters.model_validate(self._context.params["compare"])
        records = records_to_compare(Store.of(self._context.project_path), asked.baseline, asked.candidate)
        for name, record in zip(_RUNS, records, strict=True):
            catalog[name] = MemoryDataset(record, copy_mode="assign")

    def _add_cluster(
        self,
        context: KedroContext,
        run_params: Mapping[str, Any],
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
    ) -> None:
        """Adds the cluster that makes the calls, and its workers as a work pool; without a cluster, this machine.

        A run that makes calls takes the shared folder, and checks the workers at a configured address, which may be
        wrong. Processes of this machine are started when they are needed.
        """
        self._close_cluster()  # of a run of this session that was interrupted
        settings = ClusterParameters.model_validate(context.params.get("cluster", {}))  # older projects have none
        asks = names.COMPLETIONS in pipeline.all_outputs()
        fan_out: FanOut | None = None
        pool: WorkPool = THIS_MACHINE
        if settings.is_chosen:
            local = _folder_of(catalog)
            self._cluster = DaskCluster(settings)
            pool = DaskPool(self._cluster, settings.shared or local.absolute(), local, settings.rows_to_share)
            if asks:
                folder = shared_folder(settings.shared or local, local)
                fan_out = FanOut(DaskWorkers(self._cluster), folder, settings.shards)
                run_id = self._notes.id_of(run_params)
                fan_out.begin(run_id)
                if settings.address is not None:
                    fan_out.prove(catalog.load(names.LLM), context.params["llm"], run_id)
        elif asks:
            fetch_left_behind(_folder_of(catalog))
        catalog[names.CLUSTER] = MemoryDataset(fan_out, copy_mode="assign")
        catalog[names.WORK_POOL] = MemoryDataset(pool, copy_mode="assign")

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Closes the cluster."""
        self._close_cluster()

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Closes the cluster; after an interrupt, the next run of the session or an exit handler does."""
        self._close_cluster()

    def _close_cluster(self) -> None:
        cluster, self._cluster = self._cluster, None
        if cluster is not None:
            cluster.close()

    @hook_impl
    def after_dataset_saved(self, data: Any) -> None:
        """Saves the stops in a node's last batch."""
        if isinstance(data, LastBatch) and self._catalog is not None:
            self._notes.stops = data.stops
            self._catalog.save(names.STOPS, data.stops.model_dump(mode="json"))


def _use_packaged_prices(context: KedroContext, catalog: CatalogProtocol[Any, Any]) -> None:
    """Takes the price list from another configuration source, such as an archive, unless the catalog's file exists.

    The catalog's path begins at the current folder, where a packaged project has no configuration.
    """
    source = Path(str(context.config_loader.conf_source))
    if source == context.project_path / "conf" or names.PRICES not in catalog or catalog.exists(names.PRICES):
        return
    with suppress(MissingConfigException):
        catalog[names.PRICES] = MemoryDataset(context.config_loader[names.PRICES])


def _instructions_in(catalog: CatalogProtocol[Any, Any], *prompts: str) -> Callable[[], tuple[str, ...]]:
    """Reader of the prompts' own words at the first check: a run that makes no call needs no prompt."""
    return cache(lambda: instructions_of(catalog.load(name) for name in prompts))


class RowCheckByPrompts:
    """The checks of single rows, some of which compare a text with the prompts' own words; it can be pickled.

    Args:
        settings: Bounds of the checks.
        instructions: Reads the prompts' own words.
        of_several: Reads the own words of the prompt for several labels a text.
    """

    def __init__(
        self,
        settings: QualityReportParameters,
        instructions: Callable[[], tuple[str, ...]],
        of_several: Callable[[], tuple[str, ...]] = tuple,
    ) -> None:
        self._settings = settings
        self._instructions, self._of_several = instructions, of_several

    def __call__(self, task: Task, row: Mapping[str, Any], reply: RowReply) -> Problem | None:
        """The problem for which the report would reject this reply, by the checks that need no other row; else None."""
        words = instructions_for(task, self._instructions(), self._of_several())
        candidate = Candidate.of_reply(row, reply, known_of(task, self._settings.text_checks, words))
        verdict = judge_alone(candidate, self._settings.flag_only).verdict
        return None if verdict is None else Problem(verdict.reason, verdict.detail)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the words in place of their reader."""
        words = (self._instructions(), self._of_several())
        return type(self), (self._settings, *(partial(tuple, own) for own in words))


def _folder_of(catalog: CatalogProtocol[Any, Any]) -> Path:
    """The folder of the shards' journal files, next to the journal."""
    journal = catalog.get(names.COMPLETIONS)
    assert isinstance(journal, JournalDataset)
    return journal.file.with_suffix("")
