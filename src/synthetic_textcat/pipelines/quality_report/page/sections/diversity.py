"""Report sections on the diversity of rows and on the quota."""

from synthetic_textcat.pipelines.quality_report.page.layout import ROWS, Column, Matrix, Number, Section, Table

DIVERSITY_SECTIONS = (
    Section(
        "Diversity",
        "Measured on texts cut to one length, in equal number: these numbers depend on both, and no value is good or "
        "bad by itself. Compare with the run before, or with your own real texts (reference_texts in the catalog).",
        (Number("diversity/rows", "rows measured", "count"), Number("diversity/mean_words", "words a text", "number")),
        (
            Table(
                "diversity",
                "Measures",
                (
                    Column("measure", "measure", "name"),
                    Column("value", "this run", "number"),
                    Column("previous", "run before", "number"),
                    Column("reference", "real texts", "number"),
                    Column("better", "better is"),
                    Column("note", "note", is_long=True),
                ),
            ),
            Table(
                "diversity_growth",
                "As rows are added: a Vendi score that stops growing says that more rows bring nothing new",
                (
                    ROWS,
                    Column("compression_ratio", "compression ratio", "number"),
                    Column("distinct_2", "distinct 2", "number"),
                    Column("vendi", "Vendi", "number"),
                    Column("vendi", "", "bar"),
                ),
            ),
            Table(
                "repeated_4grams",
                "Four words in a row that come back most often",
                (Column("words", "words", is_long=True), ROWS, Column("rows", "", "bar")),
            ),
        ),
    ),
)

QUOTA_SECTION = Section(
    "Quota",
    "Accepted rows of each cell against what was asked for. Within a cell, each attribute value has its share of the "
    "rows. A value or cell is given up when two rounds or more brought no accepted row. Surplus are good rows beyond "
    "the target: they are kept aside, and used when it is raised.",
    (
        Number("quota/cells_done", "cells have all their rows", "count"),
        Number("quota/cells", "cells were asked for", "count"),
        Number("quota/missing", "rows are missing", "count"),
        Number("quota/cells_infeasible", "cells lack only rows that were given up", "count"),
        Number("quota/surplus", "surplus rows", "count"),
        Number("quota/rounds", "rounds", "count"),
    ),
    (
        Table(
            "quota",
            "Cells, the emptiest first",
            (
                Column("cell", "cell", is_long=True),
                Column("state", "state"),
                Column("accepted", "accepted", "count"),
                Column("target", "of", "count"),
                Column("accepted", "", "bar"),
                Column("planned", "planned", "count"),
                Column("surplus", "surplus", "count"),
                Column("yield", "yield", "share"),
                Column("causes", "lost to", is_long=True),
            ),
        ),
        Table(
            "quota_given_up",
            "Values and cells that were given up",
            (
                Column("values", "given up", is_long=True),
                Column("accepted", "accepted", "count"),
                Column("wanted", "of", "count"),
                Column("rounds", "rounds", "count"),
                Column("causes", "lost to", is_long=True),
            ),
        ),
        Table(
            "quota_replies",
            "Last replies for rows that were given up",
            (Column("values", "given up", is_long=True), Column("reply", "reply, raw", is_long=True)),
        ),
    ),
    (Matrix("quota_matrix", "Accepted rows by cell", "down", "across", "accepted", "target"),),
)
