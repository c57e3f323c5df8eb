"""Which digits of paper.tex a reader sees."""

from stages.h_finalization.decimals import code_decimals, decimals_in, printed_decimals


def test_printed_values_are_found_and_lengths_are_not() -> None:
    tex = (
        "\\documentclass{article}\n\\setlength{\\parskip}{5.5pt}\n\\begin{document}\n"
        "A mean of 2.345 and a difference of $-$0.012, version 3.11.7, 1,234.5 in all. % 9.99\n"
        "\\begin{tabular}{@{}>{\\raggedright\\arraybackslash}p{12.5pt}l@{}}\n1.5 & 2 \\\\\n\\end{tabular}\n"
        "\\includegraphics[width=\\columnwidth,height=0.42\\textheight]{charts/a.pdf}\\setlength{\\tabcolsep}{4.5pt}%\n"
        "\\label{sec:a1.2}\\citep{key2.0}\n\\end{document}"
    )
    assert printed_decimals(tex) == ("2.345", "0.012", "3.11.7", "1,234.5", "1.5")


def test_code_is_looked_at_apart() -> None:
    tex = "Set \\texttt{LR = 0.003} by 1.25.\n\\begin{rccode}\n\\mbox{run {-}{-}lr 0.5}\n\\end{rccode}\n"
    assert printed_decimals(tex) == ("1.25",)
    assert code_decimals(tex) == ("0.003", "0.5")


def test_a_decimal_is_one_token() -> None:
    assert decimals_in(["3.11.7 and 12,345.6", "0.1"]) == {"3.11.7", "12,345.6", "0.1"}
