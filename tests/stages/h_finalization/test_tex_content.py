"""Two papers that differ only in layout say the same; one other digit, word, command or key does not."""

import pytest

from stages.h_finalization.tex_content import first_difference

TEX = (
    "\\begin{document}\n\\section{Results}\\label{sec:results}\n\nA mean of 2.345 \\citep{a2020}, see Table~\\ref{tbl:main}.\n"
    "\\begin{table}[tbp]\n\\centering\n\\small\\setlength{\\tabcolsep}{5pt}%\n"
    "\\begin{tabular}{@{}>{\\raggedright\\arraybackslash}p{12.5pt}rr@{}}\n"
    "\\toprule\na & 1.25 & $-$0.5 \\\\\n\\end{tabular}\n\\end{table}\n"
)


def test_other_columns_and_sizes_are_the_same_paper() -> None:
    other = (
        TEX.replace("\\small\\setlength{\\tabcolsep}{5pt}%\n", "\\setlength{\\tabcolsep}{6pt}%\n")
        .replace(">{\\raggedright\\arraybackslash}p{12.5pt}rr", "lrr")
        .replace("[tbp]", "[!htbp]")
    )
    assert other != TEX
    assert first_difference(TEX, other) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2.345", "2.346"),
        ("$-$0.5", "0.5"),
        ("a2020", "b2020"),
        ("A mean", "No mean"),
        ("tbl:main", "tbl:seeds"),
        ("A mean", "\\iffalse A mean"),
        ("1.25 & ", ""),
    ],
)
def test_another_word_digit_key_or_command_is_another_paper(old: str, new: str) -> None:
    assert first_difference(TEX.replace(old, new, 1), TEX) is not None
