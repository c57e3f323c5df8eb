"""What the topic's words ask for is answered, and what the record does not bear out is left out: abstract, discussion, conclusion."""

import importlib.util
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from researchclaw.adapters.offline import writing
from researchclaw.adapters.offline.scoping import _word_by_word
from researchclaw.adapters.offline.writing import asked, foreseen, limitations, phrases, title
from researchclaw.adapters.offline.writing.language import Voice
from researchclaw.adapters.offline.writing.reading import Study, _signed
from stages.contracts import TopicMatch
from stages.g_writing import paper_draft, paper_outline
from stages.g_writing.against_record import faults
from stages.g_writing.claims import claims_table, sentences
from stages.g_writing.markdown import parse
from stages.g_writing.values import render_values

STUDIES = Path(__file__).resolve().parents[3] / "stages" / "g_writing" / "studies.py"
SITUATIONS = {
    "heads": (
        "How many attention heads should a small transformer have?",
        {
            "effects": {"heads_4": 0.05, "heads_8": 0.27},
            "costs": {"heads_4": 1.06, "heads_8": 1.58},
            "seeds": 5,
            "tuned": -0.8,
            "parameters": {"tuned": 2_237_056},
        },
    ),
    "norms": (
        "Does RMSNorm train better than LayerNorm in a small GPT, with and without warm-up?",
        {"effects": {"rmsnorm": 0.001}, "noise": 0.012, "seeds": 5, "tuned": -0.8},
    ),
    "positions": (
        "Do rotary positions beat learned positions in a tiny language model?",
        {"effects": {"rope": -0.24, "alibi": 0.09, "no_position": 0.3}, "costs": {"rope": 1.13, "alibi": 1.13}, "seeds": 5},
    ),
    "optimisers": ("Which optimiser suits a tiny language model?", {"effects": {"muon": -0.2, "sgd": 0.5}, "seeds": 5}),
}


@pytest.fixture(scope="module")
def studies():
    spec = importlib.util.spec_from_file_location("studies", STUDIES)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def papers(studies):
    return {name: composed(studies, topic, study) for name, (topic, study) in SITUATIONS.items()}


def composed(studies, topic, study):
    before = studies.finished(topic, **study)
    inputs = paper_outline.Inputs(**before)
    record, outline = paper_outline.record_of(inputs, studies.context()), paper_outline.run(inputs, studies.context())
    bodies = tuple(text for _, text in writing.compose(record, outline))
    document = parse(paper_draft.assembled(outline, bodies))
    return SimpleNamespace(
        record=record,
        outline=outline,
        document=document,
        study=Study(record),
        sections=dict(zip((section.id for section in outline.sections), bodies, strict=True)),
        text=" ".join(item.words for item in sentences(render_values(document, record.results)[0])),
    )


@pytest.mark.parametrize("name", SITUATIONS)
def test_lint_and_claims_are_clean(papers, name):
    paper = papers[name]
    found = [fault.message for fault in faults(paper.document, paper.outline.figures, paper.record) if fault.severity != "minor"]
    assert found == []
    assert [claim.sentence for claim in claims_table(paper.document, paper.record.results) if claim.verdict != "supported"] == []


# ---------------------------------------------------------------- a setting that is none


def test_a_setting_at_the_references_value_is_no_change(papers):
    study = papers["norms"].study
    assert {name for contrast in study.record.plan.conditions for name in contrast.settings} == {"NORM", "WARMUP", "GRAD_CLIP"}
    assert study.moved == ()
    assert "place of the normalisation" not in papers["norms"].sections["method"]
    assert "move along" not in papers["norms"].text
    assert "Above all" not in papers["norms"].sections["limitations"]


def test_an_older_plan_with_idle_settings_is_read_without_them(papers):
    record = papers["norms"].record
    conditions = tuple(
        contrast.model_copy(update={"settings": {**contrast.settings, "NORM_PLACE": "'pre'"}}) if contrast.settings else contrast
        for contrast in record.plan.conditions
    )
    config = record.results.config | {f"{one.id}_norm_place": "pre" for one in conditions if one.settings} | {"norm_place": "pre"}
    older = record.model_copy(
        update={
            "plan": record.plan.model_copy(update={"conditions": conditions}),
            "results": record.results.model_copy(update={"config": config}),
        }
    )
    assert Study(older).moved == ()
    written = dict(writing.compose(older, papers["norms"].outline))
    assert "place of the normalisation" not in written["method"] + written["limitations"]
    changes = written["appendix_reproducibility"].partition("| Condition | Setting |")[2]
    assert "normalisation" in changes
    assert "place of the normalisation" not in changes


def test_settings_that_do_move_along_are_still_told(papers):
    assert {contrast.id for contrast in papers["optimisers"].study.moved} >= {"muon"}


# ---------------------------------------------------------------- what is asked


def test_a_topic_that_asks_how_many_gets_the_levels_with_what_is_told_apart(papers):
    paper = papers["heads"]
    found = asked.choice(paper.study)
    assert [trial.treatment.id for trial in found.worse] == ["heads_4", "heads_8"]
    assert [trial.treatment.id for trial in found.alike] == ["heads_1"]
    assert "the answer is attention with 2 heads; not told apart from it: attention with a single head" in paper.sections["abstract"]
    assert "clearly worse: attention with 4 heads" in paper.sections["abstract"]
    assert re.search(r"the order is attention with|order of their means stand attention with", paper.sections["discussion"])
    conclusion = paper.sections["conclusion"]
    assert "attention with 2 heads or attention with a single head, between which these seeds do not decide" in conclusion


def test_a_clear_lead_is_the_answer_to_which(papers):
    assert "the answer is Muon: Muon {{cmp(muon,baseline).val_bpb}} AdamW" in papers["optimisers"].sections["abstract"]


@pytest.mark.parametrize("name", ["norms", "positions"])
def test_a_topic_that_asks_for_an_effect_gets_no_choice(papers, name):
    assert asked.choice(papers[name].study) is None


def test_with_and_without_gets_both_simple_effects_and_the_interaction(papers):
    paper = papers["norms"]
    found = asked.either_way(paper.study)
    assert (found.asked.name, found.circumstance.name) == ("normalisation", "warmup")
    assert found.prints == ("with a short warm-up", "without warm-up")
    for section in ("abstract", "conclusion"):
        text = paper.sections[section]
        for pair in ("(rmsnorm,baseline)", "(rmsnorm_and_no_warmup,no_warmup)"):
            assert f"{{{{cmp{pair}.val_bpb}}}} layer normalisation" in text
        assert "{{interaction.mean_diff|" in text
    lead = paper.sections["conclusion"].split(". ")[0]
    assert "(rmsnorm_and_no_warmup,no_warmup)" in lead
    assert asked.either_way(papers["heads"].study) is None


def test_the_circumstance_is_what_follows_with_and_without(papers):
    record = papers["norms"].record
    for topic, circumstance in (
        ("With and without warm-up, does RMSNorm beat LayerNorm?", "warmup"),
        ("Does training without warm-up work with or without RMSNorm?", "normalisation"),
        ("Do RMSNorm and training without warm-up help?", None),
    ):
        words = {"normalisation": ("RMSNorm",), "warmup": ("warm-up",)}
        matches = tuple(match.model_copy(update={"words": words[match.factor]}) for match in record.goal.matches)
        goal = record.goal.model_copy(update={"topic": topic, "matches": matches})
        found = asked.either_way(Study(record.model_copy(update={"goal": goal})))
        assert (found and found.circumstance.name) == circumstance


def test_the_sign_of_the_interaction_is_told_where_all_seeds_share_it(papers):
    study = papers["norms"].study
    both = study.results.interaction
    for wins, said in ((5, True), (0, True), (2, False)):
        changed = both.model_copy(update={"wins": wins, "verdict": "not distinguishable"})
        results = study.results.model_copy(update={"interaction": changed})
        text = asked.interplay(Study(study.record.model_copy(update={"results": results})))
        assert ("its sign is the same on all" in text) == said


# ---------------------------------------------------------------- the search


def test_a_searched_setting_is_set_against_the_same_condition_and_says_nothing_of_the_question(papers):
    asides = {
        "abstract": "of the number of attention heads this says nothing",
        "discussion": "both have the same number of attention heads, about which this says nothing",
    }
    for section, aside in asides.items():
        text = papers["heads"].sections[section]
        assert re.search(r"the tuned setting \{\{cmp\(tuned,\w+\)\.val_bpb\}\} [\w ]+ (?:before|without) this change", text)
        assert aside in text
        assert "best that the budget allows" not in text


def test_a_search_within_the_factor_is_not_said_to_be_beside_the_question(papers):
    record = papers["heads"].record
    kept = tuple(one.model_copy(update={"settings": {"HEADS": "4"}}) if one.verdict == "keep" else one for one in record.attempts)
    assert phrases.beside_the_question(Study(record.model_copy(update={"attempts": kept}))) == ""
    edited = tuple(one.model_copy(update={"settings": {}}) for one in record.attempts)
    assert phrases.beside_the_question(Study(record.model_copy(update={"attempts": edited}))) == ""


def test_the_abstract_counts_the_searched_model_only_where_it_speaks_of_it(papers):
    assert "models of" in papers["heads"].sections["abstract"]
    assert "{{tuned.parameters|int}}" in papers["heads"].sections["abstract"]
    assert "tuned" not in papers["positions"].sections["abstract"]


# ---------------------------------------------------------------- what does not hold is left out


def test_a_remark_stands_only_where_all_of_its_condition_holds(papers):
    study = papers["positions"].study
    factor = study.factors[0]
    trials = list(study.trials)
    assert not foreseen.came_true("If learned embeddings fall behind", study, factor, trials)
    ahead = {"rope": "better", "alibi": "better", "no_position": "better"}
    assert foreseen.is_behind(frozenset({"learned_position"}), False, "learned_position", ahead)
    assert not foreseen.is_behind(frozenset({"learned_position"}), False, "learned_position", ahead | {"alibi": "worse"})
    assert "What to do in this case" not in papers["positions"].text


def test_a_loss_with_fewer_steps_may_be_owed_to_their_price(papers):
    heads = papers["heads"]
    assert all(heads.study.lost_with_fewer_steps(trial) for trial in heads.study.trials if trial.outcome == "failed")
    positions = papers["positions"].study
    failed = next(trial for trial in positions.trials if trial.treatment.id == "alibi")
    assert failed.outcome == "failed"
    assert not positions.lost_with_fewer_steps(failed)  # rotary embeddings make as few and are ahead
    assert "{{heads_8.steps|int}}" in heads.sections["discussion"]
    assert "must be wrong or incomplete" not in heads.sections["discussion"]
    assert "equal number of steps" in heads.sections["conclusion"] or "price of its steps" in heads.sections["conclusion"]


def test_a_caution_needs_an_object(papers):
    heads, norms = papers["heads"].study, papers["norms"].study
    slope = "Position schemes that assign a slope to each head behave differently when the number of heads changes."
    gained = "Each normalisation costs time on every position, and a cheaper variant gains steps within a fixed budget."
    assert slope in heads.factors[0].confounders
    assert gained in norms.factors[0].confounders
    assert not limitations.applies(heads, slope)
    assert not limitations.applies(norms, gained)  # all conditions made as many
    biased = heads.results.config | {"heads_4_position": "alibi"}
    assert limitations.applies(
        Study(heads.record.model_copy(update={"results": heads.results.model_copy(update={"config": biased})})), slope
    )
    assert limitations.applies(heads, "Separate heads can cost steps on a processor.")


def test_a_lone_run_is_named_with_its_score_and_that_of_the_others(papers):
    study = papers["norms"].study
    assert limitations.lone_run(study, Voice("a topic")) == ""
    seeds = {"1": 3.083, "2": 3.071, "3": 3.096, "4": 3.084, "5": 3.147}
    found = study.results.conditions["no_warmup"]
    metrics = {"val_bpb": found.metrics["val_bpb"].model_copy(update={"seeds": seeds})}
    conditions = study.results.conditions | {"no_warmup": found.model_copy(update={"metrics": metrics})}
    apart = Study(study.record.model_copy(update={"results": study.results.model_copy(update={"conditions": conditions})}))
    said = limitations.lone_run(apart, Voice("a topic"))
    for place in (5, 2, 3):
        assert f"{{{{no_warmup.val_bpb.seed.{place}|f3}}}}" in said


def test_a_sign_is_not_rounded_away():
    assert _signed(-0.0003, 0.039) == "signed4"
    assert _signed(0.00003, 0.039) == "signed5"
    assert _signed(-0.038, 0.023) == "signed3"
    assert _signed(0.0, None) == "signed3"


def test_the_interaction_has_a_row_and_a_place_in_the_figure(papers):
    paper = papers["norms"]
    assert "| Both changes together (interaction) |" in paper.sections["ablations"]
    forest = next(figure for figure in paper.outline.figures if figure.id == "ablation_forest")
    assert "interaction" in forest.comparisons


def test_a_lone_open_prediction_is_one_in_the_title(papers):
    study = papers["heads"].study
    assert [trial.outcome for trial in study.trials].count("open") == 1
    assert title.title(study).endswith("predictions that failed beside an open one")


def test_each_word_of_the_topic_is_told_with_its_level(studies):
    factors = {factor.name: factor for kit in studies.context().kits for factor in kit.factors}
    match = TopicMatch(factor="position", levels=("rope",), words=("rotary", "positions", "learned positions"))
    assert _word_by_word(match, match.levels, factors["position"]) == (
        "In the topic, “rotary” was taken to ask for rotary embeddings, and “learned positions” for learned position embeddings, "
        "the reference."
    )
    lone = TopicMatch(factor="position", levels=("rope",), words=("rotary", "positions"))
    assert _word_by_word(lone, lone.levels, factors["position"]) == ""


def test_zero_is_called_zero(papers):
    for paper in papers.values():
        assert not re.search(r"(?:excludes|leaves out|side of) no difference", paper.text)
        assert "known to change" not in paper.text
        assert "Every scored run" not in paper.text
