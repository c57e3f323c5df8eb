"""The rule-based writer, measured on whole papers: what it says follows the data, and it says nothing that it may not."""

import importlib.util
import itertools
import re
from difflib import SequenceMatcher
from pathlib import Path
from statistics import fmean

import pytest

from researchclaw.adapters.offline import writing
from researchclaw.adapters.offline.writing.reading import Study
from stages.errors import ManuscriptRefused
from stages.g_writing import paper_draft, paper_outline
from stages.g_writing.against_record import faults
from stages.g_writing.claims import claims_table, sentences
from stages.g_writing.document import cited_keys, labels
from stages.g_writing.markdown import parse
from stages.g_writing.values import render_values

STUDIES = Path(__file__).resolve().parents[3] / "stages" / "g_writing" / "studies.py"
SITUATIONS = {
    "clear": (
        "Which optimiser is best for small language models?",
        {"effects": {"muon": -0.2, "sgd": 0.5}, "costs": {"muon": 1.2}, "tuned": -0.02},
    ),
    "null": ("Does dropout help when training is short?", {"effects": {}, "noise": 0.02}),
    "negative": (
        "Does the learning-rate schedule matter for tiny language models?",
        {"effects": {"trapezoid": 0.08, "constant": -0.06}},
    ),
    "contest": ("Width or depth: what pays more for a small transformer?", {"effects": {"width_96": 0.05, "depth_3": 0.1}}),
    "two factors": ("Do batch size and warm-up act together in small models?", {"effects": {"batch_8": -0.1}}),
    "some failed": ("Position encoding for byte-level models", {"effects": {"alibi": 0.06}, "failing": ("rope",)}),
    "one lost": ("Do n-gram tables help a tiny language model?", {"effects": {"trigram_tables": -0.3}, "failing": ("bigram_table!",)}),
    "single run": ("Is weight decay useful in short training?", {"seeds": 1}),
    "two runs": ("gradient clipping in small language models", {"seeds": 2}),
    "width alone": (
        "How wide should a tiny language model be?",
        {"effects": {"width_32": 0.1, "width_128": -0.05}, "seeds": 4, "tuned": -0.05},
    ),
    "more seeds": ("Which activation function should a tiny GPT use?", {"effects": {"swiglu": -0.03}, "seeds": 6}),
}


ARGUED = (
    "abstract",
    *(f"sec:{name}" for name in ("introduction", "results", "ablations", "discussion", "limit", "conclu")),
)
"""Where a paper speaks of its own question: what it shares there with a paper on another one is about neither."""


class Paper:
    """A draft with what the tests ask of it."""

    def __init__(self, studies, topic, **study):
        before = studies.finished(topic, **study)
        self.record = paper_outline.record_of(paper_outline.Inputs(**before), studies.context())
        self.outline = paper_outline.run(paper_outline.Inputs(**before), studies.context())
        bodies = tuple(text for _, text in writing.compose(self.record, self.outline))
        self.sections = dict(zip((section.id for section in self.outline.sections), bodies, strict=True))
        self.markdown = paper_draft.assembled(self.outline, bodies)
        self.document = parse(self.markdown)
        self.rendered, _ = render_values(self.document, self.record.results)
        prose = [item for item in sentences(self.rendered) if not item.place.startswith(("fig:", "tbl:"))]
        self.prose = [item.words for item in prose]
        self.argued = [item.words for item in prose if item.place.startswith(ARGUED)]
        self.abstract = " ".join(item.words for item in prose if item.place == "abstract")


@pytest.fixture(scope="module")
def studies():
    spec = importlib.util.spec_from_file_location("studies", STUDIES)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def papers(studies):
    return {name: Paper(studies, topic, **study) for name, (topic, study) in SITUATIONS.items()}


@pytest.fixture(params=SITUATIONS)
def paper(request, papers):
    return papers[request.param]


def test_the_lint_finds_no_gate_and_no_major_fault(paper):
    found = [finding.message for finding in faults(paper.document, paper.outline.figures, paper.record) if finding.severity != "minor"]
    assert found == []


def test_no_comparing_sentence_contradicts_the_record(paper):
    wrong = [claim.sentence for claim in claims_table(paper.document, paper.record.results) if claim.verdict != "supported"]
    assert wrong == []


def test_the_paper_is_neither_thin_nor_long(paper):
    assert 2500 <= sum(len(sentence.split()) for sentence in paper.prose) <= 6000
    assert 120 <= len(paper.abstract.split()) <= 220
    assert 14 <= fmean(len(sentence.split()) for sentence in paper.prose) <= 28


def test_at_least_twenty_works_are_cited_and_all_of_them_are_on_the_shortlist(paper):
    keys = set(cited_keys(paper.document))
    assert len(keys) >= 20
    assert keys <= paper.record.citable


def test_no_sentence_is_said_again(paper):
    assert len(set(paper.prose)) == len(paper.prose)
    alike = []
    for one, other in itertools.combinations(paper.prose, 2):
        if min(len(one), len(other)) > 30 and abs(len(one) - len(other)) < 0.35 * max(len(one), len(other)):
            matcher = SequenceMatcher(None, one, other, autojunk=False)
            if matcher.real_quick_ratio() >= 0.85 and matcher.quick_ratio() >= 0.85 and matcher.ratio() >= 0.85:
                alike.append((one, other))
    assert alike == []


def test_figures_and_tables_are_there_and_referred_to(paper):
    found = {label for label in labels(paper.document) if label.startswith(("fig:", "tbl:"))}
    assert sum(label.startswith("fig:") for label in found) >= 3
    assert sum(label.startswith("tbl:") for label in found) >= 2
    for label in found:
        assert f"@{label}" in paper.markdown
        assert paper.markdown.index(f"@{label}") < paper.markdown.index(f"{{#{label}"), f"{label} appears before it is referred to"


def test_machine_time_is_printed_on_the_cost_line_only(paper):
    for name, text in paper.sections.items():
        assert ("{{cost." in text) == ("{{seconds." in text) == (name == "appendix_cost")


def test_page_one_says_who_wrote_the_paper_and_which_choices_were_made(paper):
    introduction = paper.sections["introduction"]
    assert "rule-based researcher" in introduction
    assert paper.record.goal.choices[0] in introduction


@pytest.mark.parametrize("name", ["clear", "two factors"])
def test_the_same_record_gives_the_same_text(papers, name):
    paper = papers[name]
    again = tuple(text for _, text in writing.compose(paper.record, paper.outline))
    assert again == tuple(paper.sections.values())


def test_two_topics_share_at_most_a_third_of_their_sentences(papers):
    for one, other in itertools.combinations(papers.values(), 2):
        shared = set(one.prose) & set(other.prose)
        assert len(shared) <= 0.35 * min(len(one.prose), len(other.prose))
        if not {factor.name for factor in one.record.factors} & {factor.name for factor in other.record.factors}:
            in_common = sum(len(words.split()) for words in one.argued if words in shared)
            assert in_common <= 0.12 * len(" ".join(one.argued).split())


def test_the_subject_is_named_in_few_sentences_and_in_no_list_item_but_the_questions(paper):
    about = [factor.label.lower() for factor in paper.record.factors]
    labels = {contrast.label for contrast in paper.record.plan.conditions}
    labels |= {level.label for factor in paper.record.factors for level in factor.levels}
    labels |= {f"without {label.removeprefix('no ')}" for label in labels if label.startswith("no ")}
    names = re.compile("|".join(re.escape(name) for name in sorted(labels, key=len, reverse=True)), re.IGNORECASE)
    naming = [sentence for sentence in paper.prose if any(name in names.sub(" ", sentence).lower() for name in about)]
    assert len(naming) <= len(paper.prose) / 3
    if len(about) == 1:
        asked = {question.text for question in paper.record.sub_questions}  # a question that leaves its subject out asks nothing
        items = [line for line in paper.markdown.splitlines() if line.startswith("- ") and line[2:] not in asked]
        assert not [item for item in items if about[0] in names.sub(" ", item).lower()]


def test_no_constant_of_the_training_script_stands_in_the_text(paper):
    assert not re.search(r"\b(?:[A-Z]{2,}_[A-Z_]+|BETA2|DROPOUT)\b", " ".join(paper.prose))
    assert not re.search(r"(?i)\b(?:ngram|beta2)\b", " ".join(paper.prose))


def test_works_that_bear_on_nothing_here_are_not_cited(paper):
    strangers = {"lundberg2017unified", "friedman2001greedy", "goodfellow2014generative", "guo2017calibration"}
    assert not strangers & set(cited_keys(paper.document))


def test_related_work_tells_no_chronicle(paper):
    text = paper.sections["related_work"]
    assert not re.search(r"(?i)much later|some years later|also at that time|in the same year|\bas to\b|turning to", text)


def test_no_effect_size_in_units_of_its_own_spread_is_advertised(paper):
    assert "{{dz(" not in paper.markdown.replace(" ", "")


def test_each_hypothesis_has_its_paragraph_with_prediction_and_verdict(paper):
    compared = [trial for trial in Study(paper.record).trials if trial.outcome != "uncompared"]
    paragraphs = [block for block in paper.sections["results"].split("\n\n") if "predict" in block and "{{cmp(" in block]
    assert len(paragraphs) == len(compared)
    for block in paragraphs:
        bare = block.replace(" ", "")
        for needed in ("{{diff(", "{{ci_low(", "{{ci_high(", ".holm_p|p}}"):
            assert needed in bare
        assert "seed" in block.lower()


def test_a_course_of_action_is_named_only_where_its_condition_came_true(papers):
    discussion = papers["negative"].sections["discussion"]
    assert "if the constant rate is ahead" in discussion  # it leads by mean and its verdict is clear
    assert "if decay gives a large gain" not in discussion
    assert "harmless" not in papers["null"].sections["discussion"]  # not told apart is not shown to be alike


def test_a_clear_result_is_stated_with_its_interval_and_a_null_result_as_one(papers):
    assert "Muon is better than AdamW" in papers["clear"].abstract
    assert re.search(r"95 % interval (?:from )?[+-]\d", papers["clear"].abstract)
    assert "does not differ clearly" in papers["null"].abstract
    assert "held" not in papers["null"].outline.title


def test_a_prediction_that_failed_is_said_to_have_failed(papers):
    text = papers["negative"].sections["results"]
    assert re.search(r"failed|refuted|did not happen|is lost", text)
    assert "failed" in papers["negative"].outline.title


def test_every_comparison_of_a_hypothesis_that_has_an_interval_is_reported_with_it(paper):
    text = paper.sections["results"].replace(" ", "")
    for hypothesis in paper.record.hypotheses.hypotheses:
        pair = f"({hypothesis.treatment},{hypothesis.reference})"
        found = paper.record.results.comparisons.get(f"{hypothesis.treatment}_vs_{hypothesis.reference}", {}).get("val_bpb")
        if found is not None and found.ci95_low is not None:
            assert f"{{{{cmp{pair}.val_bpb}}}}" in text
            assert f"{{{{ci_low{pair}.val_bpb|signed3}}}}" in text


def test_few_seeds_make_no_comparison(papers):
    for name in ("single run", "two runs"):
        assert "cmp(" not in papers[name].markdown
        assert "ci_low(" not in papers[name].markdown
        assert "learning_curves" in papers[name].markdown


def test_failures_are_reported(papers):
    for name in ("some failed", "one lost"):
        assert "did not end with a score" in papers[name].abstract
        assert "Runs that failed" in papers[name].sections["limitations"]
    assert "could not be put to the test" in papers["one lost"].sections["results"]


def test_a_contest_is_decided_between_the_rivals(papers):
    for section in ("abstract", "ablations", "conclusion"):
        assert "cmp(width_96,depth_3)" in papers["contest"].sections[section].replace(" ", ""), section


def test_the_interplay_of_two_factors_is_reported_in_the_abstract(papers):
    assert "interaction.mean_diff" in papers["two factors"].sections["abstract"]


def test_guidance_that_no_rule_reads_is_said_to_have_had_no_effect(papers):
    paper = papers["null"]
    plan = dict(writing.compose(paper.record, paper.outline, guided=True))["appendix_plan"]
    assert "has not followed it" in plan
    assert "has not followed it" not in paper.sections["appendix_plan"]


def test_mending_by_rule_is_refused(papers):
    paper = papers["clear"]
    question = paper_draft.MendQuestion(
        record=paper.record,
        outline=paper.outline,
        section=paper.outline.sections[0],
        values=(),
        examples=(),
        figures=(),
        works=(),
        markdown="x",
        found=("the numeral 3 is typed",),
    )
    with pytest.raises(ManuscriptRefused, match="numeral 3"):
        writing.mend(question)


def test_the_appendix_tells_what_a_rule_left_out_unread_and_only_then(papers):
    record, outline = papers["clear"].record, papers["clear"].outline
    for removed in (0, 7):
        counts = record.counts.model_copy(update={"removed_by_rule": removed, "screened": 50})
        results = record.results.model_copy(update={"literature": counts.model_dump()})
        said = dict(writing.compose(record.model_copy(update={"counts": counts, "results": results}), outline, guided=True))[
            "appendix_search"
        ]
        assert ("{{lit.removed_by_rule|int}} more were left out by rule before the screening;" in said) == bool(removed)
        assert "{{lit.screened|int}}" in said
