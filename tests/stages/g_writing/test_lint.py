"""The lint over the source: a typed number is a fault until a rule lets it pass."""

from __future__ import annotations

import pytest

from stages.g_writing.lint import Finding, lint
from stages.g_writing.markdown import parse


def found(sentence: str, *, section: str = "results", names: tuple[str, ...] = ()) -> tuple[Finding, ...]:
    text = f"# T\n\n## Abstract\n\nWords.\n\n## Here {{#sec:{section}}}\n\n{sentence}\n"
    findings = lint(parse(text), citation_keys={"known2020"}, figure_ids={"curves"}, names=names)
    return tuple(finding for finding in findings if finding.place != "abstract")


def rules(sentence: str, **options: object) -> set[tuple[str, str]]:
    return {(finding.rule, finding.severity) for finding in found(sentence, **options)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "sentence",
    [
        "The score is 2.405 at the end.",
        "We use 3 seeds.",
        "The loss falls by `12.5`.",
        "It reaches $2.405$ in the end.",
        "There are $5$ of them.",
        "All runs use a batch size of 256.",
    ],
)
def test_typed_numerals_stop_the_export(sentence: str) -> None:
    assert ("numeral", "gate") in rules(sentence)


@pytest.mark.parametrize(
    "sentence", ["We use three seeds.", "The error is halved.", "It takes twice the time.", "Two dozen runs failed."]
)
def test_typed_number_words_stop_the_export(sentence: str) -> None:
    assert ("number word", "gate") in rules(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "The 95 % confidence interval is {{ci_low(a,b).m}} to {{ci_high(a,b).m}}.",
        "The smallest effect found with 80 % power is {{mde(a,b).m}}.",
        "A ResNet-18 on top of F1 would be another study.",
        "The test is two-sided.",
        "The idea dates from 2020 [@known2020].",
        "This is one of the reasons.",
        "With $x_1$ and $\\frac{1}{n}$ the sum is finite.",
        "The constant `STEPS=20` is fixed.",
        "In the second half of training the curves part.",
    ],
)
def test_numbers_that_are_no_results_pass(sentence: str) -> None:
    assert not rules(sentence) & {("numeral", "gate"), ("number word", "gate")}


def test_names_may_hold_digits_and_number_words() -> None:
    sentence = "The condition batch size 8 and the half-width model are baselines."
    assert not rules(sentence, names=("batch size 8", "half-width model"))


def test_a_cell_is_looked_up_but_a_row_may_be_headed_by_a_seed() -> None:
    table = "| seed | score |\n|---|--:|\n| 1 | 2.405 |\n\n: A caption that says enough of it. {#tbl:t}\n\nSee @tbl:t."
    assert [finding.place for finding in found(table) if finding.rule == "numeral"] == ["tbl:t[1,2]"]


@pytest.mark.parametrize(
    "sentence",
    [
        "Our method outperforms the baseline.",
        "The cosine schedule is faster.",
        "It is state of the art.",
        "Cosine decay gives lower loss than the constant rate.",
    ],
)
def test_a_claim_without_a_value_stops_the_export(sentence: str) -> None:
    assert ("claim", "gate") in rules(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Cosine decay {{cmp(a,b).m}} the constant rate, by {{absdiff(a,b).m}}, which is better.",
        "It may be faster at another scale.",
        "Whether it is better is open.",
        "The data do not show that it is better.",
        "For this metric lower is better.",
    ],
)
def test_claims_with_evidence_or_a_hedge_pass(sentence: str) -> None:
    assert "claim" not in {rule for rule, _ in rules(sentence)}


def test_significant_needs_a_test_even_beside_a_difference() -> None:
    assert ("claim", "gate") in rules("The difference of {{diff(a,b).m}} is significant.")
    assert "claim" not in {rule for rule, _ in rules("The difference is significant ($p$ {{test(a,b).m.t_p|pequals}}).")}


def test_a_hypothesis_section_may_predict() -> None:
    assert "claim" not in {rule for rule, _ in rules("The cosine schedule is better than the constant rate.", section="hypotheses")}


@pytest.mark.parametrize(
    ("sentence", "rule", "severity"),
    [
        ("TODO: write this.", "placeholder", "gate"),
        ("As shown in ??, it holds.", "placeholder", "gate"),
        ("The artifact of the run holds the logs.", "jargon", "major"),
        ("The val_bpb of the model is low.", "jargon", "major"),
        ("It is worth noting that the loss falls.", "stock phrase", "minor"),
        ("Others found it too [@unknown2020].", "citation", "gate"),
        ("See @fig:nowhere.", "reference", "gate"),
        ("The formula $\\input{x}$ is refused.", "maths", "gate"),
        ("A hidden\u202e mark turns the words.", "hidden character", "major"),
    ],
)
def test_each_fault_is_found(sentence: str, rule: str, severity: str) -> None:
    assert (rule, severity) in rules(sentence)


def test_repeated_sentences_are_found_exact_and_near() -> None:
    sentence = "The learning rate falls along half of a cosine wave until the budget of the run is spent"
    assert ("repetition", "gate") in rules(f"{sentence}.\n\n{sentence}.")
    assert ("repetition", "major") in rules(f"{sentence}.\n\n{sentence} here.")


def test_floats_must_be_drawn_and_referred_to() -> None:
    figure = "![A caption that says enough of it.](charts/dots.pdf){#fig:dots}"
    assert rules(figure) == {("figure", "gate"), ("float", "major")}


def test_an_empty_section_stops_the_export() -> None:
    text = "# T\n\n## Abstract\n\nWords.\n\n## A {#sec:a}\n\n## B {#sec:b}\n\n### C {#sec:c}\n\nText.\n"
    findings = lint(parse(text), citation_keys=(), figure_ids=(), names=())
    assert [finding.place for finding in findings if finding.gate] == ["sec:a"]


def test_gates_come_first_and_quote_the_source() -> None:
    findings = found("It is worth noting this. The score is **2.405** at the end.")
    assert findings[0].gate
    assert findings[0].quote == "The score is **2.405** at the end."
