"""What a venue asks for after the text: checklist (NeurIPS), impact (ICML), reproducibility, ethics and model use (ICLR).

An answer stands only where the record gives it; everything else is marked for the authors and put before the person at the
last gate. Item names follow the NeurIPS checklist of 2025, the questions are worded by us.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from stages.contracts import Contract, Venue
from stages.g_writing.document import STATEMENT, Document, labels
from stages.g_writing.record import PaperRecord

OPEN = "[to be answered by the authors]"
RULE_BASED = "rule-based"
"""Part of the name of a researcher that is no language model."""


class Item(Contract):
    """One question of a venue; `answer` None: the record cannot know it."""

    name: str
    answer: Literal["Yes", "No", "NA"] | None
    why: str
    """Full sentences, or for an open item the question to the authors."""


class Statement(Contract):
    """One section after the text, in the manuscript's dialect; values by key."""

    id: str
    title: str
    markdown: str
    last: bool = False
    """Stands behind the appendix."""
    open: tuple[str, ...] = ()
    """What the authors have to answer."""


def statements(venue: Venue, document: Document, record: PaperRecord) -> tuple[Statement, ...]:
    """The sections that the venue asks for, in order; none for the plain layout."""
    facts = _Facts(document, record)
    return {"neurips": _neurips, "icml": _icml, "iclr": _iclr, "plain": _nothing}[venue](facts)


def statements_markdown(found: tuple[Statement, ...]) -> str:
    """The sections as text, each with its heading."""
    return "\n".join(f"## {item.title} {{#sec:{STATEMENT}{item.id}}}\n\n{item.markdown}\n" for item in found)


class _Facts:
    """What the record says, in sentences."""

    def __init__(self, document: Document, record: PaperRecord) -> None:
        self.record = record
        self._labels = labels(document)
        self.has_interval = any(
            comparison.ci95_low is not None for by_metric in record.results.comparisons.values() for comparison in by_metric.values()
        )

    def at(self, name: str, else_words: str) -> str:
        """'@sec:name' where the paper has that section, else words."""
        return f"@sec:{name}" if f"sec:{name}" in self._labels else else_words

    def repeated(self) -> str:
        where = self.at("appendix_reproducibility", "the file reproduce.md beside the paper")
        return f"Every run is repeated by its recorded command; the commands stand in {where}."

    def delivered(self) -> str:
        return (
            "The code of every condition, the measurement and log of every run, and the registered plan are delivered with the paper."
        )

    def planned(self) -> str:
        where = self.at("appendix_plan", "the delivered plan")
        return f"Conditions, seeds, metric and analysis were fixed before the first run; {where} gives them with every deviation."

    def compute(self) -> str:
        # what differs between machines is printed in the cost paragraph alone, so that a resumed run gives the same paper
        where = self.at("appendix_cost", "the delivered results.json")
        return f"The runs were made on this device: {self.record.device}; {where} gives the time that they took."

    def people(self) -> str:
        return f"No people took part: every measurement is the score of a {'fit' if self.rows else 'training run'}."

    @property
    def rows(self) -> bool:
        """Whether the data are rows of a table and no corpus of text."""
        return self.record.corpus.counts == "rows"

    @property
    def data(self) -> str:
        return "the data" if self.rows else "the corpus"

    def wrote(self) -> str:
        researcher = self.record.researcher
        if RULE_BASED in researcher:
            return (
                f"The study was planned, run and written by a {researcher}, which is a program of fixed rules and no language model."
            )
        return (
            f"The study was planned and written by the language model {researcher}; every number and citation was looked up by code."
        )


def _nothing(_: _Facts) -> tuple[Statement, ...]:
    return ()


def _icml(facts: _Facts) -> tuple[Statement, ...]:
    text = f"{facts.people()} {facts.compute()} {OPEN}: what may follow from this work outside research, for good or ill?"
    return (Statement(id="impact", title="Impact Statement", markdown=text, open=("Impact Statement: societal consequences",)),)


def _iclr(facts: _Facts) -> tuple[Statement, ...]:
    return (
        Statement(
            id="ethics",
            title="Ethics Statement",
            markdown=f"{facts.people()} {OPEN}: does the work meet the code of ethics, and are there conflicts of interest?",
            open=("Ethics Statement: code of ethics, conflicts of interest",),
        ),
        Statement(
            id="reproducibility",
            title="Reproducibility Statement",
            markdown=f"{facts.repeated()} {facts.delivered()} {facts.planned()}",
        ),
        Statement(id="models", title="Use of Large Language Models", markdown=facts.wrote()),
    )


def _neurips(facts: _Facts) -> tuple[Statement, ...]:
    items = tuple(item for make in _ITEMS for item in make(facts))
    lines = [f"{number}. **{item.name}.** {_answered(item)}" for number, item in enumerate(items, 1)]
    return (
        Statement(
            id="checklist",
            title="Paper Checklist",
            markdown="\n".join(lines),
            last=True,
            open=tuple(
                f"Checklist item {number}, {item.name}: {item.why}" for number, item in enumerate(items, 1) if item.answer is None
            ),
        ),
    )


def _answered(item: Item) -> str:
    return f"{OPEN}: {item.why}" if item.answer is None else f"Answer: **{item.answer}.** {item.why}"


def _what_was_done(facts: _Facts) -> Iterator[Item]:
    yield Item(
        name="Claims",
        answer="Yes",
        why="Every comparing sentence, the abstract included, was checked against the recorded results before the text was frozen.",
    )
    where = facts.at("limitations", "")
    yield (
        Item(name="Limitations", answer="Yes", why=f"They are discussed in {where}.")
        if where
        else Item(name="Limitations", answer="No", why="The text has no section of that name.")
    )
    yield Item(name="Theory assumptions and proofs", answer="NA", why="The paper reports measurements and states no theorem.")
    yield Item(name="Experimental result reproducibility", answer="Yes", why=f"{facts.repeated()} {facts.delivered()}")
    yield Item(
        name="Open access to data and code",
        answer=None,
        why=f"where will the delivered code and measurements be published, and may {facts.data} be passed on?",
    )
    yield Item(name="Experimental setting and details", answer="Yes", why=facts.planned())
    yield (
        Item(
            name="Experiment statistical significance",
            answer="Yes",
            why="Differences are judged within seeds and given with their intervals; the values of all seeds are printed.",
        )
        if facts.has_interval
        else Item(
            name="Experiment statistical significance", answer="No", why="There were too few seeds for an interval, and none is given."
        )
    )
    yield Item(name="Experiments compute resources", answer="Yes", why=facts.compute())


def _what_the_authors_know(facts: _Facts) -> Iterator[Item]:
    yield Item(name="Code of ethics", answer=None, why="does the research conform with the venue's code of ethics in every respect?")
    yield Item(name="Broader impacts", answer=None, why="which consequences for society may follow, good and bad?")
    yield Item(name="Safeguards", answer=None, why="will anything be released that could be misused, and how is it guarded?")
    code = "the code of the study" if facts.rows else "the training code"
    yield Item(name="Licences for existing assets", answer=None, why=f"under which licences do {facts.data} and {code} stand?")


def _what_else_is_recorded(facts: _Facts) -> Iterator[Item]:
    yield Item(name="New assets", answer="Yes", why="The code of the conditions is new; each comes with its patch and its command.")
    yield Item(name="Crowdsourcing and research with human subjects", answer="NA", why=facts.people())
    yield Item(
        name="Institutional review board approvals or equivalent",
        answer="NA",
        why="Without human subjects there was nothing for a board to approve.",
    )
    yield Item(name="Declaration of LLM usage", answer="NA" if RULE_BASED in facts.record.researcher else "Yes", why=facts.wrote())


_ITEMS: tuple[Callable[[_Facts], Iterator[Item]], ...] = (_what_was_done, _what_the_authors_know, _what_else_is_recorded)
