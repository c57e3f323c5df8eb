"""What a capable model would write about ridge against lasso: every value by its key, whichever way the data point."""

from researchclaw.adapters.offline import OfflineResearcher
from stages.b_literature.literature_screen import Excluded, Included, Screening, ScreenQuestion
from stages.b_literature.search_strategy import SearchQuestion
from stages.c_synthesis.synthesis import SynthesisQuestion
from stages.contracts import FigureSpec, Gap, Outline, Review, SearchPlan, SearchQuery, SectionPlan, Synthesis, Theme
from stages.g_writing.paper_draft import SectionDraft, SectionQuestion
from stages.g_writing.paper_outline import OutlineQuestion
from stages.g_writing.peer_review import AreaChairQuestion, RequiredChanges, ReviewQuestion
from stages.g_writing.record import PaperRecord

RULES = OfflineResearcher()
PENALTIES = ("tibshirani1996regression", "hoerl1970ridge", "zou2005regularization", "hastie2001elements")
COMPARISON = (
    *("demsar2006statistical", "dietterich1998approximate", "dror2018hitchhikers", "dodge2019show", "agarwal2021deep"),
    *("wilcoxon1945individual", "benjamini1995controlling", "efron1979bootstrap"),
)
"""Of the works that the catalogue holds: those on the question, and those on how it is judged."""


def search(question: SearchQuestion) -> SearchPlan:
    def query(name: str, text: str, about: tuple[str, ...] = ()) -> SearchQuery:
        keys = PENALTIES if name != "comparison" else COMPARISON
        return SearchQuery(id=name, text=text, about=about, sub_question="known_work", sources=("catalogue",), keys=keys)

    return SearchPlan(
        queries=(
            query("penalties", "lasso ridge regression penalty shrinkage"),
            query("correlated", "correlated predictors selection elastic net"),
            query("comparison", "statistics of comparing learning algorithms over seeds"),
        ),
        include_when=("it treats a penalty of linear regression", "it treats the comparison of learning algorithms"),
        exclude_when=("it treats another subject",),
    )


def screen(question: ScreenQuestion) -> Screening:
    wanted = {*PENALTIES, *COMPARISON}

    numbered = list(enumerate((candidate.work.key for candidate in question.candidates.candidates), start=1))
    kept = tuple(
        Included(number=number, reason="bears on the question or on how it is judged") for number, key in numbered if key in wanted
    )
    left = tuple(number for number, key in numbered if key not in wanted)
    return Screening(included=kept, excluded=(Excluded(reason="another subject", numbers=left),))


def synthesise(question: SynthesisQuestion) -> Synthesis:
    cards = question.cards.cards
    on_penalty = tuple(card.key for card in cards if card.key in PENALTIES)
    others = tuple(card.key for card in cards if card.key not in PENALTIES)
    themes = [Theme(id="penalties", title="Penalties of linear regression", about=("penalty",), keys=on_penalty)]
    if others:
        themes.append(Theme(id="comparison", title="Comparing learning algorithms", about=(), keys=others))
    gap = Gap(
        id="same_rows",
        text="The works read compare penalties on data of their own; a comparison on the same rows with paired seeds is not among them.",
        rests_on=on_penalty,
        factor="penalty",
    )
    return Synthesis(themes=tuple(themes), agreements=(), gaps=(gap,))


def outline(question: OutlineQuestion) -> Outline:
    record = question.record
    conditions = tuple(condition.id for condition in record.plan.conditions)
    main = tuple(f"{pair.a}_vs_{pair.b}" for pair in record.plan.comparisons if pair.purpose == "hypothesis")
    return Outline(
        title="Absolute against quadratic penalties when features are correlated: a paired comparison on sparse linear data",
        claim="What the paired comparison of the lasso with ridge regression shows on these data.",
        sections=tuple(SectionPlan(id=name, title=title, points=(), keys=()) for name, title in question.sections),
        figures=(
            FigureSpec(
                id="method_diagram",
                kind="method_diagram",
                caption="How the study was run: rows made anew for each seed, a fit for each condition, a sealed evaluator.",
                alt="Boxes from the rows over the conditions to the evaluator and the comparison",
                conditions=conditions,
            ),
            FigureSpec(
                id="difference_forest",
                kind="difference_forest",
                caption="Paired differences in held-out root mean squared error with their t intervals; ticks are single seeds.",
                alt="Forest plot of paired differences",
                comparisons=main,
            ),
            FigureSpec(
                id="seed_dots",
                kind="seed_dots",
                caption="Held-out root mean squared error of every run; thin lines join the runs of a seed.",
                alt="Dots of every seed, condition by condition",
                conditions=conditions,
            ),
        ),
    )


def section(question: SectionQuestion) -> SectionDraft:
    """The section's body; the rule-based researcher's where its words are right for this study as well."""
    by_rules = RULES.ask(question, SectionDraft).markdown
    write = SECTIONS.get(question.section.id)
    text = write(question.record) if write else by_rules
    match question.section.id:
        case "method":
            text += "\n\n### Hypotheses {#sec:hypotheses}" + by_rules.split("### Hypotheses {#sec:hypotheses}")[1]
        case "results":
            text = by_rules
        case "discussion" | "conclusion":
            text = f"{by_rules.strip()}\n\n{text}"
    return SectionDraft(markdown=text)


def _outcome(a: str, named: str, b: str = "baseline") -> str:
    return (
        f"{{{{cmp({a},{b}).rmse}}}} {named} (paired difference {{{{diff({a},{b}).rmse|signed3}}}} RMSE, {{{{cfg.confidence_percent|int}}}} % "
        f"interval {{{{ci_low({a},{b}).rmse|signed3}}}} to {{{{ci_high({a},{b}).rmse|signed3}}}})"
    )


def _treatments(record: PaperRecord) -> list[tuple[str, str]]:
    return [(condition.id, condition.label) for condition in record.plan.conditions if condition.role == "treatment"]


def _abstract(record: PaperRecord) -> str:
    return (
        "Penalties of linear regression are often chosen by habit. We ask whether the lasso predicts better than ridge regression "
        "when features are correlated. Rows of a sparse linear model with correlated Gaussian features are made anew for each of "
        "{{cfg.seeds|words}} seeds; every method is fitted to the same rows, chooses its weight by cross-validation, and is scored on "
        f"rows that it never held. The lasso {_outcome('lasso', 'ridge regression')}. The data are sparse by design, so that the "
        "finding does not carry over to dense signals. Hypotheses, comparisons and analysis were fixed before the first run, and "
        "every number is looked up in the record."
    )


def _introduction(record: PaperRecord) -> str:
    return (
        "A penalty trades bias for variance when a regression has few rows for its features. Ridge regression shrinks all coefficients "
        "[@hoerl1970ridge]; the lasso sets some of them to zero [@tibshirani1996regression]. When features are correlated they "
        "behave differently: the quadratic penalty shares an effect among neighbours, the absolute penalty picks.\n\n"
        f"{' '.join(record.factors[0].background[1:])} Which of the penalties predicts better is therefore no matter of principle. It depends "
        "on how many features carry signal, on how strongly they are correlated, and on how many rows there are to tell them apart. "
        "Advice that leaves out one of these is hard to use, and advice that rests on a single split is hard to trust.\n\n"
        f"The question of this paper is: {record.goal.question} We answer it on data whose truth is known, with rows, splits and "
        "seeds shared by all methods (@sec:setup), and judge every comparison within seeds (@sec:results). Synthetic rows have a price, "
        "since nobody needs predictions for them, and a merit: correlation, noise and the number of relevant features are known and "
        "the same for every method. We say what the comparison shows, how large an effect it could have missed, and what it does not "
        "show (@sec:limitations). The share of the choice of the weight is taken apart in @sec:ablations.\n\n"
        "### How this paper was made {#sec:how_made}\n\n"
        "No shipped study answers the topic, so the code of a new one was written by a model, reviewed in another context and frozen "
        "by hash before the first run. Splits and score were not written by it. The topic was read as a question about held-out "
        "prediction error, not about which features are found."
    )


def _related(record: PaperRecord) -> str:
    about = [work for work in record.works if work.key in PENALTIES]
    others = [work for work in record.works if work.key not in PENALTIES]
    first = " ".join(f"@{work.key} {work.gist}." for work in about)
    second = " ".join(f"@{work.key} {work.gist}." for work in others)
    return (
        f"{first} The works differ in their data; ours are the same rows for every penalty.\n\n"
        f"{second} We follow this advice with paired seeds and hypotheses that were fixed in advance. "
        "A split that is drawn once can favour a method by chance, and repeated splits of the same rows overlap. Here every seed "
        "makes rows of its own, so that the paired differences are independent of each other."
    )


def _method(record: PaperRecord) -> str:
    rows = "\n".join(
        f"| {c.label if c.role != 'baseline' else 'ridge regression (the baseline)'} | {c.role} | {c.reason.rstrip('.')} |"
        for c in record.plan.conditions
    )
    return (
        "All methods minimise squared error plus a penalty on the coefficients of standardised features by coordinate descent "
        "[@hastie2001elements]:\n\n"
        "$$ \\hat\\beta = \\arg\\min_\\beta \\; \\frac{1}{2n} \\| y - X \\beta \\|^2 + \\lambda \\left( \\alpha \\| \\beta \\|_1 "
        "+ \\frac{1 - \\alpha}{2} \\| \\beta \\|_2^2 \\right) $$ {#eq:penalty}\n\n"
        "In @eq:penalty the share $\\alpha$ makes the method: none of it is ridge regression, all of it the lasso, and what lies "
        "between is the elastic net [@zou2005regularization]. The conditions are listed in @tbl:conditions and drawn in "
        "@fig:method_diagram; each is a patch of the same program.\n\n"
        f"| Condition | Role | What it does |\n|---|---|---|\n{rows}\n\n"
        ": Conditions and what each of them changes. {#tbl:conditions}\n\n"
        "![How the study was run: rows made anew for each seed, a fit for each condition, a sealed evaluator.]"
        '(charts/method_diagram.pdf){#fig:method_diagram alt="Boxes from the rows over the conditions to the evaluator"}\n\n'
        "### The methods {#sec:factor}\n\n"
        f"{_methods(record)}"
    )


def _methods(record: PaperRecord) -> str:
    """Each level with what is said for and against it, from the blueprint's declared facts."""
    levels = record.factors[0].levels
    return "\n\n".join(
        f"**{level.label[:1].upper()}{level.label[1:]}.** {level.mechanism} In favour of it: {_small(level.case_for)} "
        f"Against it: {_small(level.case_against)}"
        for level in levels
        if level.name in {"ridge", *(name for name, _ in _treatments(record))}
    )


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def _setup(record: PaperRecord) -> str:
    return (
        "### Data {#sec:data}\n\n"
        "The rows are those of a {{data.name|text}}. Neighbouring features are strongly correlated and distant ones hardly; a few "
        "features that are drawn at random carry the signal, with coefficients of equal size and random sign; the rest are irrelevant; "
        "the noise is Gaussian. Each seed makes its own rows, of which {{data.train_rows|int}} are for fitting, "
        "{{data.val_rows|int}} for scoring and {{data.test_rows|int}} stay untouched. The seeds of data and split are salted with a "
        "number that the fitted code cannot know. A predictor that always gives the mean of the training targets has an error of "
        "{{ref.training_mean|f3}} RMSE on the rows of the first seed.\n\n"
        "### Fitting and scoring {#sec:fitting}\n\n"
        "A fit sees its training rows and nothing else. Another process of it, in a fresh sandbox, gets the held-out inputs without "
        "targets; the error is computed by the program that started both. A fit may take {{cfg.budget_s|int}} seconds of one "
        "processor thread. @tbl:sizes says what each condition stores.\n\n"
        "| Condition | Stored numbers | Fit time against the baseline |\n|---|--:|--:|\n"
        + "\n".join(
            f"| {c.label if c.role != 'baseline' else 'ridge regression'} | {{{{{c.id}.parameters|int}}}} | {{{{{c.id}.cost_ratio|f2}}}} |"
            for c in record.plan.conditions
        )
        + "\n\n: What a fitted state holds, and what a fit costs. {#tbl:sizes}\n\n"
        "### Code that was written for this study {#sec:code}\n\n"
        "The program that makes the rows returns inputs and targets and nothing else. It was run, searched for columns that are the "
        "target in disguise and for rows that would appear on both sides of the split, read by a reviewer in a context of its own, and "
        "frozen by its fingerprint before anything was fitted. The program that fits defines how training rows become a state and how "
        "a state and rows become predictions. Every condition is a small patch of it. Each patch was run before the study, and a patch "
        "whose predictions repeated those of another condition would have been refused by name. A prediction that changes when other "
        "rows are predicted with it is rejected, so that no method can borrow from the rows it is scored on.\n\n"
        "Which rows are held out follows from the seed of a run and from a number that was drawn when this program was frozen. The number "
        "stands in the record, so that everything can be made again, and it stood in no prompt and in no sandbox, so that neither the "
        "author of the code nor the code itself could know the rows beforehand.\n\n"
        "### Seeds {#sec:seeds}\n\n"
        "All {{cfg.conditions|words}} conditions share the same {{cfg.seeds|words}} seeds, which makes {{cfg.runs_reported|int}} "
        "reported runs, of which {{cfg.runs_failed|int}} failed."
    )


def _ablations(record: PaperRecord) -> str:
    text = (
        "A well chosen weight may matter more than the form of the penalty. With the choice of the weight taken out, the lasso with a fixed "
        f"weight {_outcome('lasso_ablated', 'the lasso', 'lasso')}."
    )
    tried = [attempt for attempt in record.attempts if attempt.gain is not None]
    if tried:
        changes = " and ".join(f"{attempt.change} (gain {{{{cfg.attempt_{attempt.number}_gain|f3}}}} RMSE)" for attempt in tried)
        text += f"\n\nAfter the registered runs a short search on a development seed tried {changes}."
        if "tuned" in record.results.conditions:
            text += (
                " On {{cfg.confirmation_seeds|words}} fresh seeds the changed program and the one it started from differ by "
                f"{{{{diff(tuned,{record.incumbent}).rmse|signed3}}}} RMSE in the mean."
            )
    return text


def _discussion(record: PaperRecord) -> str:
    return (
        "The comparison says how the penalties predict on sparse data with correlated features, and no more. That the absolute penalty "
        "selects the right features under correlation is not implied: selection and prediction are different aims "
        "[@hastie2001elements]. Who wants to keep correlated features together has reasons for the quadratic penalty that an error does "
        "not show [@zou2005regularization].\n\n"
        "The design also bounds what could have gone wrong. All methods see the same rows and the same folds for a given seed, so that a "
        "lucky sample is lucky for all of them. The weight is chosen inside each fit from the training rows, so that no method was "
        "tuned on what it is scored on. What remains is the choice of the data themselves: a sparse truth was written into them, and "
        "a reader who expects many small effects should not expect the same picture. Correlation falls off with distance here, while "
        "features that come in blocks or share a common cause are correlated in other ways, and the methods may rank differently "
        "there.\n\n"
        "For practice the interval matters more than the mean: where it includes zero, convenience may decide between the lasso and "
        "ridge regression."
    )


def _limitations(record: PaperRecord) -> str:
    confounders = " ".join(record.factors[0].confounders)
    return (
        f"{confounders} The methods share one solver and one way of choosing the weight, which makes them comparable and leaves out "
        "what specialised software would add. The error on held-out rows says nothing about the coefficients: a method may predict "
        "well with the wrong features, and the record holds the fitted coefficients of no run. A single correlation and a single noise level were studied. The rows are synthetic, and real features are rarely "
        "Gaussian. With {{cfg.seeds|words}} seeds the intervals are wide, and whether differences are normal cannot be checked. "
        "The reading behind this paper covers {{lit.included|int}} works by their records and short summaries. The code was written "
        "by a model and reviewed by the same one in another context."
    )


def _conclusion(record: PaperRecord) -> str:
    return (
        "What would change the picture is known as well: a dense truth, a weaker correlation, or more rows for each feature. Each of "
        "them is a change of a constant in the program that makes the rows, and the patches of the methods can stay as they are."
    )


SECTIONS = {
    "abstract": _abstract,
    "introduction": _introduction,
    "related_work": _related,
    "method": _method,
    "setup": _setup,
    "ablations": _ablations,
    "discussion": _discussion,
    "limitations": _limitations,
    "conclusion": _conclusion,
}


def review(question: ReviewQuestion) -> Review:
    return Review(
        reviewer=question.role,
        summary="The paper compares penalties on the same synthetic rows with paired seeds.",
        strengths=("All methods see the same rows.", "The comparisons were fixed before the first run."),
        weaknesses=(),
        quality=3,
        clarity=3,
        significance=2,
        originality=2,
        overall=4,
        confidence=3,
    )


def preside(question: AreaChairQuestion) -> RequiredChanges:
    return RequiredChanges(ids=())
