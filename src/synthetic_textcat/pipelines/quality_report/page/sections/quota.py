"""How far a quota is."""

from synthetic_textcat.pipelines.quality_report.page.layout import Column, Matrix, Number, Section, Table

QUOTA_SECTION = Section(
    "Quota",
    "Accepted rows of each cell against what was asked for. A cell is given up when two rounds brought no accepted "
    "row. Surplus are good rows beyond the target: they are kept aside, and used when it is raised.",
    (
        Number("quota/cells_done", "cells have all their rows", "count"),
        Number("quota/cells", "cells were asked for", "count"),
        Number("quota/missing", "rows are missing", "count"),
        Number("quota/cells_infeasible", "cells were given up", "count"),
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
            "quota_replies",
            "What the model last said in cells that were given up",
            (Column("cell", "cell", is_long=True), Column("reply", "reply, raw", is_long=True)),
        ),
    ),
    (Matrix("quota_matrix", "Accepted rows by cell", "down", "across", "accepted", "target"),),
)
