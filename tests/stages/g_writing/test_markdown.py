"""The Markdown dialect: what is written reads back as itself, and what it lacks is refused with its line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.errors import ManuscriptRefused
from stages.g_writing.document import (
    BulletList,
    Cite,
    Code,
    CodeBlock,
    Document,
    Emphasis,
    Equation,
    Figure,
    Inline,
    Link,
    Maths,
    NumberedList,
    Paragraph,
    Reference,
    Section,
    Strong,
    Table,
    Text,
    ValueRef,
    cited_keys,
    labels,
)
from stages.g_writing.markdown import parse, parse_inlines, print_inlines, print_markdown

PAPER = r"""# Does 100 % of \$5 matter?

## Abstract

We ask. {{ours.val_bpb.mean|f3}} is {{cmp(a,b).val_bpb}} than [@a2020; @b2021x], says @c2019. See @fig:curves and @tbl:main.

## Introduction {#sec:introduction}

Some *words with {{x.y}}*, **strong** ones, `code_x`, $\alpha_1 + b$ and a [link](https://e.org/a_b). me@x.org 5\* val_bpb \[x\]

- one, in @sec:seeds.
- two

1. first
2. second

### Deeper {#sec:deeper}

| a | b |
|---|--:|
| x \| y | {{ours.val_bpb.mean|f3}} |

: Words {{x.y|f2}}. {#tbl:main}

![Seen *here* [@a2020].](charts/curves.pdf){#fig:curves alt="What \"is\" seen" width=full}

$$ y = a x $$ {#eq:line}

```python
x = 1
```

## Seeds {#sec:seeds .appendix}

Text.
"""


def test_what_we_write_reads_back_and_prints_the_same() -> None:
    document = parse(PAPER, ("A. Author",))
    assert print_markdown(document) == PAPER
    assert parse(print_markdown(document), ("A. Author",)) == document


def test_the_parts_are_what_they_look_like() -> None:
    document = parse(PAPER)
    introduction, deeper, seeds = document.sections
    assert [type(block) for block in introduction.blocks] == [Paragraph, BulletList, NumberedList]
    assert [type(block) for block in deeper.blocks] == [Table, Figure, Equation, CodeBlock]
    assert (deeper.level, seeds.appendix) == (2, True)
    assert cited_keys(document) == ("a2020", "b2021x", "c2019")
    assert labels(document) == {"sec:introduction", "sec:deeper", "sec:seeds", "tbl:main", "fig:curves", "eq:line"}
    table = deeper.blocks[0]
    assert isinstance(table, Table)
    assert table.rows == (((Text(text="x | y"),), (ValueRef(expression="ours.val_bpb.mean", format="f3"),)),)


def test_a_caption_may_follow_its_table_without_a_blank_line() -> None:
    with_blank = "# T\n\n## R {#sec:r}\n\n| a |\n|---|\n| x |\n\n: Words. {#tbl:t}\n"
    assert parse(with_blank.replace("\n\n: Words", "\n: Words")) == parse(with_blank)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("No title", "line 1: text stands before the first section"),
        ("## Introduction {#sec:a}", "line 1: the first line must be"),
        ("# T\n\n## Method\n", "line 3: the heading 'Method' needs an id"),
        ("# T\n\n## M {#sec:m}\n\n> quoted\n", "line 5: the dialect has no a quotation block"),
        ("# T\n\n## M {#sec:m}\n\n- a\n  - b\n", "line 5: a list item is one paragraph"),
        ("# T\n\n## M {#sec:m}\n\n| a |\n|---|\n| b |\n\nText.\n", "line 5: a table is followed by its caption"),
        ("# T\n\n## M {#sec:m}\n\na ![b](c.pdf) d\n", "line 5: a picture stands alone"),
        ("# T\n\n## M {#sec:m}\n\n## N {#sec:m}\n", "line 5: the label sec:m is used twice"),
        ("# T\n\n## M {#sec:m}\n\n![b](../c.pdf){#fig:c}\n", "line 5: path"),
        ("# T\n\n## M {#sec:m}\n\n$$ x\n", "line 5: a display formula"),
        ("# T *x*\n", "line 1: a title holds plain words only"),
    ],
)
def test_what_the_dialect_lacks_is_refused_with_its_line(text: str, says: str) -> None:
    with pytest.raises(ManuscriptRefused) as caught:
        parse(text)
    assert str(caught.value).startswith(says)


def test_addresses_and_escapes_are_no_citations() -> None:
    assert parse_inlines(r"me@x.org and \@key") == (Text(text="me@x.org and @key"),)


def test_a_citation_ends_before_the_full_stop() -> None:
    assert parse_inlines("as @kingma2015adam.") == (Text(text="as "), Cite(keys=("kingma2015adam",), style="text"), Text(text="."))


def test_html_is_text() -> None:
    assert parse_inlines("a <b>c</b> &amp;") == (Text(text="a <b>c</b> &amp;"),)


MARKS = list("\\`*_{}[]()#+-.!|$@<>~^&%:;\"'=aA1é中 ")
WORDS = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp"))
SIGNS = (
    st.text(st.one_of(st.sampled_from(MARKS), WORDS), min_size=1, max_size=30).map(lambda text: " ".join(text.split())).filter(bool)
)


@st.composite
def _inline(draw: st.DrawFn) -> Inline:
    return draw(
        st.one_of(
            SIGNS.map(lambda text: Text(text=text)),
            st.just(ValueRef(expression="diff(a,b).val_bpb", format="f3")),
            st.just(Cite(keys=("a2020", "b2021"), style="paren")),
            st.just(Reference(target="fig:curves")),
            st.just(Maths(tex=r"\alpha_1")),
            st.just(Code(text="a `b` c")),
        )
    )


@given(st.lists(_inline(), min_size=1, max_size=5))
@settings(max_examples=150, deadline=None)
def test_any_words_read_back(parts: list[Inline]) -> None:
    content: list[Inline] = []
    for part in parts:
        content += [part, Text(text=" x ")]
    merged = parse_inlines(print_inlines(tuple(content), start=True))
    assert print_inlines(merged, start=True) == print_inlines(tuple(content), start=True)
    words = "".join(part.text for part in content if isinstance(part, Text))
    assert "".join(part.text for part in merged if isinstance(part, Text)).strip() == words.strip()
    assert [part for part in merged if not isinstance(part, Text)] == [part for part in content if not isinstance(part, Text)]


@given(SIGNS, SIGNS)
@settings(max_examples=150, deadline=None)
def test_any_words_read_back_as_blocks(first: str, second: str) -> None:
    cells: tuple[tuple[Inline, ...], ...] = ((Text(text=first),), (Text(text=second),))
    document = Document(
        title=first,
        abstract=(Paragraph(content=(Text(text=first),)),),
        sections=(
            Section(
                id="s",
                title=second,
                blocks=(
                    Paragraph(content=(Text(text=second),)),
                    BulletList(items=cells),
                    NumberedList(items=cells),
                    Table(id="t", caption=cells[0], header=cells, rows=(cells,), alignment=("left", "right")),
                    Figure(id="f", path="charts/f.pdf", caption=cells[1], alt=first),
                    Paragraph(content=(Emphasis(content=(Text(text="a"),)), Strong(content=(Text(text="b"),)))),
                    Paragraph(content=(Link(url="https://e.org/", content=(Text(text="c"),)),)),
                ),
            ),
        ),
    )
    assert parse(print_markdown(document)) == document
