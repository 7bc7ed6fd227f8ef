"""Whether rows differ from one another."""

from synthetic_textcat.pipelines.quality_report.page.layout import Column, Number, Section, Table

_ROWS = Column("rows", "rows", "count")

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
                    Column("rows", "rows", "count"),
                    Column("compression_ratio", "compression ratio", "number"),
                    Column("distinct_2", "distinct 2", "number"),
                    Column("vendi", "Vendi", "number"),
                    Column("vendi", "", "bar"),
                ),
            ),
            Table(
                "repeated_4grams",
                "Four words in a row that come back most often",
                (Column("words", "words", is_long=True), _ROWS, Column("rows", "", "bar")),
            ),
        ),
    ),
)
