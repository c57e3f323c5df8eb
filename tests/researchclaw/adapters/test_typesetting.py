"""Typesetting with the real programs: sources that behave, sources that attack, and both ways to a PDF.

Without pdflatex and bibtex the LaTeX half is skipped; the typst half always runs.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from researchclaw.adapters import typesetting
from researchclaw.adapters.pdf_text import Unreadable, pages_of
from researchclaw.adapters.typesetting import Typesetter
from researchclaw.shipped import shipped
from stages.contracts import Work
from stages.errors import ManuscriptRefused, SettingsError
from stages.g_writing.document import (
    Block,
    BulletList,
    Code,
    CodeBlock,
    Document,
    Emphasis,
    Equation,
    Figure,
    Link,
    Maths,
    NumberedList,
    Paragraph,
    Reference,
    Section,
    Strong,
    Table,
    Text,
)
from stages.g_writing.markdown import parse
from stages.g_writing.maths import FUNCTIONS, ONE_ARGUMENT, SYMBOLS
from stages.h_finalization.bibliography import references_bib
from stages.h_finalization.latex import PaperTemplate, render_latex
from stages.h_finalization.rendering import template_of
from stages.h_finalization.typst_source import render_typst

needs_latex = pytest.mark.skipif(
    shutil.which("pdflatex") is None or shutil.which("bibtex") is None, reason="pdflatex or bibtex is not installed"
)
VENUES = ("neurips", "icml", "iclr", "plain")

PAPER = r"""# Does a schedule matter?

## Abstract

We ask it of small models, and find a difference of -0.019, as @kingma2015adam would.

## Method {#sec:method}

The loss is in @eq:loss, the result in @tbl:main and @fig:curves; see @sec:seeds and [@kingma2015adam].

$$ \mathcal{L}(\theta) = -\frac{1}{T} \sum_{t=1}^{T} \log_2 p_\theta(x_t \mid x_{<t}) $$ {#eq:loss}

| condition | mean | what is changed |
|---|--:|---|
| cosine | 2.405 | The rate falls along half a cosine, gently at first, then faster, then gently again to a tenth of its peak. |

: Means over seeds. {#tbl:main}

![Curves of the study.](charts/curves.pdf){#fig:curves alt="curves"}

## Seeds {#sec:seeds .appendix}

```python
x = 1
```
"""


def layout(venue: str) -> PaperTemplate:
    paper = shipped("templates") / "paper"
    names = (f"{venue}/layout.json", f"{venue}/frame.tex", "rcpaper.sty")
    return template_of({f"paper/{name}": (paper / name).read_text("utf-8") for name in names})


@pytest.fixture(scope="module")
def picture() -> bytes:
    """A small picture, drawn by the other typesetter."""
    import typst

    pdf = typst.compile(b"#set page(width: 300pt, height: 80pt)\nA picture.", format="pdf")
    assert isinstance(pdf, bytes)
    return pdf


@pytest.fixture(scope="module")
def bib() -> str:
    work = Work(
        key="kingma2015adam",
        title="Adam: A Method for Stochastic Optimization",
        authors=("Diederik P. Kingma", "Jimmy Ba"),
        year=2015,
        venue="ICLR",
        type="conference",
        arxiv_id="1412.6980",
        confirmed_by=("catalogue",),
    )
    return references_bib([work])


def sources(document: Document, venue: str, picture: bytes) -> tuple[str, str, dict[str, bytes]]:
    template = layout(venue)
    files = {"charts/curves.pdf": picture, template.style_file: template.style.encode()}
    return render_latex(document, template, notice="Written by a rule."), render_typst(document), files


@needs_latex
@pytest.mark.parametrize("venue", VENUES)
def test_a_paper_compiles_in_every_layout_without_a_complaint(venue: str, picture: bytes, bib: str, tmp_path: Path) -> None:
    tex, typst, files = sources(parse(PAPER, ("A. Author", "B. Author")), venue, picture)
    done = Typesetter("latex").typeset(tex, typst, bib, files)
    assert (done.by, done.complaints) == ("latex", ())
    assert done.pdf.startswith(b"%PDF")
    pages = pages_of(done.pdf, tmp_path)
    assert not isinstance(pages, Unreadable)
    assert "In ICLR, 2015. arXiv:1412.6980." in re.sub(r"\s+", " ", " ".join(pages))


@needs_latex
def test_a_page_is_left_to_floats_alone_only_where_they_fill_it(tmp_path: Path) -> None:
    """Two pictures that take less than nine tenths of a page: text stands below each, and no white."""
    import typst

    tall = typst.compile(b"#set page(width: 230pt, height: 260pt)\nA picture.", format="pdf")
    assert isinstance(tall, bytes)
    words = "\n\n".join(["Prose that fills the column goes on and on. " * 9] * 40)
    figures = "\n\n".join(f"![Shown.](charts/curves.pdf){{#fig:f{letter}}}" for letter in "ab")
    seen = parse(f"# T\n\n## Abstract\n\nA.\n\n## I {{#sec:i}}\n\n{figures}\n\n{words}\n")
    tex, _, files = sources(seen, "neurips", tall)
    pages = pages_of(Typesetter("latex").typeset(tex, "", "", files).pdf, tmp_path)
    assert not isinstance(pages, Unreadable)
    assert sum(page.count("Shown.") for page in pages) == 2
    assert all(page.count("Prose") > 10 for page in pages if "Shown." in page)


@needs_latex
def test_the_same_sources_give_the_same_bytes(picture: bytes, bib: str) -> None:
    tex, typst, files = sources(parse(PAPER), "neurips", picture)
    assert Typesetter("latex").typeset(tex, typst, bib, files).pdf == Typesetter("latex").typeset(tex, typst, bib, files).pdf


def test_typst_makes_a_preview(picture: bytes, bib: str) -> None:
    tex, typst, files = sources(parse(PAPER, ("A. Author",)), "neurips", picture)
    first = Typesetter("typst").typeset(tex, typst, bib, files)
    assert (first.by, first.pages > 0) == ("typst preview", True)
    assert Typesetter("typst").typeset(tex, typst, bib, files).pdf == first.pdf


def test_the_preview_says_where_each_work_is_found(bib: str, tmp_path: Path) -> None:
    """One list of the same file in both typesetters: venue, year, and the arXiv number or the DOI, else an address."""
    common = {"venue": "V", "type": "conference", "confirmed_by": ("catalogue",)}
    many = tuple(f"Ada {'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[number]}son" for number in range(24))
    works = [
        Work(key="a2019", title="With a DOI", authors=("Ada Ason",), year=2019, doi="10.1000/x_1", url="https://a.org/1", **common),
        Work(key="b2020", title="With an address", authors=("Ben Bson", "Cy Cson"), year=2020, url="https://b.org/2", **common),
        Work(key="d2021", title="With a preprint", authors=many, year=2021, arxiv_id="2101.00001", **{**common, "type": "preprint"}),
    ]
    paper = parse("# T\n\n## Abstract\n\nA.\n\n## I {#sec:i}\n\nSee [@kingma2015adam], then [@a2019; @b2020]. Also @d2021.\n")
    made = Typesetter("typst").typeset("", render_typst(paper), bib + "\n" + references_bib(works), {})
    pages = pages_of(made.pdf, tmp_path)
    assert not isinstance(pages, Unreadable)
    text = re.sub(r"\s+", " ", " ".join(pages)).replace("- ", "")
    assert "See (Kingma and Ba, 2015), then (Ason, 2019; Bson and Cson, 2020). Also Ason et al. (2021)." in text
    assert "Diederik P. Kingma and Jimmy Ba. Adam: A Method for Stochastic Optimization. ICLR, 2015. arXiv:1412.6980." in text
    assert "Ada Ason. With a DOI. V, 2019. doi:10.1000/x_1. " in text
    assert "Ben Bson and Cy Cson. With an address. V, 2020. https://b.org/2." in text
    assert "Ada Tson, et al. With a preprint. 2021. arXiv:2101.00001." in text


def test_without_latex_auto_takes_typst_and_latex_is_refused(monkeypatch: pytest.MonkeyPatch, picture: bytes, bib: str) -> None:
    monkeypatch.setattr(typesetting.shutil, "which", lambda name: None)
    tex, typst, files = sources(parse(PAPER), "neurips", picture)
    assert Typesetter("auto").typeset(tex, typst, bib, files).by == "typst preview"
    with pytest.raises(SettingsError, match="not installed"):
        Typesetter("latex")


FRAME = r"\documentclass{article}\begin{document}%s\end{document}"


@needs_latex
@pytest.mark.parametrize(
    ("body", "says"),
    [
        (r"\nosuchcommand", "line 1: Undefined control sequence"),
        (r"See \ref{fig:x}.", "undefined reference fig:x"),
        (r"\label{a}\label{a}x", "defined twice: a"),
        (r"\cite{nobody}", "undefined citation nobody"),
        (r"\cite{nobody}\bibliographystyle{plain}\bibliography{references}", "no entry for nobody"),
        ("", "wrote no page"),
    ],
)
def test_faulty_sources_are_refused_with_the_line(body: str, says: str) -> None:
    with pytest.raises(ManuscriptRefused, match=says):
        Typesetter("latex").typeset(FRAME % body, "", "", {})


@needs_latex
@pytest.mark.parametrize(
    "body",
    [
        r"x\input{%s}",
        r"x\openin1=%s \ifeof1 \else\read1 to\line\line\fi",
        r"\immediate\openout1=%s \immediate\write1{x}\immediate\closeout1 x",
        r"\immediate\write18{cat %s > leak; touch %s}x",
    ],
)
def test_tex_reads_and_writes_nothing_outside(body: str, tmp_path: Path) -> None:
    outside = tmp_path / "secret.tex"
    outside.write_text("SECRETWORD")
    before = Typesetter("latex").typeset(FRAME % "x", "", "", {}).pdf
    try:
        done = Typesetter("latex").typeset(FRAME % body.replace("%s", str(outside)), "", "", {})
    except ManuscriptRefused:
        pass
    else:
        assert len(done.pdf) <= len(before) + 200  # nothing more was printed than the x
    assert outside.read_text() == "SECRETWORD"


@needs_latex
def test_a_loop_ends_at_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typesetting, "PASS_TIMEOUT_S", 1)
    with pytest.raises(ManuscriptRefused):
        Typesetter("latex").typeset(FRAME % r"\def\x{\x}\x", "", "", {})


@needs_latex
def test_visible_faults_are_complaints() -> None:
    done = Typesetter("latex").typeset(FRAME % (r"\noindent\hbox to 500pt{x\hfil x}" + "\n\n" + r"{\char200}"), "", "", {})
    assert any(complaint.startswith("overfull box: 15") for complaint in done.complaints)


def test_a_file_outside_the_folder_is_refused() -> None:
    with pytest.raises(ManuscriptRefused, match="outside its folder"):
        Typesetter("typst").typeset("", "", "", {"../x": b""})


# ---------------------------------------------------------------- hostile words

WORDS = (
    r"\input{/etc/passwd} \immediate\write18{id} \def\x{\x}\x \end{document} \catcode`\%=12",
    r"100 % & # $ _ { } ~ ^ < > | [ ] ` \\ \\[1em] -- --- ?` !` ,, << >> \item[x] ^^41 \verb|x|",
    "abc\u202edef\u200b\u2066x\u2069 \ufeff \u0000 \x07 zero\u00adwidth e\u0301 a\u0310 \u0336",
    "中文 日本語 한국어 عربى עברית हिन्दी Русский 😀👨‍👩‍👧 𝔸𝒳 ﬁ ① ½",
    "αβγ ≤ → ∑ √ ∞ ⊗ ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßŁłŃńŇňŐőŒœŔŕŘřŚśŞşŠšŢţŤťŮůŰűŸŹźŻżŽž Ħŋŧĸŉſƒ ¡¢£¤¥¦§¨©ª«¬®¯°±²³´µ¶·¸¹º»¼¾¿×÷",
    "A" * 300 + " " + "\\" * 40 + " " + "$" * 11 + "{" * 20,
    "x\n\n\ny % comment\n}\\end{tabular}",
    " ", "-", "[", "*", "]", "&", "\\", "%", "~",
)  # fmt: skip
FORMULAS = (
    r"\input{/etc/passwd}", r"\immediate\write18{id}", "x^a^b", "}", r"\loop\iftrue\repeat", r"\begin{verbatim}", r"\href{x}{y}", "中",
    r"\frac{", r"\alpha_{i}^{2} \text{if } \frac{a}{b} \left( \hat{x} \right) \begin{pmatrix} a & b \\ c & d \end{pmatrix}",
)  # fmt: skip
ADDRESSES = ("javascript:x", "file:///etc/passwd", "https://x.org/a_b%20#c&d~e^f{g}\\h?x=1", r"https://e.org/\input{/etc/passwd}")


def hostile() -> Document:
    words = tuple(Text(text=text) for text in WORDS)
    every: tuple[Block, ...] = (
        Paragraph(content=tuple(Maths(tex=tex) for tex in FORMULAS)),
        *(Equation(tex=tex) for tex in FORMULAS),
        BulletList(items=tuple((text,) for text in words)),
        NumberedList(items=tuple((text,) for text in words)),
        *(CodeBlock(text=text + "\n\\end{lstlisting}\n\\end{rccode}\n\n" + text) for text in WORDS),
        Paragraph(content=tuple(Code(text=text) for text in WORDS)),
        Paragraph(content=tuple(Strong(content=(Emphasis(content=(text,)),)) for text in words)),
        Paragraph(content=tuple(Link(url=url, content=(words[1],)) for url in ADDRESSES)),
        Table(
            id="a",
            caption=(*words[:2], Link(url=ADDRESSES[2], content=(words[1],)), Code(text=WORDS[1]), Maths(tex=FORMULAS[0])),
            header=tuple((text,) for text in words[:5]),
            rows=tuple(tuple((text,) for text in words[start : start + 5]) for start in range(10)),
            alignment=("left", "right", "center", "left", "left"),
        ),
        Table(
            id="b",
            caption=words[:1],
            header=tuple((Text(text=f"h{column}"),) for column in range(14)),
            rows=tuple(tuple((Text(text="-0.12345"),) for _ in range(14)) for _ in range(80)),
            alignment=("right",) * 14,
        ),
        Figure(id="f", path="charts/curves.pdf", caption=words, alt=WORDS[0]),
        Paragraph(
            content=(Reference(target="fig:f"), Reference(target="tbl:a"), Reference(target="sec:s0"), Reference(target="sec:z"))
        ),
    )
    paragraphs: tuple[Block, ...] = tuple(Paragraph(content=(text,)) for text in words)
    return Document(
        title=" ".join(WORDS[:5]),
        authors=WORDS[:5],
        abstract=paragraphs,
        sections=(
            *(Section(id=f"s{number}", title=text, blocks=paragraphs[:1]) for number, text in enumerate(WORDS)),
            Section(id="y", title="All", blocks=every),
            Section(id="z", title=WORDS[1], blocks=paragraphs, appendix=True),
        ),
    )


@needs_latex
@pytest.mark.slow
@pytest.mark.parametrize("venue", VENUES)
def test_hostile_words_compile_in_one_and_two_columns(venue: str, picture: bytes) -> None:
    tex, typst, files = sources(hostile(), venue, picture)
    done = Typesetter("latex").typeset(tex, typst, "", files)
    assert done.pages > 5
    assert not [complaint for complaint in done.complaints if complaint.startswith("missing character")]


NAMES = (
    "and Chiyuan Zhang", "Zhang and", "And And And", "Smith, Jr, A, B, C", ",,,,", r"\immediate\write18{id} Mallory", "{{{ Open",
    "}}} Close", "others", "von der", "A%B C#D", "名前 山田", "عربى", "O'Brien \\\\", "x" * 400,
    r"\input{/etc/passwd}", "Ann\u202e Bad\u200b",
    "\"q\" 'u'", "~ ~", "- -", ". .", r"J.-P. \'{E}. Dupont", "$x$ $y", "@string @comment", "a\nb",
)  # fmt: skip
TITLES = (
    r"\input{/etc/passwd}", "}, author = {Mallory}", '@string{x="y"} @comment{', r"^^5cinput{/etc/passwd}",
    r"\openin5=/etc/passwd \read5 to\x \x", "{{{", "}}}", "%", "\\", '"', "$$$", "Über $\\alpha$-nets: a_b^c & d # e ~ f", "中文 😀",
    "A" * 500, r"\bibitem{x} \end{thebibliography}", "x\n\ny",
)  # fmt: skip


def hostile_works() -> list[Work]:
    """What a source or a user's own .bib may send: words, names, identifiers and addresses that act on bibtex or TeX."""
    named = [
        Work(key=f"a{number:03}", title="T", authors=(name, "Ann Some"), year=2020, venue="V", type="journal", confirmed_by=("x",))
        for number, name in enumerate(NAMES)
    ]
    kinds = ("journal", "conference", "preprint", "book", "chapter", "other")
    titled = [
        Work(
            key=f"t{number:03}",
            title=title,
            authors=("Ann Some", TITLES[(number + 3) % len(TITLES)]),
            groups=(TITLES[(number + 3) % len(TITLES)],),
            year=2020,
            venue=TITLES[(number + 1) % len(TITLES)],
            type=kinds[number % len(kinds)],
            doi=rf"10.1/x}}\input{{/etc/passwd}}%_#&~^{number}",
            url=rf'https://e.org/\input{{/etc/passwd}}#%_~^{{}}" x{number}',
            arxiv_id=None if number % 2 else r"2101.00001}\input{/etc/passwd}",
            volume=r"12} \input{/etc/passwd" if number % 3 else "12",
            pages=r"1--\write18{id}" if number % 3 else "1-2",
            confirmed_by=("x",),
        )
        for number, title in enumerate(TITLES * 2)
    ]
    return named + titled


@needs_latex
@pytest.mark.slow
@pytest.mark.parametrize("venue", ["neurips", "icml"])
def test_hostile_references_compile_in_one_and_two_columns_and_are_all_printed(venue: str, picture: bytes, tmp_path: Path) -> None:
    works = hostile_works()
    cited = "\n\n".join(f"We read [@{work.key}] and @{work.key}." for work in works)
    tex, _, files = sources(parse(f"# T\n\n## Abstract\n\nA.\n\n## I {{#sec:i}}\n\n{cited}\n"), venue, picture)
    done = Typesetter("latex").typeset(tex, "", references_bib(works), files)
    pages = pages_of(done.pdf, tmp_path)
    assert not isinstance(pages, Unreadable)
    text = " ".join(pages)
    assert "root:" not in text
    assert "Mallory" in text


def test_hostile_words_compile_with_typst(picture: bytes) -> None:
    tex, typst, files = sources(hostile(), "neurips", picture)
    assert Typesetter("typst").typeset(tex, typst, "", files).pages > 5


COMMANDS = (
    r"\alpha\beta\gamma\delta\epsilon\varepsilon\zeta\eta\theta\vartheta\iota\kappa\lambda\mu\nu\xi\pi\varpi\rho\varrho\sigma\varsigma",
    r"\arccos \arcsin \arctan \arg \cos \cosh \cot \coth \csc \deg \det \dim \exp \gcd \hom \inf \ker \lg \lim \liminf \limsup",
    r"\ln \log \max_{x} \min \Pr \sec \sin \sinh \sup \tan \tanh \hat{a} \widehat{ab} \tilde a \widetilde{ab} \bar a \overline{ab}",
    r"\pm\mp\times\div\cdot\ast\star\circ\bullet\oplus\ominus\otimes\odot\leq\le\geq\ge\neq\ne\equiv\sim\simeq\approx\cong",
    r"\propto\ll\gg",
    r"\subset\supset\subseteq\supseteq\in\ni\notin\cup\cap\setminus\wedge\vee\land\lor\neg\forall\exists\emptyset\to\rightarrow",
    r"\leftarrow\Rightarrow\Leftarrow\leftrightarrow\Leftrightarrow\mapsto\iff\uparrow\downarrow\infty\partial\nabla\sum_i^n\prod\int",
    r"\oint\bigcup\bigcap\ldots\cdots\vdots\ddots\dots\prime\ell\hbar\Re\Im\mid\parallel\perp\top\bot\angle\langle\rangle\lfloor\rfloor",
    r"\lceil\rceil\lvert\rvert\lVert\rVert\backslash\quad\qquad\colon\dagger\aleph\wp\,\;\:\! \{\}\%\$\&\#\_\| \vec a\dot a\ddot a",
    r"\mathrm{a}\mathbf{a}\mathit{a}\mathsf{a}\mathtt{a}\mathcal{A}\mathbb{A}\boldsymbol{\alpha}\operatorname{rank} \underline{ab}",
    r"\sqrt{2}\dfrac{1}{2}\tfrac12\binom{n}{k} \begin{matrix} a & b \end{matrix}\begin{bmatrix} a \\ b \end{bmatrix}",
    r"\begin{vmatrix} a \end{vmatrix}\begin{cases} a & b \\ c \end{cases} \left\langle a \right\rangle \left\| a \right\|",
    r"\left. a \right/ \left[ a \right] \left\lfloor a \right\rceil x_{}^{2} {a}_b x''_1",
    r"\begin{aligned} a & = b \\ & = c \end{aligned} a/b ~ f(x), |x| ; 'a'! \text{if x (y), z}",
)


@needs_latex
def test_every_allowed_command_compiles_both_ways(picture: bytes) -> None:
    formulas = tuple(block for tex in COMMANDS for block in (Equation(tex=tex), Paragraph(content=(Maths(tex=tex),))))
    document = Document(title="T", sections=(Section(id="s", title="S", blocks=formulas),))
    source, typst, files = sources(document, "plain", picture)
    assert "texttt" not in source
    assert "raw(" not in typst
    assert Typesetter("latex").typeset(source, typst, "", files).by == "latex"
    assert Typesetter("typst").typeset(source, typst, "", files).by == "typst preview"


def test_the_compiled_commands_are_all_that_are_allowed() -> None:
    used = set(re.findall(r"\\([A-Za-z]+)", " ".join(COMMANDS)))
    assert used >= FUNCTIONS | SYMBOLS | ONE_ARGUMENT
