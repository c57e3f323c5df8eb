"""What a stage may ask of the world, in the stage's own words.

Adapters live in `researchclaw/adapters/` and are chosen once, in `researchclaw/wiring.py`. Every call through a port is
journalled under the hash of its request by a wrapper there, so a stage may simply ask again after a crash.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from pydantic import Field, PositiveFloat, PositiveInt

from stages.contracts import (
    CitedWork,
    Contract,
    CorpusFacts,
    FigureSpec,
    GeneratedKit,
    Guidance,
    Kit,
    Lesson,
    OfficialStyle,
    PaperMode,
    PrismaCounts,
    Reading,
    Results,
    RunRecord,
    SearchQuery,
    Sha256,
    Slug,
    SourceOutcome,
    TrainingRequest,
    Work,
)
from stages.errors import MalformedAnswer


def _none_given(complaints: object) -> bool:
    return not complaints


class Question(Contract):
    """A typed question to a mind. Subclasses stand beside the stage that asks and carry all the facts as fields.

    A language model gets the rendered `template`; the rule-based researcher gets the object itself and never the text.
    """

    template: ClassVar[str]
    """Below templates/prompts/, e.g. 'c_synthesis/hypothesis_gen.md.j2'. A question that is answered by rule has none."""
    by_rule: ClassVar[bool] = False
    """Nothing is left to judge: the rule-based researcher answers, whatever mind is configured."""
    judges: ClassVar[bool] = False
    """A verdict on work that is done: asked at temperature 0, and of another model where the settings name one."""

    complaints: tuple[str, ...] = Field(
        default=(), exclude_if=_none_given, description="Why the answer of the round before was refused."
    )

    def faults(self, answer: Any) -> Iterable[str]:
        """What is wrong with an answer that fits its contract, e.g. that a span does not stand in its source; none by default.

        answer: of the contract that the question is asked with. Each fault is said in words that help whoever answered.
        """
        return ()

    def check(self, answer: Contract) -> None:
        """What the contract alone cannot say; called before an answer is taken or written down.

        Raises:
            MalformedAnswer: the message names every fault.
        """
        if wrong := tuple(self.faults(answer)):
            raise MalformedAnswer("; ".join(wrong))


Answer = TypeVar("Answer", bound=Contract)


class LanguageModel(Protocol):
    """A mind that answers typed questions."""

    @property
    def name(self) -> str: ...

    def ask(self, question: Question, answer: type[Answer]) -> Answer:
        """The answer, valid against its contract.

        Raises:
            MalformedAnswer: the answer does not fit the contract after the repair rounds.
            ModelUnavailable: the model gives no answer in time.
            ModelRefused: the model will not answer.
            QuestionTooLong: question or answer is longer than the model takes.
            BudgetSpent: the next call could pass the money or token limit.
        """
        ...


class SearchAnswer(Contract):
    """Works for one query, best first, and what each source did."""

    works: tuple[tuple[Work, float], ...]
    outcomes: tuple[SourceOutcome, ...]


class Neighbour(Contract):
    """A work one step from others in the citation graph."""

    work: Work
    score: float
    """As in a `SearchAnswer`: for the query that it answers best."""
    seeds: tuple[str, ...]
    """Keys of the works that it cites or that cite it."""


class NeighbourAnswer(Contract):
    neighbours: tuple[Neighbour, ...]
    outcomes: tuple[SourceOutcome, ...]
    """Of the sources that were asked; none where nobody knows who cites whom."""


class Library(Protocol):
    """Where published works are found and confirmed."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Whom a search asks, e.g. ('catalogue', 'openalex')."""
        ...

    def search(self, query: SearchQuery, limit: int) -> SearchAnswer:
        """Works for the query; a source that fails is an outcome, not an empty list."""
        ...

    def neighbours(self, works: Sequence[Work], queries: Sequence[SearchQuery], limit: int) -> NeighbourAnswer:
        """What the works cite and what cites them, each once, best first by the queries.

        limit: records for one work and one direction.
        """
        ...

    def passages(self, work: Work, words: str) -> Reading:
        """The parts of the work's full text that share most with the words, where a full text is at hand."""
        ...

    def verify(self, works: Sequence[Work]) -> tuple[CitedWork, ...]:
        """A verdict for each work, in order, with its evidence."""
        ...


class ProbeRequest(Contract):
    """A condition to be proved by a short run and timed against the baseline."""

    condition: Slug
    train_py: str
    generated: GeneratedKit | None = Field(default=None, exclude_if=lambda value: value is None)


class Probe(Contract):
    """What a short run showed; `failure` names the reason when it did not end well."""

    condition: Slug
    failure: str | None
    step_s: PositiveFloat | None
    cost_ratio: PositiveFloat | None
    parameters: PositiveInt | None
    weights_sha256: Sha256 | None
    same_as: Slug | None = Field(default=None, exclude_if=lambda value: value is None)
    """In a generated kit: an earlier condition that gave the same predictions."""
    log_tail: str = Field(default="", exclude_if=lambda value: not value)


class Probes(Contract):
    clock: Literal["cpu", "wall"]
    probes: tuple[Probe, ...]


class Preparation(Contract):
    """What came of a generated kit's prepare.py; without facts it was refused, and `failure` says why."""

    facts: CorpusFacts | None
    failure: str | None = None
    log_tail: str = ""
    salt: str = ""
    features: int = 0
    """Columns of the inputs."""
    classes: int = 0


class Laboratory(Protocol):
    """Where code is run that nobody trusts."""

    @property
    def isolation(self) -> str:
        """e.g. 'bubblewrap (user namespaces)'; printed in every record and in the paper."""
        ...

    @property
    def device(self) -> str: ...

    @property
    def workers(self) -> int:
        """Runs that go on at once."""
        ...

    def corpus(self, kit: Slug) -> CorpusFacts:
        """Prepare the kit's data once, and measure the reference values."""
        ...

    def prepare(self, kit: GeneratedKit, seed: int) -> Preparation:
        """Make the data of a kit that was written in this study, and look for leaks; a failure is an answer."""
        ...

    def probe(self, kit: Slug, requests: Sequence[ProbeRequest]) -> Probes:
        """Run every condition for a few steps, interleaved with the first request (the baseline), and time the steps."""
        ...

    def measure(self, requests: Sequence[TrainingRequest]) -> tuple[RunRecord, ...]:
        """Train and score each request, as many at once as there are workers; records come in the order of the requests.

        A crash, a timeout or a rejection is a verdict in the record, never an exception.
        """
        ...


class Drawing(Contract):
    """One figure in its two forms, with the numbers that were drawn."""

    pdf: bytes
    png: bytes
    data_json: str


class Illustrator(Protocol):
    """Draws figures from the record; never from a description."""

    def draw(self, figure: FigureSpec, results: Results, prisma: PrismaCounts, width_in: float = 5.5) -> Drawing:
        """width_in: the width that the figure will have on the page, so that nothing is shrunk."""
        ...


class Typeset(Contract):
    pdf: bytes
    pages: PositiveInt
    by: Literal["latex", "typst preview"]
    complaints: tuple[str, ...]
    main_pages: PositiveInt | None = None
    """Pages up to the end of the main text, where the layout marks it; None: not known."""


class Typesetter(Protocol):
    """Turns the exported sources into a PDF."""

    def typeset(self, tex: str, typst: str, bib: str, figures: dict[str, bytes]) -> Typeset:
        """By LaTeX where it is installed, else by typst as a marked preview.

        figures: path as in the sources ('charts/x.pdf') -> bytes.
        Raises:
            ManuscriptRefused: the sources do not compile; the message holds the first error with its line.
        """
        ...


class Shelf(Protocol):
    """Where the deliverables stand. Paths are relative, with '/'. A new folder takes the old one's place at once."""

    def begin(self) -> None:
        """Start an empty folder beside the published one; what an earlier, broken attempt left is dropped."""
        ...

    def put(self, path: str, content: bytes) -> None:
        """Write one file whole: into the folder that was begun, else into the published one."""
        ...

    def get(self, path: str) -> bytes:
        """The bytes of one file, from where `put` writes.

        Raises:
            EvidenceMissing: there is no such file.
        """
        ...

    def list(self) -> tuple[str, ...]:
        """Every file there, sorted."""
        ...

    def copy_runs(self) -> tuple[str, ...]:
        """Copy the files of the recorded training runs below experiment_runs/; their paths.

        Raises:
            EvidenceMissing: the run folder holds no training run.
        """
        ...

    def publish(self) -> None:
        """Put the begun folder in the published one's place."""
        ...


@dataclass(frozen=True)
class Context:
    """The world as one stage sees it."""

    model: LanguageModel
    library: Library
    laboratory: Laboratory
    illustrator: Illustrator
    typesetter: Typesetter
    shelf: Shelf
    kits: tuple[Kit, ...]
    templates: Mapping[str, str] = field(default_factory=dict)
    """Path below templates/ -> text, e.g. 'paper/frame.tex.j2'."""
    mode: PaperMode = "preprint"
    date: str = ""
    """When the study began, ISO 8601."""
    author: str = ""
    """Who signs the paper, as the settings say it now; empty: who the study's brief names."""
    official: OfficialStyle | None = None
    """The venue's own style, where the user dropped it in."""
    program: str = ""
    """Release and code of this program, for the report on what it exported."""
    guidance: tuple[Guidance, ...] = ()
    round: int = 1
    lessons: tuple[Lesson, ...] = ()
