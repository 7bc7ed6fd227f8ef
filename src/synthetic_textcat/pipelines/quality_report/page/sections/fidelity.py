"""Report sections on fidelity: do rows have the planned length, difficulty, language and attributes?"""

from synthetic_textcat.pipelines.quality_report.page.layout import LANGUAGE, ROWS, TASK, Column, Number, Section, Table

_LOSSES = (
    Column("planned", "planned", "count"),
    Column("accepted", "accepted", "count"),
    Column("rejected", "rejected", "count"),
    Column("rest", "failed or not run", "count"),
    Column("yield", "yield", "share"),
    Column("reason", "most rejected by"),
)

FIDELITY_SECTIONS = (
    Section(
        "Where rows are lost",
        "The tasks and languages with the lowest yield first.",
        tables=(
            Table("losses_by_task", "By task", (TASK, *_LOSSES)),
            Table("losses_by_language", "By language", (LANGUAGE, *_LOSSES)),
        ),
    ),
    Section(
        "Leaks and duplicates",
        "Shares of all candidates, which are the replies that parsed. They are rejected, unless "
        "quality_report.flag_only says otherwise.",
        (
            Number("rate/label_leaked", "name a label"),
            Number("rate/same_labels", "have one label twice"),
            Number("rate/exact_duplicate", "repeat another row"),
            Number("rate/near_duplicate", "are nearly another row"),
        ),
        (
            Table(
                "leakage_by_language",
                "Leaks by language",
                (LANGUAGE, ROWS, Column("leaked", "leaks", "count"), Column("rate", "share", "share")),
            ),
            Table(
                "leakage_by_task",
                "Leaks by task",
                (TASK, ROWS, Column("leaked", "leaks", "count"), Column("rate", "share", "share")),
            ),
            Table(
                "near_duplicate_clusters",
                "Rows that are nearly one text",
                (
                    Column("size", "rows alike", "count"),
                    Column("clusters", "times", "count"),
                    Column("clusters", "", "bar"),
                ),
            ),
        ),
    ),
    Section(
        "Language",
        "Whether a text is in the language that was asked for, told by its script and its letters. Languages that are "
        "taken for one another count as one. Short texts, romanised ones and some variants can't be told: they count "
        "for neither side.",
        (
            Number("language/agreement", "of those that can be told agree"),
            Number("language/agreement_lowest", "agree in the worst language"),
            Number("language/not_verifiable", "can't be told"),
        ),
        (
            Table(
                "language_agreement",
                "By language asked for",
                (
                    LANGUAGE,
                    ROWS,
                    Column("agrees", "agree", "count"),
                    Column("wrong", "wrong", "count"),
                    Column("not_verifiable", "can't be told", "count"),
                    Column("agreement", "agreement", "share"),
                    Column("agreement", "", "bar"),
                ),
            ),
            Table(
                "language_found",
                "What was found instead",
                (Column("asked", "asked for"), Column("found", "found"), ROWS, Column("rows", "", "bar")),
            ),
        ),
    ),
    Section(
        "Length",
        "Words of a text against the number that was asked for. Scripts without spaces between words are left out.",
        (Number("length/in_bucket", "as long as asked"), Number("length/median_words", "words, the median", "count")),
        (
            Table(
                "length",
                "By length asked for",
                (
                    Column("num_words", "words asked for"),
                    ROWS,
                    Column("in_bucket", "kept", "share"),
                    Column("p10", "10 % below", "count"),
                    Column("median", "median", "count"),
                    Column("p90", "10 % above", "count"),
                    Column("median", "", "box", low="p10", high="p90"),
                ),
            ),
        ),
    ),
    Section(
        "Difficulty",
        "LIX (Björnsson 1968) is words a sentence plus the share of long words in 100. Within a language it should "
        "rise from high school to PhD. Only the order means something; it is no grade.",
        (Number("readability/ordered", "of the languages with enough rows rise"),),
        (
            Table(
                "readability",
                "LIX of the accepted rows",
                (
                    LANGUAGE,
                    Column("difficulty", "difficulty"),
                    ROWS,
                    Column("median", "median", "number"),
                    Column("median", "middle half", "box", low="p25", high="p75"),
                ),
            ),
        ),
    ),
    Section(
        "Planned and obtained",
        "Shares of each value among planned and among accepted rows: values that lose rows stand out.",
        (Number("coverage/largest", "of the rows would have to be others, in the worst attribute"),),
        (
            Table(
                "coverage",
                "By value, the largest differences first",
                (
                    Column("attribute", "attribute"),
                    Column("value", "value", is_long=True),
                    Column("planned", "planned", "count"),
                    Column("accepted", "accepted", "count"),
                    Column("share_planned", "share planned", "share"),
                    Column("share_accepted", "share accepted", "share"),
                ),
            ),
        ),
    ),
)
