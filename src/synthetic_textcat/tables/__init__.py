"""Row tables: tables of rows that are walked in record batches, so that none has to fit into memory."""

from synthetic_textcat.tables.arrow_frames import arrow_texts
from synthetic_textcat.tables.by_reference import SharedFiles, by_reference
from synthetic_textcat.tables.derived import RowGroups, factorized, filtered, mapped, value_counts
from synthetic_textcat.tables.key_positions import IdPositions, KeyPositions, text_hashes
from synthetic_textcat.tables.parquet_rows import Spool, StoredTable, write_rows
from synthetic_textcat.tables.permuted_tables import permuted
from synthetic_textcat.tables.plan_walk import PlanPart, in_plan_order
from synthetic_textcat.tables.row_table import BATCH_ROWS, FrameTable, MadeTable, RowTable, as_table, in_blocks
from synthetic_textcat.tables.typed_frames import empty_frame, with_dtypes

__all__ = [
    "BATCH_ROWS",
    "FrameTable",
    "IdPositions",
    "KeyPositions",
    "MadeTable",
    "PlanPart",
    "RowGroups",
    "RowTable",
    "SharedFiles",
    "Spool",
    "StoredTable",
    "arrow_texts",
    "as_table",
    "by_reference",
    "empty_frame",
    "factorized",
    "filtered",
    "in_blocks",
    "in_plan_order",
    "mapped",
    "permuted",
    "text_hashes",
    "value_counts",
    "with_dtypes",
    "write_rows",
]
