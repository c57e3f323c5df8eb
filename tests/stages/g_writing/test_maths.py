"""The maths that a manuscript may hold."""

from __future__ import annotations

import pytest

from stages.g_writing.maths import refusal


@pytest.mark.parametrize(
    "tex",
    [
        r"\alpha_1 + \frac{1}{n}\sum_{i=1}^n x_i^2",
        r"\mathcal{L}(\theta) = -\frac{1}{T} \sum_{t=1}^{T} \log_2 p_\theta(x_t \mid x_{<t})",
        r"\begin{cases} a & \text{if x} \\ b & c \end{cases}",
        r"\left\{ a \right.",
        r"\frac12",
        "x''",
    ],
)
def test_formulas_of_papers_are_allowed(tex: str) -> None:
    assert refusal(tex) is None


@pytest.mark.parametrize(
    "tex",
    [
        r"\input{/etc/passwd}",
        r"\immediate\write18{id}",
        r"\def\x{\x}\x",
        r"\loop\iftrue\repeat",
        r"\text{\input x}",
        r"\begin{verbatim}",
        r"\catcode`\%=12",
        r"\begin{aligned}[t] a \end{aligned}",
        r"\begin{cases} a & b & c \end{cases}",
        "^^41",
        "a % b",
        "a # b",
        "a $ b",
        "x^a^b",
        "x^",
        "x'^2",
        "x^2'",
        "{a",
        "a}",
        "a & b",
        r"\left( a",
        r"\frac{1}",
        r"x^\hat a",
        r"\sqrt[3]{x}",
        "é",
        "",
        "{" * 50 + "}" * 50,
        "x" * 700,
    ],
)
def test_what_tex_would_act_on_or_fail_on_is_refused(tex: str) -> None:
    assert refusal(tex) is not None
