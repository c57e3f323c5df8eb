"""Ten kinds of error, each planted alone in a finished paper; lint, claims and the mechanical review have to ask for a change.

The same three papers without an error may be asked for one change at most.
"""

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from researchclaw.adapters.offline import writing
from stages.errors import ManuscriptRefused
from stages.g_writing import paper_draft, paper_outline
from stages.g_writing.against_record import claims, faults
from stages.g_writing.claims import sentences
from stages.g_writing.markdown import parse
from stages.g_writing.mechanical_review import mechanical_review
from stages.g_writing.record import PaperRecord
from stages.g_writing.values import render_values

STUDIES = Path(__file__).with_name("studies.py")
TOPICS: dict[str, tuple[str, dict[str, Any]]] = {
    "clear": ("Which optimiser is best for small language models?", {"effects": {"muon": -0.2, "sgd": 0.5}}),
    "negative": (
        "Does the learning-rate schedule matter for tiny language models?",
        {"effects": {"trapezoid": 0.08, "constant": -0.06}},
    ),
    "seeds": ("Which activation function should a tiny GPT use?", {"effects": {"swiglu": -0.03, "relu": 0.05}, "seeds": 6}),
}


class Paper:
    def __init__(self, topic: str, study: dict[str, Any]) -> None:
        specification = importlib.util.spec_from_file_location("studies", STUDIES)
        assert specification is not None and specification.loader is not None
        studies = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(studies)
        before = paper_outline.Inputs(**studies.finished(topic, **study))
        self.record: PaperRecord = paper_outline.record_of(before, studies.context())
        self.outline = paper_outline.run(before, studies.context())
        self.markdown = paper_draft.assembled(self.outline, tuple(text for _, text in writing.compose(self.record, self.outline)))
        self.baseline = next(contrast for contrast in self.record.plan.conditions if contrast.role == "baseline")
        self.others = [contrast for contrast in self.record.plan.conditions if contrast.role == "treatment"]
        self.table = next(
            block
            for block in re.findall(r"(?:^\|.*\n)+", self.markdown, re.MULTILINE)
            if f"{{{{{self.baseline.id}.val_bpb.mean" in block
        )

    def required(self, markdown: str) -> list[str]:
        """What has to change, by lint, claims and mechanical review; a text whose values cannot be printed is one such finding."""
        document = parse(markdown)
        try:
            render_values(document, self.record.results)
        except ManuscriptRefused as refusal:
            return [str(refusal)]
        review = mechanical_review(
            document,
            sentences(document),
            claims(document, self.record),
            faults(document, self.outline.figures, self.record),
            self.record,
        )
        return [f"{weakness.text} ({weakness.quote[:60]})" for weakness in review.weaknesses if weakness.required_change]

    def row(self, condition: str) -> str:
        return next(line for line in self.table.splitlines(keepends=True) if f"{{{{{condition}.val_bpb.mean" in line)

    def decided(self) -> re.Match[str]:
        """A verdict of the record in words, in running text."""
        found = re.search(r"\{\{cmp\((\w+), ?(\w+)\)\.val_bpb(?:\|words)?\}\}", self.markdown)
        assert found is not None
        return found


def swapped_values(paper: Paper) -> str:
    """The results of two conditions stand in each other's rows."""
    one, other = paper.row(paper.others[0].id), paper.row(paper.baseline.id)
    a, b = paper.others[0].id, paper.baseline.id
    return paper.markdown.replace(one, one.replace(f"{{{{{a}.", f"{{{{{b}.")).replace(other, other.replace(f"{{{{{b}.", f"{{{{{a}."))


def dropped_baseline(paper: Paper) -> str:
    """The baseline's row is gone from the table of results."""
    return paper.markdown.replace(paper.table, paper.table.replace(paper.row(paper.baseline.id), ""))


def wrong_direction(paper: Paper) -> str:
    """A typed verdict where the record has the opposite."""
    found = paper.decided()
    recorded = paper.record.results.comparisons[f"{found[1]}_vs_{found[2]}"]["val_bpb"].verdict
    return paper.markdown.replace(found[0], "is better than" if recorded != "better" else "is worse than", 1)


def missing_seeds(paper: Paper) -> str:
    """Nobody says how many seeds there were."""
    lines = []
    for line in paper.markdown.splitlines():
        parts = re.split(r"(?<=[.?!])\s+(?=[A-Z])", line)
        kept = [part for part in parts if not re.search(r"\{\{(?:cfg\.seeds|pairs\(|wins\(|\w+\.val_bpb\.n\b)", part)]
        lines.append(line if line.startswith("|") else " ".join(kept))
    return "\n".join(lines) + "\n"


def invented_citation(paper: Paper) -> str:
    return re.sub(r"\[@\w+\]", "[@nobody2020made]", paper.markdown, count=1)


def altered_cell(paper: Paper) -> str:
    row = paper.row(paper.others[0].id)
    return paper.markdown.replace(row, re.sub(r"\{\{[^}]*mean[^}]*\}\}", "2.013", row, count=1))


def untested_comparison(paper: Paper) -> str:
    """Two conditions that no plan compared."""
    a, b = (contrast.label for contrast in paper.others[:2])
    return _after(paper, "results", f"{a[:1].upper()}{a[1:]} is better than {b}.")


def unmeasured_condition(paper: Paper) -> str:
    return _after(paper, "results", "The mean with a further schedule is {{warm_restarts.val_bpb.mean|f3}} bpb.")


def lost_figure(paper: Paper) -> str:
    return _after(paper, "discussion", "The trend is drawn in @fig:scaling_trend.")


def unsupported_significance(paper: Paper) -> str:
    """A certain word about a difference that the record does not tell apart."""
    open_pair = next(
        (comparison for by_metric in paper.record.results.comparisons.values() for comparison in by_metric.values()
         if comparison.verdict == "not distinguishable"), None,
    )  # fmt: skip
    if open_pair is None:
        return _after(paper, "results", "Our method is the state of the art and significantly better than all published work.")
    label = {contrast.id: contrast.label for contrast in paper.record.plan.conditions}
    a = label[open_pair.a]
    return _after(paper, "results", f"{a[:1].upper()}{a[1:]} is significantly better than {label[open_pair.b]}.")


def _after(paper: Paper, section: str, sentence: str) -> str:
    """The sentence, as a paragraph at the beginning of a section."""
    return re.sub(rf"(\{{#sec:{section}\}}\n\n)", rf"\g<1>{sentence}\n\n", paper.markdown, count=1)


PLANTS: tuple[Callable[[Paper], str], ...] = (
    swapped_values,
    dropped_baseline,
    wrong_direction,
    missing_seeds,
    invented_citation,
    altered_cell,
    untested_comparison,
    unmeasured_condition,
    lost_figure,
    unsupported_significance,
)


@pytest.fixture(scope="module", params=TOPICS)
def paper(request: pytest.FixtureRequest) -> Paper:
    return Paper(*TOPICS[request.param])


def test_a_sound_paper_is_asked_for_one_change_at_most(paper: Paper) -> None:
    assert len(paper.required(paper.markdown)) <= 1, paper.required(paper.markdown)


def test_at_least_eight_of_ten_planted_errors_are_found(paper: Paper) -> None:
    clean = set(paper.required(paper.markdown))
    missed = []
    for plant in PLANTS:
        markdown = plant(paper)
        assert markdown != paper.markdown, f"{plant.__name__} planted nothing"
        if not set(paper.required(markdown)) - clean:
            missed.append(plant.__name__)
    assert len(PLANTS) - len(missed) >= 8, missed
    assert missed == []
