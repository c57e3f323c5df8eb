"""Sentences of the rule-based writer that were once untrue somewhere: each may stand only where the record bears it out."""

import importlib.util
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from researchclaw.adapters.offline import writing
from researchclaw.adapters.offline.writing import ablations, appendix, improvement, limitations, phrases
from researchclaw.adapters.offline.writing.language import Voice
from researchclaw.adapters.offline.writing.reading import Study
from stages.contracts import RunSeconds
from stages.g_writing import paper_draft, paper_outline
from stages.g_writing.against_record import faults
from stages.g_writing.claims import claims_table, sentences
from stages.g_writing.markdown import parse
from stages.g_writing.record import tried_settings as paper_record_tried
from stages.g_writing.values import render_values

STUDIES = Path(__file__).resolve().parents[3] / "stages" / "g_writing" / "studies.py"
SIZES = {"width_96": 283_584, "depth_3": 189_312, "width_96_and_depth_3": 394_560, "width_96_and_depth_3_ablated": 394_560}
SITUATIONS = {
    "shapes": (
        "Should a small GPT be wide or deep?",
        {
            "effects": {"width_96": 0.16, "depth_3": 0.19, "width_96_and_depth_3": 0.34},
            "costs": {"width_96": 1.78, "depth_3": 1.43, "width_96_and_depth_3": 2.54, "width_96_and_depth_3_ablated": 2.69},
            "parameters": SIZES,
            "seeds": 5,
            "tuned": -0.8,
        },
    ),
    "schedules": (
        "Does the learning-rate schedule matter for tiny byte-level language models?",
        {
            "effects": {"constant": -0.09, "trapezoid": -0.135, "linear": -0.014},
            "costs": {"trapezoid": 0.98, "linear": 1.02},
            "noise": 0.005,
            "seeds": 5,
            "tuned": -0.7,
        },
    ),
    "even steps": ("Is dropout of use in short training?", {"noise": 0.02, "seeds": 4}),
    "optimisers": ("Which optimiser suits a tiny language model?", {"effects": {"muon": -0.2, "sgd": 0.5}, "seeds": 3}),
    "rivals": (
        "Does the optimiser matter more than the learning-rate schedule for tiny byte-level language models?",
        {
            "effects": {"muon": -0.5, "trapezoid": -0.13, "muon_and_trapezoid": -0.64, "muon_and_trapezoid_ablated": -0.63},
            "costs": {"muon": 1.081, "muon_and_trapezoid": 1.082, "muon_and_trapezoid_ablated": 1.079},
            "seeds": 5,
            "tuned": -0.3,
            "parameters": {"tuned": 2_237_056},
        },
    ),
    "ablation ahead": (
        "Should a small GPT be wide or deep?",
        {"effects": {"width_96": 0.16, "depth_3": 0.19, "width_96_and_depth_3": 0.34, "width_96_and_depth_3_ablated": -0.3}},
    ),
    "decay": (
        "Should weight decay be used in a tiny transformer?",
        {
            "effects": {"extreme_decay": 0.1, "strong_decay": 0.016, "strong_decay_ablated": -0.12},
            "seeds": 5,
        },
    ),
    "batches": ("Do batch size and warm-up act together in small models?", {"effects": {"batch_8": -0.1}, "seeds": 4}),
}


@pytest.fixture(scope="module")
def studies():
    spec = importlib.util.spec_from_file_location("studies", STUDIES)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def composed(studies, topic, study, isolation="bubblewrap (user namespaces)"):
    before = studies.finished(topic, **study)
    before["schedule"] = before["schedule"].model_copy(update={"isolation": isolation})
    record = paper_outline.record_of(paper_outline.Inputs(**before), studies.context())
    outline = paper_outline.run(paper_outline.Inputs(**before), studies.context())
    bodies = tuple(text for _, text in writing.compose(record, outline))
    document = parse(paper_draft.assembled(outline, bodies))
    prose = sentences(render_values(document, record.results)[0])
    return SimpleNamespace(
        record=record,
        outline=outline,
        refined=before["refined"],
        document=document,
        study=Study(record),
        sections=dict(zip((section.id for section in outline.sections), bodies, strict=True)),
        captions={figure.id: figure.caption for figure in outline.figures},
        prose=[item.words for item in prose],
        text=" ".join(item.words for item in prose),
    )


@pytest.fixture(scope="module")
def papers(studies):
    return {name: composed(studies, topic, study) for name, (topic, study) in SITUATIONS.items()}


@pytest.fixture(params=SITUATIONS)
def paper(request, papers):
    return papers[request.param]


def test_lint_and_claims_are_clean(paper):
    found = [finding.message for finding in faults(paper.document, paper.outline.figures, paper.record) if finding.severity != "minor"]
    assert found == []
    assert [claim.sentence for claim in claims_table(paper.document, paper.record.results) if claim.verdict != "supported"] == []


def test_sizes_that_differ_are_given_as_a_span(papers):
    span = "{{baseline.parameters|int}} to {{width_96_and_depth_3.parameters|int}} parameters"
    for section in ("abstract", "limitations"):
        assert span in papers["shapes"].sections[section]
        assert " to {{" not in papers["schedules"].sections[section].partition("parameters")[0][-40:]


def test_further_settings_move_only_where_more_constants_change(papers):
    assert "further settings move along" in papers["optimisers"].text
    assert "further settings move along" not in papers["shapes"].text
    assert "further settings move along" not in papers["batches"].text


def test_no_work_is_cited_for_a_quantity(paper):
    quantities = {level.label for factor in paper.record.factors for level in factor.levels if re.search(r"\d", level.label)}
    for text in paper.sections.values():
        for sentence in re.split(r"(?<=[.?!])\s+", text):
            if "[@" in sentence:
                assert not [label for label in quantities if label in sentence], sentence


def test_only_levels_that_are_conditions_are_set_against_each_other(papers):
    assert "width 32" not in papers["shapes"].sections["introduction"]
    assert not papers["shapes"].study.names_conditions_only("Different works stand behind width 64 and width 32.")
    assert papers["schedules"].study.names_conditions_only("Different works stand behind cosine decay and linear decay.")
    assert not papers["schedules"].study.names_conditions_only("Different works stand behind inverse square-root decay.")


def test_sameness_is_judged_by_its_registered_margin_alone(papers):
    paper = papers["schedules"]
    same = [hypothesis for hypothesis in paper.record.hypotheses.hypotheses if hypothesis.predicts == "same"]
    assert same
    for hypothesis in same:
        margin = f"{{{{cfg.predicted_{hypothesis.id}|f3}}}}"
        for section in ("method", "results", "conclusion"):
            assert margin in paper.sections[section], section
    assert "wholly beyond" in paper.text
    assert "excludes no difference and the mean exceeds" not in paper.text
    assert any("no difference is supported when its whole interval lies within" in text for text in paper.record.plan.analysis)


def test_steps_and_prices_are_told_in_one_way(papers):
    assert "same number of updates" in papers["even steps"].text
    for name in ("schedules", "shapes"):
        assert "same number of updates" not in papers[name].text
        assert re.search(r"within its noise|cannot tell apart", papers[name].text)


def test_the_interaction_is_a_member_of_the_family(papers):
    for name in ("shapes", "batches"):
        assert "- The interaction of" in papers[name].sections["appendix_plan"]
        assert "{{interaction.holm_p|p}}" in papers[name].sections["ablations"]
        assert "{{cfg.comparisons|int}}" in papers[name].sections["method"]
    assert "interaction" not in papers["schedules"].sections["appendix_plan"]


def test_an_ablation_with_other_steps_says_so(papers):
    pair = papers["shapes"].study.ablation_pairs[0]
    assert f"{{{{{pair[0].id}.steps|int}}}}" in papers["shapes"].sections["ablations"]
    assert ".steps|int}}" not in papers["even steps"].sections["ablations"]


def test_the_search_is_told_with_every_gain_and_what_was_kept(papers):
    for name in ("shapes", "schedules"):
        paper, text = papers[name], papers[name].sections["ablations"]
        for attempt in paper.record.attempts:
            assert f"{{{{cfg.attempt_{attempt.number}_gain|f3}}}}" in text
        assert "a shorter memory for squared gradients" in text
        assert "{{tuned.parameters|int}}" in text
        assert "untuned" in text or "no planned condition had been tuned" in text
    for paper in papers.values():
        assert not re.search(r"no search on single conditions|where they suit", paper.text)


def test_nobody_is_told_to_stay_where_the_search_went_far_ahead(papers):
    assert "should stay" not in papers["shapes"].text
    assert "nothing speaks for leaving" not in papers["shapes"].text
    assert "cmp(tuned," in papers["shapes"].sections["discussion"]


def test_rivals_of_unequal_size_are_said_not_to_be_matched(papers):
    assert "The rivals are not matched" in papers["shapes"].text
    assert "{{width_96.parameters|int}}" in papers["shapes"].sections["ablations"]


def test_curves_that_cross_are_not_put_down_to_noise(paper):
    assert not re.search(r"within the noise|noise decides", paper.text)


def test_curves_that_cross_more_than_once_are_described_as_that(papers):
    record = papers["shapes"].record
    conditions = dict(record.results.conditions)
    base = conditions["baseline"]
    conditions["width_96"] = base.model_copy(
        update={
            "curve": {
                step: point.model_copy(update={"mean": point.mean + (0.1 if place % 2 else -0.1)})
                for place, (step, point) in enumerate(sorted(base.curve.items(), key=lambda item: int(item[0])))
            }
        }
    )
    crossed = Study(record.model_copy(update={"results": record.results.model_copy(update={"conditions": conditions})}))
    said = writing.figure_text._crossing(crossed, Voice("a topic"))
    assert "repeatedly" in said
    assert "noise" not in said


def test_captions_say_what_the_marks_are_and_where_the_ends_differ(papers):
    for paper in papers.values():
        assert "thin lines join the runs of a seed" in paper.captions["seed_dots"]
        assert "smaller fixed sample of the validation files" in paper.captions["learning_curves"]
        assert "without any summary" not in paper.text


def test_pairing_is_praised_only_where_it_removed_much(paper):
    trial = paper.study.primary
    spread = [paper.record.results.conditions[contrast.id].metrics["val_bpb"].std for contrast in (trial.treatment, trial.reference)]
    helped = trial.result.sd_diff < 0.7 * (spread[0] ** 2 + spread[1] ** 2) ** 0.5
    assert ("Pairing by seed paid off" in paper.text) == helped


def test_the_conclusion_answers_every_hypothesis(paper):
    bare = paper.sections["conclusion"].replace(" ", "")
    for trial in paper.study.trials:
        pair = f"({trial.treatment.id},{trial.reference.id}).val_bpb"
        for needed in (f"{{{{cmp{pair}}}}}", f"{{{{diff{pair}|signed", f"{{{{ci_low{pair}|signed"):
            assert needed in bare


def test_the_runs_of_the_cost_line_add_up(papers):
    for paper in papers.values():
        cost = paper.record.results.cost
        assert cost["runs"] == len(paper.refined.runs) + cost["loop_runs"] + cost["confirmation_runs"]
        assert "{{cfg.runs_reported|int}} reported" in paper.sections["appendix_cost"]
    assert "{{cost.confirmation_runs|int}} of its confirmation" in papers["shapes"].sections["appendix_cost"]
    assert "confirmation" not in papers["even steps"].sections["appendix_cost"]


def test_a_paper_from_a_machine_without_a_sandbox_says_so(studies, papers):
    topic, study = SITUATIONS["even steps"]
    weaker = composed(studies, topic, study, isolation="process only")
    assert "(isolation: process only)" in weaker.text
    assert "isolated process" not in weaker.text
    assert [
        finding.message for finding in faults(weaker.document, weaker.outline.figures, weaker.record) if finding.severity != "minor"
    ] == []
    assert "isolation:" not in papers["even steps"].text


def test_the_scale_of_the_evidence_takes_in_the_searched_setting(papers):
    searched = "({{tuned.parameters|int}} in the setting found by the search)"
    assert searched in papers["rivals"].sections["limitations"]
    assert searched not in papers["rivals"].sections["abstract"]  # which does not speak of the search
    for section in ("abstract", "limitations"):
        assert searched not in papers["schedules"].sections[section]  # as large as the rest
        assert searched not in papers["even steps"].sections[section]


def test_a_searched_setting_is_named_in_the_abstract_with_its_size(papers):
    abstract = papers["shapes"].sections["abstract"]
    assert "a shorter memory for squared gradients ({{cfg.tuned_beta2|text}} in the place of {{cfg.beta2|text}})" in abstract
    assert "Outside the registered comparisons" in abstract
    for value in ("diff", "ci_low", "ci_high"):
        assert f"{{{{{value}(tuned," in abstract
    assert len(abstract.split()) <= 220


def test_settings_that_move_along_are_named_with_both_values(papers):
    pairs = ("peak learning rate {{cfg.muon_learning_rate|text}}", "weight decay {{cfg.muon_weight_decay|text}}")
    for name in ("rivals", "optimisers"):
        method, limits = papers[name].sections["method"], papers[name].sections["limitations"]
        row = next(line for line in method.splitlines() if line.startswith("| Muon |"))
        for pair in pairs:
            assert pair in row
            assert pair in limits
        assert "({{cfg.learning_rate|text}})" in row
        assert "the reference with {{cfg.learning_rate|text}} and {{cfg.weight_decay|text}}" in limits
        assert "owed to these settings" in limits or "come from these settings" in limits
        assert "changes nothing else" not in method
    abstract, end = papers["rivals"].sections["abstract"], papers["rivals"].sections["conclusion"]
    assert "{{cfg.muon_and_trapezoid_learning_rate|text}}" in abstract
    assert "should be preferred" not in abstract
    assert "peak learning rate" in end


def test_the_appendix_lists_the_settings_of_the_reference_and_of_each_condition(papers):
    text = papers["rivals"].sections["appendix_reproducibility"]
    for name in ("activation", "norm", "position", "mlp_ratio", "beta1", "grad_clip", "cooldown", "matrix_momentum", "warmup"):
        assert f"{{{{cfg.{name}|text}}}}" in text
    assert "{{cfg.muon_and_trapezoid_ablated_grad_clip|text}}" in text
    assert "{{cfg.tuned_beta2|text}}" in text
    assert "matrix_momentum" not in papers["shapes"].sections["appendix_reproducibility"]


def test_a_span_whose_ends_print_alike_is_no_span(papers):
    assert "from {{muon" not in papers["rivals"].sections["setup"]
    assert "A step costs {{muon.cost_ratio|f2}} times the reference with Muon" in papers["rivals"].sections["setup"]


def test_arguments_about_a_predicted_loss_are_arguments_about_the_change(papers):
    for trial in papers["shapes"].study.trials:
        assert trial.hypothesis.predicts == "worse"
    assert not re.search(r"[Tt]he case for it|In its favour|Against this", papers["shapes"].sections["method"])
    assert re.search(r"For Muon it can be said|argument for Muon|speaks for Muon", papers["rivals"].sections["method"])


def test_an_ablation_ahead_of_every_treatment_is_named_beside_the_leading_mean(papers):
    ahead = papers["ablation ahead"]
    assert "{{width_96_and_depth_3_ablated.val_bpb.mean|f3}}" in ahead.sections["results"].partition("| Condition |")[0]
    assert "_ablated.val_bpb.mean" not in papers["shapes"].sections["results"].partition("| Condition |")[0]


@pytest.mark.parametrize("further", [1, 2, 4])
def test_every_ablation_ahead_is_named_best_mean_first_up_to_three(papers, further):
    """The plan of a person or a model may take out more than one part."""
    paper = papers["ablation ahead"]
    record, first = paper.record, "width_96_and_depth_3_ablated"
    names = [first, *(f"width_96_and_depth_3_without_{letter}" for letter in "abcd"[:further])]
    (ablation,) = [condition for condition in record.plan.conditions if condition.id == first]
    result = record.results.conditions[first]
    summary = result.metrics["val_bpb"]
    conditions, results = list(record.plan.conditions), dict(record.results.conditions)
    for place, name in enumerate(names[1:], 1):
        conditions.append(ablation.model_copy(update={"id": name, "label": f"the {name[-1]} variant", "removes": f"part {name[-1]}"}))
        better = summary.model_copy(update={"mean": summary.mean - 0.01 * place})
        results[name] = result.model_copy(update={"metrics": {**result.metrics, "val_bpb": better}})
    several = record.model_copy(
        update={
            "plan": record.plan.model_copy(update={"conditions": tuple(conditions)}),
            "results": record.results.model_copy(update={"conditions": results}),
        }
    )
    overview = " ".join(writing.results._overview(Study(several), Voice("a topic")))
    told = [re.sub(r"\..*", "", mean) for mean in re.findall(r"\{\{(\w+_(?:ablated|without_\w)\.val_bpb\.mean)", overview)]
    assert told == names[::-1][:3]
    assert ("further ones" in overview) == (len(names) > 3)
    document = parse(f"# T\n\n## Abstract\n\nA.\n\n## Ablations {{#sec:ablations}}\n\n{overview.replace('@tbl:main', 'It')}\n")
    assert [found.text for found in faults(document, (), several) if found.severity == "gate" and found.rule != "structure"] == []
    assert [claim.sentence for claim in claims_table(document, several.results) if claim.verdict != "supported"] == []


def test_a_verdict_that_the_adjustment_withholds_says_so(papers):
    withheld = re.compile(r"once the test is adjusted, although the interval itself leaves out zero")
    for paper in papers.values():
        trials = [trial for trial in paper.study.trials if not trial.clear and trial.side != "both"]
        assert bool(withheld.search(paper.sections["conclusion"])) == bool(trials)


def test_a_lone_alternative_is_said_to_be_one_and_what_it_ran_with(papers):
    text = papers["rivals"].sections["limitations"]
    assert "Muon for the optimiser" in text
    assert "a trapezoidal schedule for the learning-rate schedule" in text
    assert "Muon ran with cosine decay" in papers["rivals"].text or "Muon with cosine decay" in papers["rivals"].text
    assert "alternative was tried" not in papers["optimisers"].text


def test_an_ablation_ahead_of_all_is_named_wherever_nothing_else_speaks_for_a_change(studies, papers):
    topic, study = SITUATIONS["decay"]
    for paper in (papers["decay"], composed(studies, topic, {**study, "tuned": -0.8})):
        lean = paper.study.lean_ahead
        assert lean is not None
        mean = f"{{{{{lean.id}.val_bpb.mean|f3}}}}"
        for section in ("abstract", "results", "discussion", "conclusion"):
            assert mean in paper.sections[section], section
        assert not re.search(r"No planned condition|should stay|nothing speaks for leaving|no ground here|convenience", paper.text)
        assert [
            found.message for found in faults(paper.document, paper.outline.figures, paper.record) if found.severity != "minor"
        ] == []
    for name in ("shapes", "schedules", "even steps", "optimisers", "batches"):
        assert papers[name].study.lean_ahead is None, name


def test_the_common_question_leads_and_not_the_extreme_setting(papers):
    study = papers["decay"].study
    assert [hypothesis.treatment for hypothesis in papers["decay"].record.plan.hypotheses] == [
        "no_decay",
        "strong_decay",
        "extreme_decay",
    ]
    assert study.primary.treatment.id == "no_decay"
    assert all(f"({study.primary.treatment.id},baseline)" in papers["decay"].sections[name] for name in ("abstract", "conclusion"))


def test_nothing_is_taken_out_of_an_arm_in_which_it_has_no_hold(papers):
    (ablation, origin, _), *_ = papers["decay"].study.ablation_pairs
    assert (ablation.ablates, origin.id) == ("strong_decay", "strong_decay")  # what decays nothing has no use for a schedule of decay
    assert "strong weight decay" in re.split(r"(?<=[.])\s", papers["decay"].sections["introduction"].partition("### ")[0].strip())[-1]
    assert papers["schedules"].study.ablation_pairs[0][1].id == papers["schedules"].study.primary.treatment.id


def test_a_table_of_rules_is_called_no_debate(paper):
    assert paper.record.researcher.startswith("rule-based")
    assert not re.search(r"(?i)proponent|skeptic|methodologist|\bchair\b|debate", paper.text)
    assert "fixed table" in paper.sections["method"]


def test_the_roles_of_a_debate_are_named_where_models_held_one(papers):
    record = papers["schedules"].record.model_copy(update={"researcher": "some-model"})
    assert "proponent" in writing.hypotheses.hypotheses_opening(Study(record), Voice("a topic"))


def test_the_tuned_setting_is_held_against_the_yardsticks(papers):
    for name in ("shapes", "schedules", "rivals"):
        text = papers[name].sections["ablations"]
        assert "{{ref.gzip|f3}}" in text
        assert "{{tuned.val_bpb.mean|f3}}" in text
    tuned = papers["schedules"].record.results.conditions["tuned"].metrics["val_bpb"].mean
    assert ("behind" in papers["schedules"].text.partition("yardsticks of")[2].partition(". ")[0]) == (tuned > 1.995)
    assert "yardsticks of" not in papers["even steps"].sections["ablations"]


def test_an_interval_that_the_adjustment_overrules_is_explained_where_it_stands(studies):
    effects = {"strong_decay": 0.02, "extreme_decay": 0.1}
    paper = composed(studies, SITUATIONS["decay"][0], {"effects": effects, "seeds": 5, "noise": 0.012})
    withheld = [trial for trial in paper.study.trials if not trial.clear and trial.side != "both"]
    assert withheld
    assert len(re.findall(r"adjusted p value, which decides|adjusted p value that withholds", paper.text)) == len(withheld)
    assert "adjusted p value does not follow" in paper.sections["abstract"]


def test_an_ablation_in_one_arm_claims_nothing_of_the_difference_between_the_arms(paper):
    text = paper.sections["ablations"]
    for ablation in paper.study.ablations:
        assert ablation.reason not in paper.text
        origin = paper.study.conditions[ablation.ablates]
        if origin.id != "baseline" and paper.study.comparison(ablation.id, origin.id).ci95_low is not None:
            assert (
                "this says nothing: no run of the reference goes without" in text
                or "was not tested, since the reference was run" in text
            )
    assert not re.search(r"thus rests on|hangs on|does not visibly depend|owes? to|to see what its score", paper.text)


def test_an_interval_that_adjustment_alone_keeps_open_has_words_of_its_own(papers):
    study = papers["shapes"].study
    pair = study.ablation_pairs[0][2].model_copy(
        update={"verdict": "not distinguishable", "ci95_low": 0.005, "ci95_high": 0.03, "abs_mean_diff": 0.018, "mde": 0.017}
    )
    said = ablations._resolved(study, Voice("t"), pair, "gradient clipping")
    assert "excludes zero" in said and "{{cfg.comparisons|int}} comparisons" in said
    assert "could have" not in said and "no evidence" not in said
    assert "leaves out zero" in phrases.withheld(pair)
    wide = pair.model_copy(update={"ci95_low": -0.01})
    assert phrases.withheld(wide) == ""
    assert ablations._resolved(study, Voice("t"), wide, "gradient clipping") == ""  # a mean beyond what could have been missed
    small = wide.model_copy(update={"abs_mean_diff": 0.01})
    assert "could have" in ablations._resolved(study, Voice("t"), small, "gradient clipping")


def test_the_number_of_fresh_seeds_is_printed_wherever_they_are_named(papers):
    for name in ("shapes", "schedules", "rivals"):
        for section in ("abstract", "ablations"):
            text = papers[name].sections[section]
            assert all("{{pairs(tuned," in before[-60:] for before in text.split(" fresh seed")[:-1])
        assert " fresh seeds" in papers[name].sections["ablations"]


def test_a_tried_change_is_given_with_both_values_and_its_steps_where_they_differ(papers):
    text = papers["shapes"].sections["ablations"]
    assert "{{cfg.attempt_2_beta2|text}} in the place of {{cfg.beta2|text}} (gain {{cfg.attempt_2_gain|f3}}" in text
    study = papers["shapes"].study
    config = study.results.config | {"loop_steps": 700, "attempt_1_steps": 700, "attempt_2_steps": 661}
    other = Study(study.record.model_copy(update={"results": study.results.model_copy(update={"config": config})}))
    told = improvement.improvement_loop(other, Voice("t"))
    assert "({{cfg.loop_steps|int}} steps)" in told and "bpb, {{cfg.attempt_2_steps|int}} steps)" in told


def test_a_change_that_the_paper_does_not_explain_is_defined_in_the_words_of_the_kit(papers, studies):
    kit = next(kit for kit in studies._kits() if kit.name == "tiny_lm")
    record, refined = papers["shapes"].record, papers["shapes"].refined
    first, second = refined.attempts
    attempts = (
        first.model_copy(update={"settings": {"NGRAM_TABLES": "2"}, "change": "NGRAM_TABLES 0 -> 2"}),
        second.model_copy(update={"settings": {"POSITION": "'rope'"}, "change": "POSITION 'learned' -> 'rope'"}),
    )
    tried = paper_record_tried(kit, record.plan, refined.model_copy(update={"attempts": attempts}))
    assert [(one.before, one.after) for one in tried] == [
        ("no n-gram tables", "bigram and trigram tables"),
        ("learned position embeddings", "rotary embeddings"),
    ]
    study = Study(record.model_copy(update={"attempts": attempts, "tried": tried}))
    told = improvement.improvement_loop(study, Voice("t"))
    assert told.count("By n-gram tables we mean embedding tables, one for bigrams and one for trigrams of bytes, in which a hash") == 1
    assert "rotary embeddings in the place of learned position embeddings" in told
    assert ("[@pagnoni2024byte]" in told) == ("pagnoni2024byte" in record.citable)


def test_the_works_on_which_training_and_search_rest_may_be_cited(paper):
    for key in ("loshchilov2019decoupled", "loshchilov2017sgdr", "pagnoni2024byte"):
        assert key in paper.record.citable
    assert "@loshchilov2019decoupled" in paper.sections["setup"]


def test_what_runs_took_is_printed_and_no_price_is_said_to_be_equal(paper):
    assert set(paper.study.results.seconds) >= {contrast.id for contrast in paper.study.measured}
    assert (
        "{{seconds.baseline.mean|f1}} | {{seconds.baseline.least|f1}} | {{seconds.baseline.most|f1}}"
        in paper.sections["appendix_cost"]
    )
    assert "@tbl:seconds" in paper.sections["setup"]
    assert not re.search(r"(?<!about )(?<!budget of ){{cfg.budget_s\|int}} seconds", " ".join(paper.sections.values()))
    assert "could be told apart in price" not in paper.text


def test_a_condition_that_takes_longer_for_the_same_steps_is_named_beside_the_table(papers):
    study = papers["even steps"].study
    one, base = study.treatments[0].id, study.baseline.id

    def told(mean: float) -> str:
        seconds = {base: RunSeconds(mean=20.0, least=19.9, most=20.1), one: RunSeconds(mean=mean, least=mean, most=mean)}
        results = study.results.model_copy(update={"seconds": seconds})
        return "\n".join(appendix.cost(Study(study.record.model_copy(update={"results": results}))))

    assert study.results.conditions[one].steps == study.results.conditions[base].steps
    assert f"took {{{{seconds.{one}.mean|f1}}}} seconds in the mean and the reference" in told(20.8)
    assert "At the same number of steps" not in told(20.4)


def test_the_end_of_a_curve_is_no_evidence_where_the_schedule_flattens_it(papers):
    assert "the fraction {{cfg.final_lr|text}} of its peak" in papers["shapes"].sections["results"]
    assert "longer training may change the order" not in papers["shapes"].text
    assert "the fraction {{cfg.final_lr|text}} of its peak" not in papers["schedules"].sections["results"]


def test_a_rank_test_is_ruled_out_only_where_it_could_not_reach_the_level(paper):
    said = "smallest p value that a rank test" in paper.text or "smallest possible p value" in paper.text
    assert said == (paper.study.seeds >= 3 and 2 / 2**paper.study.seeds > paper.record.plan.alpha)


def test_a_searched_gain_as_large_as_the_main_difference_stands_among_the_limits(papers):
    study = papers["optimisers"].study
    gain = study.primary.result.abs_mean_diff
    template = papers["shapes"].record.attempts[1]
    rate = template.model_copy(
        update={"number": 1, "settings": {"BATCH_SIZE": "8"}, "change": "BATCH_SIZE 16 -> 8", "gain": gain, "verdict": "discard"}
    )

    def limits(attempt):
        results = study.results.model_copy(update={"config": study.results.config | {"attempt_1_gain": attempt.gain}})
        record = study.record.model_copy(update={"attempts": (attempt,), "incumbent": "muon", "results": results})
        return limitations.untuned_gain(Study(record), Voice("t"))

    assert "a smaller batch alone moved the score of Muon by {{cfg.attempt_1_gain|f3}}" in limits(rate)
    assert limits(rate.model_copy(update={"gain": 0.2 * gain})) == ""
    assert limits(rate.model_copy(update={"settings": {"LEARNING_RATE": "0.005"}})) == ""  # part of the study itself
