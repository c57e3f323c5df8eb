"""How a difference is judged."""

from __future__ import annotations

from researchclaw.adapters.offline.writing.language import Voice, paragraph
from researchclaw.adapters.offline.writing.reading import Study

_PAIRED_ROWS = (
    "All comparisons are paired by seed, since a seed gives both sides the same rows and the same split of them.",
    "Conditions are compared seed by seed, because the same seed gives them the same rows and lets shared luck cancel.",
)


_PAIRED_BATCHES = (
    "All comparisons are paired by seed, since a seed gives both sides the same batches in the same order.",
    "Conditions are compared seed by seed, because the same seed gives them the same data order and lets shared luck cancel.",
    "A seed fixes the order of the data and the draw of the weights, so conditions are compared within seeds and not across them.",
)


def judging(study: Study, voice: Voice) -> list[str]:
    a, b = study.primary.treatment, study.primary.reference
    lower = (
        "negative values favour the condition named first"
        if study.metric.lower_is_better
        else "positive values favour the condition named first"
    )
    blocks = [
        paragraph(
            voice.say(
                "judging pairs",
                *(_PAIRED_ROWS if study.tables else _PAIRED_BATCHES),
            ),
            f"For a seed $s$ the quantity of interest is the difference in {study.metric.label}, for instance of {a.label} and {study.name(b)}; {lower}:",
        ),
        "$$ d_s = m_{\\mathrm{first}}(s) - m_{\\mathrm{second}}(s) $$ {#eq:difference}",
    ]
    if study.seeds >= 3:
        blocks.append(
            paragraph(
                voice.say(
                    "judging interval",
                    f"From the differences of @eq:difference we form the mean $\\bar d$ and Student's interval $\\bar d \\pm t\\, s_d / \\sqrt{{n}}$ at the {study.confidence} level, "
                    "which takes the differences for roughly normal.",
                    f"The mean $\\bar d$ of @eq:difference is reported with Student's interval $\\bar d \\pm t\\, s_d / \\sqrt{{n}}$ at the {study.confidence} level, "
                    "which allows for a small number of seeds and takes the differences for roughly normal.",
                ),
                _no_rank_test(study, voice),
                _holm(study, voice),
                voice.say(
                    "judging rule",
                    "A difference is called clear only if its interval excludes zero and the adjusted test agrees; all else is reported as not told apart.",
                    "Only when the interval excludes zero and the adjusted test agrees do we speak of one condition as ahead of another.",
                ),
                _power(study, voice),
            )
        )
    else:
        blocks.append(
            voice.say(
                "judging few",
                f"With {study.seed_count} for each condition no interval can be formed, so values are printed side by side and no comparison is claimed.",
            )
        )
    return blocks


def _no_rank_test(study: Study, voice: Voice) -> str:
    """Why a rank test is not what decides; empty where it could reach the level of the tests.

    The smallest two-sided p value of Wilcoxon's signed-rank test on n pairs is 2 / 2^n.
    """
    if 2 / 2**study.seeds <= study.record.plan.alpha:
        return ""
    return voice.must(
        "judging ranks",
        "A rank test does not decide here, since with so few pairs even its smallest possible p value exceeds the level of the tests.",
        "With so few pairs the smallest p value that a rank test can take lies above the level of the tests, so none is used.",
    )


def _holm(study: Study, voice: Voice) -> str:
    combined = any(contrast.role == "combination" for contrast in study.record.plan.conditions)
    if len(study.record.plan.comparisons) + combined < 2:
        return voice.say(
            "holm",
            "Since only this comparison was registered, its test needs no adjustment.",
        )
    cites = [f"@{key}" for key in ("holm1979simple",) if key in study.record.citable]
    cite = f" [{'; '.join(cites)}]" if cites else ""
    count = study.cfg("comparisons", "int") or "several"
    among = ", the interaction of both factors among them," if combined else ""
    return voice.say(
        "holm",
        f"The {count} registered comparisons{among} form a family whose paired t tests are adjusted by Holm's method{cite}.",
        f"Because {count} comparisons are registered{among.rstrip(',')}, the p values of the paired t tests are adjusted by Holm's procedure{cite}.",
    )


def _power(study: Study, voice: Voice) -> str:
    power = study.cfg("power_percent")
    if power is None or study.primary.result is None or study.primary.result.mde is None:
        return ""
    return voice.say(
        "power",
        f"Where a comparison stays open, we give the smallest true difference that its test, before adjustment, would find in {power} % of repetitions.",
        f"To show what could have been missed, we report the difference that the test would find with {power} % power before adjustment.",
    )
