"""What the paper claims, and which material goes to which section."""

from __future__ import annotations

from researchclaw.adapters.offline.writing.language import cited, has_citation, printable
from researchclaw.adapters.offline.writing.planned_figures import figures
from researchclaw.adapters.offline.writing.reading import Study
from researchclaw.adapters.offline.writing.title import claim, title
from stages.contracts import Factor, Outline, SectionPlan


def outline(study: Study, sections: tuple[tuple[str, str], ...]) -> Outline:
    return Outline(
        title=title(study),
        claim=claim(study),
        sections=tuple(
            SectionPlan(id=name, title=heading, points=_points(study, name), keys=_keys(study, name)) for name, heading in sections
        ),
        figures=figures(study),
    )


def background(study: Study) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """(for the introduction, for the related work): factor -> its background sentences, each with a citation that may be made."""
    first: dict[str, tuple[str, ...]] = {}
    rest: dict[str, tuple[str, ...]] = {}
    opening = 4 if len(study.factors) == 1 else 3
    for factor in study.factors:
        fit = _usable(study, factor)
        first[factor.name], rest[factor.name] = tuple(fit[:opening]), tuple(fit[opening:])
    return first, rest


def _usable(study: Study, factor: Factor) -> list[str]:
    """Sentences in the order of the kit; one whose citation is not on the shortlist cannot stand, one that never had any may."""
    found = []
    for sentence in factor.background:
        text = cited(sentence, study.record.citable)
        if text and printable(text, study.names) and has_citation(text) == has_citation(sentence):
            found.append(text)
    return found


def _points(study: Study, section: str) -> tuple[str, ...]:
    subject = study.about
    return {
        "abstract": (f"the question on {subject}", "what was run", "the main result with its interval", "the caveat"),
        "introduction": (f"why {subject} is worth asking about", "the gap", "what was done and found", "how the paper was made"),
        "related_work": tuple(theme.title for theme in study.themes),
        "method": (f"{subject} and its levels", "hypotheses with their arguments", "how a difference is judged"),
        "setup": ("data", "fitting and scoring", "seeds")
        if study.tables
        else ("corpus and yardsticks", "network and budget", "seeds"),
        "results": tuple(trial.hypothesis.statement for trial in study.trials),
        "ablations": tuple(contrast.label for contrast in study.ablations) or ("what was not taken apart",),
        "discussion": ("what follows for practice", "how it stands to the literature"),
        "limitations": tuple(text for factor in study.factors for text in factor.confounders[:2]),
        "conclusion": (claim(study),),
    }.get(section, (f"record of the study on {subject}",))


def _keys(study: Study, section: str) -> tuple[str, ...]:
    if section == "related_work":
        return tuple(dict.fromkeys(work.key for theme in study.themes for work in study.works(theme.keys)))
    if section in {"introduction", "method"}:
        return tuple(work.key for factor in study.factors for level in factor.levels for work in study.works(level.works))
    return ()
