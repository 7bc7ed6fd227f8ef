"""Plain rows: what is read at once is what the parser reads, whatever the texts and what stands around them."""

import json

from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.llm.replies.parsing import read
from synthetic_textcat.llm.replies.plain_rows import plain_row
from synthetic_textcat.schemas.completions import Reply
from tests.support.examples import examples

_FIELDS = ("input_text", "label", "misleading_label")
_PIECES = st.text(max_size=8) | st.sampled_from(
    [", ", ": ", "//", "/*", "```", "null", "'", "label", "{", "}", "[", '"', "\\"]
)
_TEXTS = st.lists(_PIECES, max_size=6).map("".join)
_ENDS = st.sampled_from(["}", ",}", ", }", ",\n}", ",,}", ""])
_AROUND = st.sampled_from(
    [
        ("", ""),
        ("```json\n", "\n```"),
        ("Sure: ", "\nOk."),
        ("A {b} ", ""),
        ("", " {}"),
        ("<think>", ""),
        ("<b>", "</b>"),
        ("[", "]"),
    ]
)


@examples(300)
@given(st.tuples(_TEXTS, _TEXTS, _TEXTS), st.permutations(_FIELDS), st.booleans(), _ENDS, _AROUND)
def test_a_row_that_is_read_at_once_is_the_parsers(
    texts: tuple[str, str, str], order: list[str], is_ascii: bool, end: str, around: tuple[str, str]
) -> None:
    value = dict(zip(order, texts, strict=True))
    reply = around[0] + json.dumps(value, ensure_ascii=is_ascii)[:-1] + end + around[1]
    row = plain_row(reply)
    if row is not None:
        assert Reply(**dict(zip(_FIELDS, row.texts, strict=True))) == (found := read(reply, Reply, cut=False))
        assert isinstance(found, Reply)
        assert not found.note


def test_common_forms_are_read_at_once() -> None:
    own = '{"input_text": "a text", "label": "A", "misleading_label": "B"}'
    for reply in (own, f"```json\n{own}\n```", f"Here it is:\n\n{own}", own[:-1] + ",\n}", f"```\n{own[:-1]},}}\n```"):
        row = plain_row(reply)
        assert row is not None
        assert row.texts == ("a text", "A", "B")
