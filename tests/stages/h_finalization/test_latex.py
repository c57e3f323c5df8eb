"""The LaTeX body, as text; that it compiles is proved in the tests of the typesetting adapter."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from researchclaw.shipped import shipped
from stages.g_writing.document import Document, Paragraph, Text
from stages.g_writing.markdown import parse
from stages.h_finalization.latex import LONGEST_RUNNING, PaperTemplate, broken, render_latex, running_title
from stages.h_finalization.rendering import template_of
from stages.h_finalization.tex_characters import escape, escape_code, plain, unprintable

Layout = Callable[[str], PaperTemplate]


@pytest.fixture
def layout() -> Layout:
    """A shipped layout, read the way the wiring hands it to a stage."""

    def read(venue: str) -> PaperTemplate:
        paper = shipped("templates") / "paper"
        names = (f"{venue}/layout.json", f"{venue}/frame.tex", "rcpaper.sty")
        return template_of({f"paper/{name}": (paper / name).read_text("utf-8") for name in names})

    return read


def body(markdown: str, template: PaperTemplate) -> str:
    return render_latex(parse(f"# T\n\n## Abstract\n\nA.\n\n## S {{#sec:s}}\n\n{markdown}\n", ("A. B",)), template, notice="N.")


@pytest.mark.parametrize(
    ("words", "tex"),
    [
        (r"\ { } $ & # % _", r"\textbackslash{} \{ \} \$ \& \# \% \_"),
        ("~ ^ < > | [ ]", r"\textasciitilde{} \textasciicircum{} \textless{} \textgreater{} \textbar{} {[} {]}"),
        ("a difference of -0.011 (or +0.5)", "a difference of $-0.011$ (or $+0.5$)"),
        ("−0.011", "$-0.011$"),
        ("2-3 seeds, a-1, x -y", "2-3 seeds, a-1, x -y"),
        ("0.8 % of it", r"0.8\,\% of it"),
        ('a "word" here', "a ``word'' here"),
        ("--flag", "-{}-flag"),
        ("x\u202e\u200by\u0000", "xy"),
        ("Łukasz α ≤ ½", r"Łukasz \ensuremath{\alpha} \ensuremath{\leq} 1/2"),
        ("Иван", "Ivan"),
        ("中", r"\texttt{U+4E2D}\allowbreak{}"),
    ],
)
def test_every_character_is_printed_as_itself(words: str, tex: str) -> None:
    assert escape(words) == tex


def test_signs_without_a_glyph_are_named() -> None:
    assert unprintable("a 中文 é 😀") == ("中", "文", "😀")


def test_code_keeps_its_numbers_whole_and_may_break_elsewhere() -> None:
    assert escape_code("a_b=0.002") == r"a\_\allowbreak{}b=\allowbreak{}0.002"
    assert escape_code("--x", spaces=True) == r"-{}\allowbreak{}-\allowbreak{}x"


def test_bookmarks_are_plain() -> None:
    assert plain("Émile's 100 % \\x {y} 中") == "Emile's 100 x y"


def test_references_carry_their_word(layout: Layout) -> None:
    text = "In @sec:s, @sec:more and [@a2020; @b2021], says @c2022.\n\n## More {#sec:more .appendix}\n\nB."
    tex = body(text, layout("neurips"))
    assert r"In~Section~\ref{sec:s}, Appendix~\ref{sec:more} and~\citep{a2020,b2021}, says \citet{c2022}." in tex.replace(
        ",~App", ", App"
    )
    assert tex.index(r"\rcreferences{references}") < tex.index(r"\rcappendix") < tex.index(r"\section{More}")


def test_without_citations_there_is_no_reference_list(layout: Layout) -> None:
    assert r"\rcreferences" not in body("Words.", layout("neurips"))


def test_refused_maths_is_shown_as_code(layout: Layout) -> None:
    tex = body(r"Here $\alpha$ and $\input{x}$.", layout("neurips"))
    assert r"$\alpha$" in tex
    assert r"\input" not in tex.replace(r"\textbackslash{}\allowbreak{}input", "")


def test_slots_in_the_text_are_not_filled(layout: Layout) -> None:
    document = Document(title="T", abstract=(Paragraph(content=(Text(text="<<body>>"),)),))
    assert r"\textless{}\textless{}body" in render_latex(document, layout("plain"), notice="")


def test_long_tables_go_on_in_a_further_float_with_the_same_number(layout: Layout) -> None:
    rows = "".join(f"| row {letter} | x |\n" for letter in "abcdefghij" * 5)
    tex = body(f"| a | b |\n|---|--:|\n{rows}\n: Many rows. {{#tbl:t}}", layout("neurips"))
    assert tex.count(r"\begin{table}") == 2
    assert tex.count(r"\label{tbl:t}") == 1
    assert "Many rows. (continued)" in tex


def test_wide_cells_break_and_wide_tables_span_both_columns(layout: Layout) -> None:
    text = "a condition that changes something in the schedule and tells at length what it changes"
    table = f"| name | what is changed and why |\n|---|---|\n| x | {text} {text} |\n\n: Conditions. {{#tbl:t}}"
    assert r"p{" in body(table, layout("neurips"))
    assert r"\begin{table*}" in body(table, layout("icml"))


def test_the_tables_of_one_part_are_set_in_one_size(layout: Layout) -> None:
    small = "| name | n |\n|---|--:|\n| x | 1 |\n\n: Few. {#tbl:few}"
    columns = 11
    wide = f"| name |{' a number |' * columns}\n|---|{'--:|' * columns}\n| x |{' 1.234 |' * columns}\n\n: Many. {{#tbl:many}}"
    alone = body(small, layout("plain"))
    both = body(f"{small}\n\n{wide}\n\n## Z {{#sec:z .appendix}}\n\n{small.replace('few', 'last')}", layout("plain"))

    def sizes(tex: str) -> list[str]:
        return re.findall(r"\\label\{tbl:\w+\}\n(\\\w+)", tex)

    assert sizes(alone) == [r"\setlength"]
    assert sizes(both)[0] == sizes(both)[1] != r"\setlength"
    assert sizes(both)[2] == r"\setlength"


def test_in_the_appendix_of_two_columns_cells_break_before_a_table_leaves_its_place(layout: Layout) -> None:
    rows = "\n".join("| a schedule that warms up, holds and decays |" + " 3.0445 |" * 5 for _ in range(3))
    table = f"| condition |{' seed |' * 5}\n|---|{'--:|' * 5}\n{rows}\n\n: Values. {{#tbl:t}}"
    assert r"\begin{table*}" in body(table, layout("icml"))
    text = body(f"B.\n\n## Z {{#sec:z .appendix}}\n\n{table}", layout("icml"))
    assert r"\begin{table*}" not in text
    assert r"\addlinespace" in text  # rows of several lines are told apart


def test_links_open_only_what_a_browser_should(layout: Layout) -> None:
    tex = body("[a](https://e.org/a_b#c) [b](file:///etc/passwd)", layout("neurips"))
    assert r"\href{https://e.org/a\_b\#c}{a}" in tex
    assert "etc/passwd" not in tex.replace("\\allowbreak{}", "") or r"\href{file" not in tex


@pytest.mark.parametrize(
    ("title", "short"),
    [
        ("Width against depth: predictions that held", "Width against depth: predictions that held"),
        (
            "Optimiser against learning-rate schedule in language modelling under a fixed short budget: predictions that held",
            "Optimiser against learning-rate schedule in language modelling under a fixed short budget",
        ),
        ("A word " * 12 + "under a fixed short of which nothing more is left", ("A word " * 12).strip()),
    ],
)
def test_a_running_title_ends_at_a_word_and_without_dots(title: str, short: str) -> None:
    assert running_title(title) == short
    assert len(short) <= LONGEST_RUNNING


COMMAND = "researchclaw experiment --kit tiny_lm --train experiment_runs/{}/1/train.py --seed 1 --steps 702 --json"


@pytest.mark.parametrize("width", [30, 47, 80])
def test_a_command_breaks_at_spaces_so_that_it_can_be_put_together_again(width: int) -> None:
    command = COMMAND.format("rope")
    pieces = broken(command, width)
    assert " ".join(pieces).replace("/ ", "/") == command
    assert all(len(piece) <= (width if number == 0 else width - 4) for number, piece in enumerate(pieces))


def test_a_path_longer_than_a_line_breaks_behind_a_slash() -> None:
    pieces = broken(COMMAND.format("rmsnorm_and_no_warmup_ablated"), 49)
    assert "".join(pieces).count("experiment_runs/rmsnorm_and_no_warmup_ablated/1/train.py") == 1
    assert broken("a" * 12, 8) == ["a" * 8, "a" * 4]


def test_no_page_parts_a_command_from_its_continuation(layout: Layout) -> None:
    tex = render_latex(
        parse("# T\n\n## Abstract\n\nA.\n\n## S {#sec:s}\n\n```\n" + "word " * 60 + "\n```\n"), layout("icml"), notice=""
    )
    assert "\\\\*\n\\strut{}" in tex


@pytest.mark.parametrize("venue", ["plain", "neurips", "icml", "iclr"])
def test_what_leads_in_to_a_list_stays_with_it(layout: Layout, venue: str) -> None:
    assert "\\@beginparpenalty=10000" in layout(venue).style
