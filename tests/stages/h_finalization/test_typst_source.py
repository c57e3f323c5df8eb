"""The Typst source, as text; that it compiles is proved in the tests of the typesetting adapter."""

from __future__ import annotations

from stages.g_writing.markdown import parse
from stages.h_finalization.typst_source import PREVIEW, render_typst


def source(markdown: str) -> str:
    return render_typst(parse(f"# T\n\n## Abstract\n\nA.\n\n## S {{#sec:s}}\n\n{markdown}\n", ("A. B",)))


def test_the_first_page_says_that_it_is_a_preview() -> None:
    assert PREVIEW in source("Words.")


def test_words_are_string_literals() -> None:
    assert r'#"a \"b\" #x $y$ \\z −0.5";' in source(r'a "b" #x \$y\$ \\z -0.5')


def test_maths_is_translated_from_the_tree() -> None:
    assert r"$attach(α, b: 1) \+ frac(1, n)$" in source(r"$\alpha_1 + \frac{1}{n}$")


def test_refused_maths_is_shown_as_code() -> None:
    assert r'#raw("\\input{x}");' in source(r"$\input{x}$")


def test_references_carry_their_word() -> None:
    text = source("See @sec:more [@a2020].\n\n## More {#sec:more .appendix}\n\nB.")
    assert "#ref(<sec:more>, supplement: [Appendix]);" in text
    assert '#cite(label("a2020"));' in text
    assert '#bibliography("references.bib"' in text
