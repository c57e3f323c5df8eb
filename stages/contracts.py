"""The nouns of the field: what one stage hands to the next.

Every contract is frozen and closed: after construction nobody checks again. The 23 outputs stand in the order of the
stages. Units are in the names. `condition` always means the id of a `Condition`; `key` of a work means its citation key.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, PositiveFloat, PositiveInt, StringConstraints
from pydantic.json_schema import SkipJsonSchema

# A field under SkipJsonSchema is not asked of a mind: whoever keeps the record adds it.

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
"""A name that is safe as folder, file, JSON and value-reference key."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def _says_nothing(value: object) -> bool:
    return not value


def _is_none(value: object) -> bool:
    return value is None


class Contract(BaseModel):
    """Base of everything that crosses a border between stages."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _counts_bytes(value: object) -> bool:
    return value == "bytes"


# ---------------------------------------------------------------- kits: what can be studied


class Level(Contract):
    """One value that a factor can take."""

    name: Slug = Field(description="Unique within its factor, e.g. 'cosine'.")
    label: str = Field(description="As the paper writes it, e.g. 'cosine decay'.")
    words: tuple[str, ...] = Field(description="Ordinary words by which a topic names this level, lower case.")
    settings: dict[str, str] = Field(description="Constant of train.py -> Python literal, e.g. {'SCHEDULE': \"'cosine'\"}.")
    is_baseline: bool = False
    mechanism: str = Field(description="How the level acts: one full sentence, no numerals, no citation.")
    case_for: str = Field(description="Why it may help at this scale: one full sentence, no numerals.")
    case_against: str = Field(description="Why it may not: one full sentence, no numerals.")
    expected: Literal["better", "worse", "same"] = Field(description="Prediction against the baseline level, before any run.")
    expected_size: FiniteFloat = Field(ge=0, description="Predicted absolute difference in the metric; a guess, said to be one.")
    works: tuple[str, ...] = Field(default=(), description="Citation keys of catalogue works that introduced or studied it.")


class Ablation(Contract):
    """A component that can be taken out of a condition to see what it contributes."""

    removes: str = Field(description="What is taken out, e.g. 'warm-up'.")
    label: str = Field(description="e.g. 'without warm-up'.")
    settings: dict[str, str]
    reason: str = Field(description="Why this component matters for the factor: one full sentence, no numerals.")
    void_for: tuple[Slug, ...] = Field(
        default=(), description="Levels in which the reason has no hold, such as a schedule of decay where nothing decays."
    )


class LevelGroup(Contract):
    """Words that ask for several levels at once: 'initial scale' for a smaller and for a larger one."""

    words: tuple[str, ...] = Field(min_length=1, description="As those of a level.")
    levels: tuple[Slug, ...] = Field(min_length=2, description="Best known first.")


class Factor(Contract):
    """Something that the kit's train.py lets a study vary."""

    name: Slug
    label: str = Field(description="e.g. 'learning-rate schedule'.")
    words: tuple[str, ...] = Field(description="Ordinary words by which a topic names this factor, lower case.")
    question: str = Field(description="The factor's question in plain words, ending with '?'.")
    background: tuple[str, ...] = Field(description="Full sentences of common knowledge about the factor, no numerals; >= 4.")
    confounders: tuple[str, ...] = Field(description="What could be mistaken for the factor's effect; full sentences; >= 2.")
    practice: tuple[str, ...] = Field(description="What a practitioner would do with each outcome; full sentences; >= 2.")
    levels: tuple[Level, ...] = Field(min_length=2)
    groups: tuple[LevelGroup, ...] = Field(default=(), exclude_if=_says_nothing)
    default_contrasts: tuple[Slug, ...] = Field(description="Levels to compare when the topic names none, best known first.")
    ablation: Ablation

    @property
    def named(self) -> str:
        """The factor in running text: 'the learning rate', but 'dropout' and 'batch size'."""
        countable = {"optimiser", "rate", "schedule", "function", "method", "rule", "shape"}
        return f"the {self.label}" if " of " in self.label or self.label.split()[-1] in countable else self.label


class Metric(Contract):
    """What is measured, as the kit's evaluator prints it."""

    name: Slug
    label: str = Field(description="e.g. 'validation bits per byte'.")
    unit: str = Field(description="e.g. 'bpb'.")
    lower_is_better: bool

    def gain(self, candidate: float, reference: float) -> float:
        """How much better candidate is than reference, in the metric's unit; negative when worse."""
        return reference - candidate if self.lower_is_better else candidate - reference


class Kit(Contract):
    """A small sealed study: what is fixed, what may vary, what it can answer."""

    name: Slug
    title: str
    domain: str = Field(description="e.g. 'language modelling'.")
    summary: str
    metric: Metric
    default_budget_s: PositiveFloat
    answers: tuple[str, ...] = Field(description="Topics in ordinary words, one line each, shown when a topic does not land.")
    scope_words: tuple[str, ...] = Field(description="Words that place a topic in this kit's domain, lower case.")
    factors: tuple[Factor, ...]
    constants: dict[str, str] = Field(description="Every annotated constant of train.py with its baseline literal.")
    tunable: dict[str, tuple[str, ...]] = Field(description="Constant -> literals that stage 13 may try, in order.")
    train_py: str = Field(description="Source of the one file that may change.")
    prepare_sha256: Sha256
    kit_sha256: Sha256 = Field(description="Over every file of the kit and of the harness.")


# ---------------------------------------------------------------- kits that a mind writes

MeasureName = Literal[
    "rmse",
    "mae",
    "r2",
    "coefficient_error",
    "accuracy",
    "balanced_accuracy",
    "log_loss",
    "auc",
    "bits_per_byte",
]
"""What our own evaluator can compute (stages/e_execution/measures.py); a generated kit names one and computes none."""


class Blueprint(Contract):
    """A study for which no kit is shipped: all of it but the code. What it measures is chosen from our list."""

    name: Slug = Field(description="Name of the kit that will be written, e.g. 'shrinkage'.")
    title: str
    domain: str = Field(description="e.g. 'linear regression'.")
    summary: str = Field(description="What the kit does, in one or two full sentences.")
    task: Literal["regression", "classification"]
    measure: MeasureName
    data_source: Literal["synthetic", "scikit-learn"] = Field(description="Declared generators, or a data set that is installed.")
    data_name: str = Field(description="As the paper names the data, e.g. 'correlated Gaussian features'.")
    data: str = Field(description="How the rows come about, precise enough to be programmed: sizes, distributions, noise.")
    split: Literal["random", "ordered"] = Field(description="ordered: the first rows are for training, as in time series.")
    baseline: str = Field(description="What train.py does in the baseline, precise enough to be programmed.")
    factors: tuple[Factor, ...] = Field(min_length=1, max_length=2, description="`settings` stay empty: levels become patches.")


class GeneratedKit(Contract):
    """A kit that a mind wrote, frozen by hash before its first run. Only `prepare_py` and train.py are code."""

    name: Slug
    task: Literal["regression", "classification"]
    measure: MeasureName
    split: Literal["random", "ordered"]
    data_name: str
    prepare_py: str = Field(description="Defines make(seed) -> arrays; splits and metric are not its business.")
    prepare_sha256: Sha256
    salt: str = Field(default="", description="Drawn by the laboratory; in no prompt and no sandbox, so data cannot be made again.")
    train_py: str = Field(default="", description="The baseline; empty until it is written. Patches are shown against it.")


class Edit(Contract):
    """Replace one passage. Exact text needs no line numbers to be counted, and whether it fits can be checked."""

    find: str = Field(min_length=1, description="Verbatim from the file; stands there exactly once.")
    replace: str


class Repair(Contract):
    """One failure of generated code and what was done about it; the code was run again after each try."""

    what: str = Field(description="A file or a condition, e.g. 'prepare.py' or 'lasso'.")
    attempt: PositiveInt
    failure: str
    diagnosis: str
    edits: tuple[Edit, ...]
    mended: bool


class Hardware(Contract):
    """The machine, as found at the start of the run."""

    cpu: str
    physical_cores: PositiveInt
    memory_gb: PositiveFloat
    accelerator: str | None
    operating_system: str
    python: str
    torch: str


class Brief(Contract):
    """What the user asked for, and the limits that the settings put on the research."""

    topic: str = Field(min_length=1)
    kit: Slug | None = Field(default=None, description="A kit chosen by the user; None: found from the topic.")
    budget_s: PositiveFloat = Field(description="Training budget of one run.")
    seeds: PositiveInt = Field(description="Reported seeds per condition.")
    max_conditions: PositiveInt
    refine_attempts: int = Field(ge=0, description="Candidates that the improvement loop may try.")
    confirm_seeds: int = Field(ge=0, description="Fresh seeds on which the loop's winner is confirmed.")
    max_repairs: int = Field(default=8, ge=0, description="Repairs of generated code in the whole study.")
    scored_bytes: PositiveInt | None = Field(description="Bytes of the validation split that are scored, spread evenly; None: all.")
    max_hours: PositiveFloat = Field(description="Wall time that the experiments may take; what does not fit is refused.")
    max_works: PositiveInt = Field(description="Works on the shortlist, at most.")
    allow_unchecked: bool = Field(
        default=False, exclude_if=_says_nothing, description="A work whose record no source could confirm or deny may be cited."
    )
    author: str = Field(description="Author line of the paper.")
    researcher: str = Field(description="Who writes: 'rule-based researcher' or the model's name.")
    hardware: Hardware


class Guidance(Contract):
    """A person's words to a stage, given before it runs or with a rejection."""

    stage: PositiveInt
    message: str
    by: str


# ---------------------------------------------------------------- A scoping


class TopicMatch(Contract):
    """A factor that the topic names, and the levels it names, in the order of the topic."""

    factor: Slug
    levels: tuple[Slug, ...] = ()
    words: tuple[str, ...] = Field(description="The words of the topic that matched.")


class Goal(Contract):
    """Stage 1: what the study wants to know."""

    topic: str
    question: str
    domain: str
    kit: Slug
    study: Literal["one_factor", "two_factors"]
    contest: bool = Field(description="Two factors are asked about as rivals ('width or depth?'), not as partners.")
    matches: tuple[TopicMatch, ...] = Field(min_length=1, max_length=2)
    set_aside: tuple[Slug, ...] = Field(default=(), description="Further factors that the topic names and the study leaves out.")
    metric: Metric
    success_criterion: str
    choices: tuple[str, ...] = Field(description="Choices made in reading the topic; full sentences, printed in the paper.")
    hardware: Hardware
    blueprint: Blueprint | None = Field(default=None, exclude_if=_says_nothing, description="Of the kit that is to be written.")


class SubQuestion(Contract):
    id: Slug
    text: str
    priority: Literal[1, 2, 3] = Field(description="1 must be answered, 3 may be.")
    factors: tuple[Slug, ...] = ()


class ProblemTree(Contract):
    """Stage 2: the question taken apart."""

    sub_questions: tuple[SubQuestion, ...] = Field(min_length=3)


# ---------------------------------------------------------------- B literature


class SearchQuery(Contract):
    id: Slug
    text: str
    about: tuple[str, ...] = Field(description="Catalogue tags that the query aims at.")
    sub_question: Slug
    sources: tuple[str, ...]
    keys: tuple[str, ...] = Field(default=(), description="Known works that the query asks for by key.")


class SearchPlan(Contract):
    """Stage 3: what is searched where, and what may enter the shortlist."""

    queries: tuple[SearchQuery, ...] = Field(min_length=1)
    include_when: tuple[str, ...]
    exclude_when: tuple[str, ...]


class FieldSource(Contract):
    """Which source gave which fields of a work, and when."""

    source: str
    fields: tuple[str, ...]
    url: str
    retrieved_at: str = Field(description="UTC, e.g. '2026-11-20T09:30:00Z'.")


class Work(Contract):
    """One publication as a source or the catalogue confirms it."""

    key: str
    title: str
    authors: tuple[str, ...] = Field(min_length=1, description="'Given Family', in order.")
    authors_truncated: bool = False
    year: int
    venue: str
    type: str
    arxiv_id: str | None = None
    doi: str | None = None
    url: str | None = None
    topics: tuple[str, ...] = ()
    about: tuple[str, ...] = Field(default=(), description="Study factors and themes that the work bears on.")
    gist: str | None = Field(default=None, description="Predicate in our words: 'introduced …', no trailing period.")
    also: str | None = Field(default=None, description="A second predicate of the same form.")
    confirmed_by: tuple[str, ...] = Field(min_length=1, description="Sources that hold the record, e.g. 'catalogue'.")
    # What follows is known of works from live sources only; it is left out of the record where it says nothing.
    volume: str | None = Field(default=None, exclude_if=_says_nothing, description="Of `venue`, as the source writes it.")
    pages: str | None = Field(default=None, exclude_if=_says_nothing, description="'1929-1958', an article number or one page.")
    openalex_id: str | None = Field(default=None, exclude_if=_says_nothing)
    s2_id: str | None = Field(default=None, exclude_if=_says_nothing)
    groups: tuple[str, ...] = Field(default=(), exclude_if=_says_nothing, description="Those of `authors` that are no persons.")
    other_titles: tuple[str, ...] = Field(default=(), exclude_if=_says_nothing, description="Of other versions, e.g. the preprint.")
    other_years: tuple[int, ...] = Field(default=(), exclude_if=_says_nothing, description="Of other versions.")
    retracted: bool = Field(default=False, exclude_if=_says_nothing)
    abstract: str | None = Field(
        default=None, exclude_if=_says_nothing, description="Read and quoted from, never printed or delivered."
    )
    provenance: tuple[FieldSource, ...] = Field(default=(), exclude_if=_says_nothing)


class Candidate(Contract):
    work: Work
    score: FiniteFloat = Field(description="Retrieval score, comparable within one run only.")
    queries: tuple[Slug, ...]
    records: int = Field(default=0, exclude_if=_says_nothing, description="Records that it stands for; 0: one for each query.")


class SourceOutcome(Contract):
    source: str
    answered: bool
    found: int = Field(ge=0)
    reason: str | None = Field(default=None, description="Why it gave no answer, to a query at least.")


class Candidates(Contract):
    """Stage 4: every work that a query brought up, best first."""

    candidates: tuple[Candidate, ...]
    outcomes: tuple[SourceOutcome, ...]


class Screened(Contract):
    key: str
    included: bool
    reason: str
    by_rule: bool = Field(default=False, exclude_if=_says_nothing, description="Left out before the screening; nobody read it.")


class PrismaCounts(Contract):
    """Flow of records as PRISMA 2020 counts them: identified = duplicates + removed_by_rule + screened = … + excluded + included."""

    identified: int
    duplicates: int
    removed_by_rule: int = Field(
        default=0, exclude_if=_says_nothing, description="Works that a rule left out before screening: nobody read them."
    )
    screened: int
    excluded: int
    included: int
    by_citation: int = Field(
        default=0, exclude_if=_says_nothing, description="Of those identified: records found by following references and citations."
    )


class Shortlist(Contract):
    """Stage 5: what may be cited, with a reason for each decision."""

    works: tuple[Work, ...]
    decisions: tuple[Screened, ...]
    counts: PrismaCounts
    doubted: tuple[CitedWork, ...] = Field(
        default=(), exclude_if=_says_nothing, description="Works that were chosen and not confirmed as they stood, with the reasons."
    )
    guidance_not_understood: tuple[str, ...] = ()


class Passage(Contract):
    """A part of a work's full text, blanks and line ends made one."""

    page: PositiveInt
    text: str


class Reading(Contract):
    """What of a work's full text bears on some words; empty where no full text is at hand."""

    passages: tuple[Passage, ...] = Field(default=(), description="In the order of the pages.")
    source: str | None = Field(default=None, description="Where the text is from, e.g. the name of a file.")
    failed: str | None = Field(default=None, description="Why a text that should be there cannot be read.")


class Quote(Contract):
    """Words of a work's full text, with the page on which they stand."""

    page: PositiveInt
    text: str


class KnowledgeCard(Contract):
    """What one work says, tied to the span that says it."""

    key: str
    claim: str
    method: str | None = Field(default=None, description="The technique it is about, if the record names one.")
    about: tuple[str, ...]
    span: str = Field(description="Verbatim part of the source text below that the claim rests on.")
    span_source: Literal["gist", "title", "abstract", "full text"]
    page: SkipJsonSchema[PositiveInt | None] = Field(
        default=None, exclude_if=_says_nothing, description="Of a span from the full text; found, not told."
    )
    quotes: tuple[Quote, ...] = Field(default=(), exclude_if=_says_nothing, description="What the full text says on the claim.")
    text_source: SkipJsonSchema[str | None] = Field(
        default=None, exclude_if=_says_nothing, description="Where the full text is from; found, not told."
    )


class RefusedCard(Contract):
    """A card that rests on nothing; its work can be cited by its summary only, if it has one."""

    key: str
    reason: str


class KnowledgeCards(Contract):
    """Stage 6."""

    cards: tuple[KnowledgeCard, ...]
    refused: SkipJsonSchema[tuple[RefusedCard, ...]] = Field(default=(), exclude_if=_says_nothing)


# ---------------------------------------------------------------- C synthesis


class Theme(Contract):
    id: Slug
    title: str
    about: tuple[str, ...]
    keys: tuple[str, ...] = Field(min_length=1)


class Gap(Contract):
    id: Slug
    text: str
    rests_on: tuple[str, ...] = Field(description="Citation keys of the cards that show the gap.")
    factor: Slug | None = None


class Agreement(Contract):
    text: str
    keys: tuple[str, ...] = Field(min_length=2)
    kind: Literal["agreement", "tension"]


class Synthesis(Contract):
    """Stage 7: what the works say together and what they leave open."""

    themes: tuple[Theme, ...] = Field(min_length=1)
    agreements: tuple[Agreement, ...]
    gaps: tuple[Gap, ...] = Field(min_length=1)


Role = Literal["proponent", "skeptic", "methodologist", "chair"]


class Statement(Contract):
    """One turn of the debate; a rebuttal names whom it answers and quotes him."""

    role: Role
    text: str
    keys: tuple[str, ...] = ()
    to: SkipJsonSchema[Role | None] = Field(default=None, exclude_if=_says_nothing)
    quote: SkipJsonSchema[str | None] = Field(
        default=None, exclude_if=_says_nothing, description="Verbatim from the statement that is answered."
    )


class Objection(Contract):
    """What the chair has to answer: a statement of the skeptic or the methodologist, or a rebuttal."""

    id: Slug
    contrast: Slug
    by: Role
    text: str
    quote: str | None = None


class Ruling(Contract):
    """The chair's answer to one objection."""

    objection: Slug
    verdict: Literal["granted", "refuted", "left to a comparison"]
    text: str


class Hypothesis(Contract):
    """A claim that a measurement can refute."""

    id: Slug
    statement: str
    treatment: Slug = Field(description="Condition id that the claim is about.")
    reference: Slug = Field(description="Condition id that it is compared with.")
    predicts: Literal["better", "worse", "same"]
    predicted_size: FiniteFloat = Field(ge=0, description="Absolute difference in the metric.")
    refuted_when: str
    rationale: str
    keys: tuple[str, ...] = ()
    debate: tuple[Statement, ...] = Field(min_length=3)
    rulings: tuple[Ruling, ...] = Field(
        default=(), exclude_if=_says_nothing, description="On each objection to this hypothesis, in their order."
    )
    novelty: Literal["unknown", "studied elsewhere", "not seen in the works read"]


class Contrast(Contract):
    """What a condition changes in words and in constants."""

    id: Slug
    label: str
    role: Literal["baseline", "treatment", "combination", "ablation"]
    levels: dict[Slug, Slug] = Field(default_factory=dict, description="Factor -> level, where it differs from the baseline.")
    settings: dict[str, str] = Field(default_factory=dict, description="Constant -> literal, differences from the baseline.")
    removes: str | None = None
    ablates: Slug | None = Field(default=None, description="Condition from which an ablation takes something out.")
    reason: str


class Hypotheses(Contract):
    """Stage 8: debated hypotheses and the contrasts that would test them; the first hypothesis is the primary one."""

    contrasts: tuple[Contrast, ...] = Field(min_length=2)
    hypotheses: tuple[Hypothesis, ...] = Field(min_length=1)
    rejected: tuple[Hypothesis, ...] = ()


# ---------------------------------------------------------------- D design


class PlannedComparison(Contract):
    """a is judged against b; all comparisons of the plan form one Holm family."""

    a: Slug
    b: Slug
    hypothesis: Slug | None
    purpose: Literal["hypothesis", "ablation", "interaction"]


class RegisteredHypothesis(Contract):
    """What was claimed before the first run, word for word, with the margin that judges it."""

    id: Slug
    statement: str
    treatment: Slug
    reference: Slug
    predicts: Literal["better", "worse", "same"]
    predicted_size: FiniteFloat = Field(ge=0)
    refuted_when: str


class ExperimentPlan(Contract):
    """Stage 9: frozen by `registration_sha256` before the first run."""

    kit: Slug
    kit_sha256: Sha256
    metric: Metric
    conditions: tuple[Contrast, ...] = Field(min_length=2)
    comparisons: tuple[PlannedComparison, ...] = Field(min_length=1)
    hypotheses: tuple[RegisteredHypothesis, ...] = Field(default=(), description="As debated; the first is the main one.")
    seeds: tuple[int, ...] = Field(min_length=1, description="Reported seeds, the same for every condition.")
    development_seeds: tuple[int, ...]
    confirmation_seeds: tuple[int, ...]
    refine_attempts: int
    budget_s: PositiveFloat
    scored_bytes: PositiveInt | None
    alpha: float = 0.05
    analysis: tuple[str, ...] = Field(description="The analysis plan, one full sentence each.")
    stopping_rules: tuple[str, ...]
    guidance_followed: tuple[str, ...] = ()
    guidance_not_understood: tuple[str, ...] = ()
    registration_sha256: Sha256

    @property
    def family(self) -> int:
        """Tests that are adjusted together: the planned comparisons and, where factors are combined, their interaction."""
        return len(self.comparisons) + any(condition.role == "combination" for condition in self.conditions)


class CodeCheck(Contract):
    name: str
    passed: bool
    detail: str


class ConditionCode(Contract):
    """One condition as a one-purpose patch of train.py, proved by a short run."""

    condition: Slug
    patch: str = Field(description="Unified diff against the kit's train.py; empty for the baseline.")
    train_py: str
    train_sha256: Sha256
    checks: tuple[CodeCheck, ...]
    steps: PositiveInt = Field(description="Optimisation steps that fit in the budget on the reference clock.")
    cost_ratio: PositiveFloat = Field(description="CPU time of one step over that of the baseline, interleaved measurement.")
    parameters: PositiveInt
    probe_sha256: Sha256 = Field(description="Hash of the probe's weights; equal hashes of two conditions are refused.")


class CodeBundle(Contract):
    """Stage 10."""

    baseline: Slug
    codes: tuple[ConditionCode, ...]
    reference_step_s: PositiveFloat = Field(description="Time of one baseline step by the parent's clock.")
    clock: Literal["cpu", "wall"]
    generated: GeneratedKit | None = Field(default=None, exclude_if=_says_nothing, description="The kit, where it was written here.")
    generated_sha256: Sha256 | None = Field(default=None, exclude_if=_says_nothing)
    review: tuple[str, ...] = Field(default=(), exclude_if=_says_nothing, description="What the reviewer of prepare.py looked at.")
    repairs: tuple[Repair, ...] = Field(default=(), exclude_if=_says_nothing)


STRONG_ISOLATION = ("bubblewrap", "docker", "podman")
"""How the name of an isolation begins that keeps a guest from files and network; any other must be told in the paper."""


class TrainingRequest(Contract):
    """Everything that determines a training run; its hash is the run's name in the journal."""

    kit: Slug
    kit_sha256: Sha256
    condition: Slug
    train_py: str
    seed: int
    steps: PositiveInt
    budget_s: PositiveFloat
    scored_bytes: PositiveInt | None
    split: Literal["val", "test"] = "val"
    purpose: Literal["report", "development", "confirmation", "probe", "replay"]
    sealed: bool = Field(
        default=False, exclude_if=_says_nothing, description="The same weights are scored on the sealed test split as well."
    )
    generated: GeneratedKit | None = Field(default=None, exclude_if=_says_nothing, description="Where no kit is shipped.")


class Schedule(Contract):
    """Stage 11: what will run, where, and what it will cost."""

    runs: tuple[TrainingRequest, ...]
    workers: PositiveInt
    device: str
    isolation: str
    estimated_run_s: PositiveFloat
    estimated_total_s: PositiveFloat
    deviations: tuple[str, ...] = Field(default=(), description="Where the schedule had to leave the plan; full sentences.")


# ---------------------------------------------------------------- E execution


class CurvePoint(Contract):
    step: int
    value: FiniteFloat = Field(description="Metric by the evaluator on a saved checkpoint, on the curve's own sample.")


class Measurement(Contract):
    """One score, computed by the evaluator from predictions, never by the trained code."""

    metric: Slug
    value: FiniteFloat
    split: Literal["val", "test"]
    scored_bytes: PositiveInt
    curve: tuple[CurvePoint, ...]
    parameters: PositiveInt
    steps: PositiveInt
    tokens: PositiveInt = Field(description="Training tokens seen.")
    weights_sha256: Sha256
    corpus_sha256: Sha256
    counts: Literal["bytes", "rows"] = Field(
        default="bytes", exclude_if=_counts_bytes, description="What `scored_bytes` and `tokens` count."
    )
    sealed_value: FiniteFloat | None = Field(
        default=None, exclude_if=_is_none, description="Of the same weights on the sealed test split, where the request asked for it."
    )
    sealed_fault: str | None = Field(
        default=None, exclude_if=_is_none, description="Why the look at the test split that the request asked for gave no score."
    )


class RunCost(Contract):
    """Not reproducible between machines: kept out of everything but the cost line."""

    train_cpu_s: float
    train_wall_s: float
    startup_s: float
    evaluation_s: float
    peak_memory_mb: float


Verdict = Literal["ok", "crash", "timeout", "nonfinite", "rejected"]


class RunRecord(Contract):
    """What came of one training request."""

    request_sha256: Sha256
    condition: Slug
    seed: int
    purpose: Literal["report", "development", "confirmation", "probe", "replay"]
    verdict: Verdict
    reason: str | None = Field(default=None, description="Named when the verdict is not ok.")
    measurement: Measurement | None = None
    cost: RunCost
    isolation: str
    command: str = Field(description="Re-runs it from the folder that holds experiment_runs/.")
    folder: str = Field(description="Relative to the run folder.")
    log_tail: str = ""
    machine: str | None = Field(
        default=None,
        exclude_if=_says_nothing,
        description="The worker that ran it, with its hardware; None: the study's machine.",
    )


class CorpusFacts(Contract):
    """The data as prepared, with reference values that need no training."""

    name: str
    sha256: Sha256
    files: PositiveInt
    train_bytes: PositiveInt
    val_bytes: PositiveInt
    test_bytes: PositiveInt
    references: dict[Slug, FiniteFloat] = Field(description="bpb of gzip, bz2, xz, order_1 … on the validation split.")
    counts: Literal["bytes", "rows"] = Field(default="bytes", exclude_if=_counts_bytes, description="What the sizes count.")


class RunRecords(Contract):
    """Stage 12."""

    corpus: CorpusFacts
    runs: tuple[RunRecord, ...]


class Attempt(Contract):
    """One try of the improvement loop."""

    number: PositiveInt
    change: str = Field(description="e.g. 'LEARNING_RATE 0.002 -> 0.003'.")
    settings: dict[str, str]
    edits: tuple[Edit, ...] = Field(default=(), exclude_if=_says_nothing, description="In a generated kit, what was changed.")
    seed: int
    value: FiniteFloat | None
    gain: FiniteFloat | None = Field(description="Over the incumbent on the same development seed; positive is better.")
    verdict: Literal["keep", "discard", "same", "crash", "timeout", "nonfinite", "rejected"] = Field(
        description="'same': it predicts what the incumbent predicts, so it was not measured."
    )


class RefinedRecords(Contract):
    """Stage 13: repairs, and the improvement loop on development seeds with its confirmation on fresh ones."""

    corpus: CorpusFacts
    runs: tuple[RunRecord, ...] = Field(description="All reported runs, repaired ones replaced.")
    repairs: tuple[str, ...]
    incumbent: Slug | None = Field(description="Condition that the loop started from; None: no loop was run.")
    attempts: tuple[Attempt, ...]
    development: tuple[RunRecord, ...] = Field(default=(), description="Incumbent and attempts on the development seed.")
    tuned: ConditionCode | None = Field(description="The winner, as a patch; its condition id is 'tuned'.")
    tuned_settings: dict[str, str] = Field(default_factory=dict)
    confirmation: tuple[RunRecord, ...] = Field(description="Incumbent and winner on the same fresh seeds.")
    stopped_because: str
    mended: tuple[ConditionCode, ...] = Field(
        default=(), exclude_if=_says_nothing, description="Conditions whose failing code was repaired, all runs of it."
    )
    mending: tuple[Repair, ...] = Field(default=(), exclude_if=_says_nothing)


# ---------------------------------------------------------------- F analysis


class SeedSummary(Contract):
    """One metric of one condition over seeds; std is None below two seeds."""

    seeds: dict[str, FiniteFloat] = Field(description="Seed -> value.")
    n: PositiveInt
    mean: FiniteFloat
    std: FiniteFloat | None
    min: FiniteFloat
    max: FiniteFloat
    median: FiniteFloat


class PairedComparison(Contract):
    """a minus b over shared seeds. Sign is the metric's: below zero is better when lower is better."""

    a: Slug
    b: Slug
    n: PositiveInt
    differences: dict[str, FiniteFloat]
    mean_diff: FiniteFloat
    abs_mean_diff: FiniteFloat = Field(ge=0)
    rel_diff_percent: FiniteFloat
    abs_rel_diff_percent: FiniteFloat = Field(ge=0)
    sd_diff: FiniteFloat | None
    ci95_low: FiniteFloat | None = Field(description="t interval of the paired difference; None below three seeds.")
    ci95_high: FiniteFloat | None
    t_p: FiniteFloat | None = Field(description="Two-sided paired t test; None below three seeds.")
    holm_p: FiniteFloat | None = Field(description="Holm-adjusted within the plan's family; None outside it.")
    wilcoxon_p: FiniteFloat | None = Field(description="Exact; None below six seeds.")
    dz: FiniteFloat | None
    hedges_dz: FiniteFloat | None = Field(description="dz with the small-sample correction.")
    wins: int = Field(ge=0, description="Seeds on which a is better.")
    mde: FiniteFloat | None = Field(description="Smallest difference found with 80 % power at this n and sd.")
    verdict: Literal["better", "worse", "not distinguishable", "single run", "two runs"]


class ConditionResult(Contract):
    label: str
    role: Literal["baseline", "treatment", "combination", "ablation", "tuned"]
    metrics: dict[Slug, SeedSummary]
    steps: PositiveInt
    parameters: PositiveInt
    tokens: PositiveInt
    cost_ratio: PositiveFloat
    curve: dict[str, SeedSummary] = Field(description="Step -> metric over seeds on the curve's own sample.")
    failed: int = Field(ge=0)


class Results(Contract):
    """results.json: every aggregate that is printed anywhere. `path` in provenance.json is a JSON pointer into it."""

    metric: Metric
    conditions: dict[Slug, ConditionResult]
    comparisons: dict[str, dict[Slug, PairedComparison]] = Field(description="'a_vs_b' -> metric -> comparison.")
    interaction: PairedComparison | None = Field(description="(both - a) - (b - baseline), in a two-factor study.")
    references: dict[Slug, FiniteFloat]
    data: dict[Slug, int | float | str]
    config: dict[str, int | float | str]
    literature: dict[Slug, int]
    environment: dict[Slug, str | int | float]
    cost: dict[Slug, int | float] = Field(description="Differs between machines; printed on the cost line only.")


class Finding(Contract):
    """What the data say about one hypothesis."""

    hypothesis: Slug
    comparison: str = Field(description="Key into Results.comparisons.")
    verdict: Literal["supported", "contradicted", "undecided"]
    reason: str


class AnalystRemark(Contract):
    analyst: Literal["statistician", "domain reader", "devil's advocate"]
    text: str = Field(description="May refer to values by {{key|format}} only.")
    comparison: str | None = None


class Stand(Contract):
    """What one analyst thinks of one hypothesis once he has seen the numbers; a finding stands whatever he thinks."""

    analyst: Literal["statistician", "domain reader", "devil's advocate"]
    hypothesis: Slug
    view: Literal["holds", "fails", "open"]


class Analysis(Contract):
    """Stage 14."""

    results: Results
    findings: tuple[Finding, ...]
    remarks: tuple[AnalystRemark, ...]
    stands: tuple[Stand, ...] = Field(default=(), exclude_if=_says_nothing, description="Every analyst on every hypothesis.")
    best: Slug = Field(description="Condition with the best mean; says nothing about significance.")

    @property
    def disagreements(self) -> tuple[Slug, ...]:
        """Hypotheses on which the analysts do not think alike."""
        views: dict[Slug, set[str]] = {}
        for stand in self.stands:
            views.setdefault(stand.hypothesis, set()).add(stand.view)
        return tuple(hypothesis for hypothesis, held in views.items() if len(held) > 1)


class Decision(Contract):
    """Stage 15."""

    verdict: Literal["proceed", "refine", "pivot"]
    reasons: tuple[str, ...]
    evidence: tuple[str, ...] = Field(description="JSON pointers into results.json.")


# ---------------------------------------------------------------- G writing


class FigureSpec(Contract):
    """A figure drawn by our code from results.json; `id` is its label fig:<id> and its file charts/<id>.pdf."""

    id: Slug
    kind: Literal[
        "learning_curves",
        "difference_forest",
        "seed_dots",
        "ablation_forest",
        "cost_quality",
        "method_diagram",
        "prisma",
    ]
    caption: str
    alt: str
    conditions: tuple[Slug, ...] = ()
    comparisons: tuple[str, ...] = ()


class SectionPlan(Contract):
    id: Slug
    title: str
    points: tuple[str, ...] = Field(description="What the section has to say.")
    keys: tuple[str, ...] = Field(default=(), description="Works to be cited there.")


class Outline(Contract):
    """Stage 16."""

    title: str
    claim: str = Field(description="The paper's one claim; follows the data.")
    sections: tuple[SectionPlan, ...]
    figures: tuple[FigureSpec, ...]


class BoundSentence(Contract):
    """A sentence whose typed numbers were replaced, by rule, by the references that print exactly them."""

    place: str = Field(description="'abstract', 'sec:<id>' …, where it stood then.")
    typed: str = Field(description="As it was written, in Markdown.")
    bound: str = Field(description="As it was put into the text; a later patch may have changed it.")


class Manuscript(Contract):
    """Stage 17: the document in its Markdown form (dialect: stages/g_writing/document.py), values by key."""

    title: str
    authors: tuple[str, ...]
    markdown: str
    figures: tuple[FigureSpec, ...]
    bound: tuple[BoundSentence, ...] = Field(default=(), exclude_if=_says_nothing, description="In the order in which it was done.")


class Weakness(Contract):
    """One point of a review; `quote` is verbatim from the manuscript or names a table or figure by label."""

    id: Slug
    reviewer: str
    quote: str
    text: str
    severity: Literal["minor", "major"]
    required_change: str | None = None


class Review(Contract):
    """Scores are None where a mechanical reviewer has no ground to give one."""

    reviewer: str
    summary: str
    strengths: tuple[str, ...]
    weaknesses: tuple[Weakness, ...]
    quality: Annotated[int, Field(ge=1, le=4)] | None = None
    clarity: Annotated[int, Field(ge=1, le=4)] | None = None
    significance: Annotated[int, Field(ge=1, le=4)] | None = None
    originality: Annotated[int, Field(ge=1, le=4)] | None = None
    overall: Annotated[int, Field(ge=1, le=6)] | None = None
    confidence: Annotated[int, Field(ge=1, le=5)] | None = None


class Reviews(Contract):
    """Stage 18: reviews and the changes that the area chair requires."""

    reviews: tuple[Review, ...]
    required: tuple[Weakness, ...]


class ChangeAnswer(Contract):
    """How the revision answered one required change."""

    id: Slug
    done: bool
    answer: str
    before: str | None = None
    after: str | None = None


class RevisedManuscript(Contract):
    """Stage 19."""

    manuscript: Manuscript
    answers: tuple[ChangeAnswer, ...]


# ---------------------------------------------------------------- H finalization


class Check(Contract):
    name: str
    passed: bool
    detail: str


class QualityReport(Contract):
    """Stage 20: mechanical gates are never lifted by a score."""

    checks: tuple[Check, ...]
    passed: bool
    for_a_person: tuple[str, ...]
    manuscript_sha256: Sha256 = Field(description="The text is frozen from here on.")
    support: tuple[CitationSupport, ...] = Field(
        default=(), exclude_if=_says_nothing, description="Citing sentences that a mind has judged."
    )


class Lesson(Contract):
    strategy: str
    outcome: str
    insight: str
    context: str


class Archive(Contract):
    """Stage 21."""

    lessons: tuple[Lesson, ...]
    reproduction: tuple[str, ...] = Field(description="Commands that reproduce the study, one a line.")


class DeliveredFile(Contract):
    path: str = Field(description="Relative to deliverables/.")
    sha256: Sha256
    bytes: int


Venue = Literal["neurips", "icml", "iclr", "plain"]
PaperMode = Literal["preprint", "submission", "final"]
"""submission: nobody is named and lines are numbered."""


class StyleFile(Contract):
    """A file that the user put into the folder of official styles."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*\.(sty|bst|cls)$")]
    text: str


class OfficialStyle(Contract):
    """A venue's own style file, as the user dropped it in; `package` and `year` are read from its \\ProvidesPackage."""

    venue: Venue
    package: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$")]
    year: str
    files: tuple[StyleFile, ...] = Field(min_length=1, description="The style itself first, then what lies beside it.")


class Deliverables(Contract):
    """Stage 22."""

    files: tuple[DeliveredFile, ...]
    typeset_by: Literal["latex", "typst preview"]
    pages: PositiveInt
    degraded: tuple[str, ...] = Field(description="What could not be had; full sentences, also in the paper's appendix.")


class Difference(Contract):
    """One field in which a reference and the record of the work are not the same."""

    field: Literal["title", "authors", "year", "venue", "doi", "arxiv_id"]
    cited: str
    found: str


class LayerEvidence(Contract):
    """What one layer of the verification asked, and what came back."""

    layer: Literal["identifier", "record", "second source", "support"]
    outcome: Literal["agrees", "differs", "absent", "not asked", "failed", "weak"]
    detail: str


class CitedWork(Contract):
    """One reference with its verdict.

    'not found' is said only by sources that would hold the work; a source that failed, or none that could know, is 'not checked'.
    """

    key: str
    verdict: Literal["verified", "mismatch", "not found", "not checked", "retracted"]
    evidence: tuple[str, ...] = Field(description="The reasons for the verdict, one sentence each.")
    layers: tuple[LayerEvidence, ...] = ()
    differences: tuple[Difference, ...] = ()
    repaired: Work | None = Field(
        default=None, exclude_if=_says_nothing, description="After a mismatch: the same work as its source has it, under the same key."
    )


class Judgement(Contract):
    """What a mind says about one citing sentence and the text of the work that it cites."""

    verdict: Literal["supported", "partly", "not supported", "cannot tell"]
    reason: str


class CitationSupport(Contract):
    """A citing sentence against what is known of the work: the words that both have in common.

    Words show that the sentence is about the work's subject, not that what it says is true.
    """

    key: str
    place: str
    sentence: str = Field(description="Verbatim Markdown.")
    rests_on: str = Field(description="Title and summary of the work, as recorded.")
    shared: tuple[str, ...] = Field(description="Words of the sentence that the work's title or summary has as well.")
    weak: bool = Field(description="Nothing distinctive is shared: somebody should read the sentence.")
    judgement: Judgement | None = Field(default=None, exclude_if=_says_nothing, description="Of a mind, where one was asked.")

    @property
    def doubtful(self) -> bool:
        """Whether a person should read the sentence."""
        return (
            self.weak if self.judgement is None or self.judgement.verdict == "cannot tell" else self.judgement.verdict != "supported"
        )


class VerificationReport(Contract):
    """Stage 23: checked over the exported bytes."""

    citations: tuple[CitedWork, ...]
    support: tuple[CitationSupport, ...] = Field(default=(), description="Every citing sentence with each work that it cites.")
    checks: tuple[Check, ...]
    passed: bool
    unchecked_allowed: bool = Field(default=False, exclude_if=_says_nothing, description="The settings let unchecked works pass.")
    program: str = Field(default="", exclude_if=_says_nothing, description="Release and code of the program that exported.")


# ---------------------------------------------------------------- gates


class GateQuestion(Contract):
    """What a person is asked at a gate; `body` is Markdown with the facts to decide on."""

    stage: PositiveInt
    title: str
    body: str
    may_reject: bool = Field(default=True, description="False: no stage up to this one reads a person's words.")


class GateAnswer(Contract):
    """A decision, recorded once; the first answer wins."""

    stage: PositiveInt
    decision: Literal["approve", "reject", "edit"]
    comment: str = ""
    changes: tuple[str, ...] = Field(default=(), description="What a rejection asks to be changed, one sentence each.")
    by: str
    via: Literal["auto-approve", "terminal", "command line", "prefect ui"]
    at: str = Field(description="UTC, ISO 8601.")
