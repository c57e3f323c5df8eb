"""Appendices: how to repeat the study, what was registered, every value, how the literature was searched, what it cost."""

from __future__ import annotations

from researchclaw.adapters.offline.writing.changes import in_force, noun, short_noun
from researchclaw.adapters.offline.writing.figure_text import figure, shown
from researchclaw.adapters.offline.writing.language import Voice, capital, ended, listing, lowered, paragraph, printable
from researchclaw.adapters.offline.writing.reading import Study
from stages.contracts import STRONG_ISOLATION, Outline


def reproducibility(study: Study, voice: Voice) -> list[str]:
    env = study.env
    machine = [
        part
        for part in (
            env("cpu"),
            "{{env.cores|int}} physical cores" if env("cores") else None,
            "{{env.memory_gb|int}} GB of memory" if env("memory_gb") else None,
        )
        if part
    ]
    software = [f"{label} {value}" for label, value in (("Python", env("python")), ("PyTorch", env("torch"))) if value]
    system = env("operating_system")
    blocks = [
        paragraph(
            voice.say(
                "machine",
                f"The runs were made on {listing(machine)}"
                + (f", under {system}" if system else "")
                + (f", with {listing(software)}." if software else "."),
            )
            if machine
            else "",
            isolation(study.record.isolation, voice, tables=study.tables),
        ),
        voice.say(
            "commands",
            f"The folder with the results holds the {'program' if study.tables else 'training script'}, the patch, the log and the measurement of every run; a recorded command repeats a run, for example the first seed of each condition:",
            "Any run is repeated by its recorded command, which on the same machine returns the same score; these are the commands for the first seed of each condition:",
        ),
    ]
    if study.record.commands:
        blocks.append("```\n" + "\n".join(study.record.commands) + "\n```")
    blocks.extend(_settings(study, voice))
    return [block for block in blocks if block]


def _settings(study: Study, voice: Voice) -> list[str]:
    """Every constant on record that some run reads, and what each condition has instead; nothing for a kit made of programs."""
    if study.tables:
        return []
    conditions = [contrast.id for contrast in study.record.plan.conditions] + (["tuned"] if study.searched else [])
    names = in_force(study.results.config, conditions)
    if not names:
        return []
    rows = ["| Setting | Value |", "|---|--:|"]
    rows += [f"| {capital(noun(name))} | {study.cfg(name.lower(), 'text')} |" for name in names]
    changed = [
        (condition, name)
        for condition in conditions
        for name in names
        if f"{condition}_{name.lower()}" in study.results.config and study.departs(condition, name)
    ]
    lead = voice.must(
        "settings",
        "@tbl:settings lists the settings of the reference"
        + (", @tbl:changes what each condition has in their place." if changed else "."),
        "The settings of the reference stand in @tbl:settings"
        + (" and those that a condition replaces in @tbl:changes." if changed else "."),
    )
    blocks = [lead, "\n".join(rows) + "\n\n: Settings of the reference, as the training script holds them. {#tbl:settings}"]
    if changed:
        table = ["| Condition | Setting | Reference | Here |", "|---|---|--:|--:|"]
        before = ""
        for condition, name in changed:
            label = "" if condition == before else capital(_called(study, condition))
            before = condition
            key = name.lower()
            old, new = study.cfg(key, "text"), study.cfg(f"{condition}_{key}", "text")
            table.append(f"| {label} | {short_noun(name)} | {old} | {new} |")
        blocks.append("\n".join(table) + "\n\n: Settings in which each condition departs from the reference. {#tbl:changes}")
    return blocks


def _called(study: Study, condition: str) -> str:
    if condition == "tuned":
        return "the setting found by the search"
    return study.row(study.conditions[condition])


def isolation(level: str, voice: Voice, *, tables: bool = False) -> str:
    """How the training scripts were shut in, and what they could therefore not do; a machine without a sandbox is told as that."""
    if tables:
        return _isolation_of_fits(level, voice)
    if level.startswith(STRONG_ISOLATION):
        return voice.say(
            "isolation",
            "Each training script ran in an isolated process of its own that could read the training files and nothing of the validation data; the score was computed outside it.",
            "Training scripts were run as isolated processes without access to the validation data or to the code that computes the score.",
        )
    return voice.must(
        "no isolation",
        f"No sandbox stood around the training scripts (isolation: {level}): they could have read the validation data, and only the separate computation of the score speaks against it.",
        f"The training scripts ran without a sandbox (isolation: {level}), so nothing but the separate computation of the score kept the validation data from them.",
    )


def _isolation_of_fits(level: str, voice: Voice) -> str:
    if level.startswith(STRONG_ISOLATION):
        return voice.say(
            "isolation",
            "Rows were made, fitted and predicted in isolated processes of their own; a fit could read the rows that it was given and no "
            "target of the rows held out, and the score was computed outside all of them.",
            "The programs that make the rows, fit them and predict ran isolated from each other, without access to held-out targets "
            "or to the code that computes the score.",
        )
    return voice.must(
        "no isolation",
        f"No sandbox stood around the programs (isolation: {level}): a fit could have read the held-out targets, and only the separate "
        "computation of the score speaks against it.",
    )


def registered_plan(study: Study, voice: Voice, *, guided: bool) -> list[str]:
    record, plan = study.record, study.record.plan
    blocks = [
        voice.say(
            "registered",
            "The plan was frozen before the first reported run under the fingerprint below; any later change of conditions, seeds or analysis would alter it.",
            "Before any reported run the plan was closed, and its fingerprint, given below, would betray a later change.",
        ),
        f"```\n{plan.registration_sha256}\n```",
        voice.must(
            "foresees",
            "It foresees these comparisons:",
            "Planned were the following comparisons:",
            "These comparisons are part of it:",
        ),
        "\n".join(f"- {line}" for line in _comparisons(study)),
    ]
    rules = [voice.say(f"rule {text}", ended(text)) for text in (*plan.analysis, *plan.stopping_rules) if printable(text, study.names)]
    rules = [rule for rule in rules if rule]
    if rules:
        blocks.append(
            voice.must(
                "rules",
                "The rules of analysis and of stopping read as follows.",
                "With it were fixed the rules of analysis and of stopping:",
            )
        )
        blocks.append("\n".join(f"- {rule}" for rule in rules))
    blocks.append(_deviations(study, voice))
    if guided:
        blocks.append(
            "A person gave guidance on the writing of this paper; the rule-based writer does not read free text and has not followed it."
        )
    if record.sub_questions:
        asked = [
            voice.say(f"sub {question.id}", ended(question.text))
            for question in record.sub_questions
            if printable(question.text, study.names)
        ]
        asked = [text for text in asked if text]
        if asked:
            blocks.append(
                voice.must(
                    "parts",
                    "For the search and the design, the question was taken apart into parts:",
                    "Search and design followed from smaller questions:",
                )
            )
            blocks.append("\n".join(f"- {text}" for text in asked))
    return [block for block in blocks if block]


def _comparisons(study: Study) -> list[str]:
    """The planned comparisons, those that belong together in one line."""
    tested: dict[str, list[str]] = {}
    joint: dict[str, list[str]] = {}
    lines = []
    for planned in study.record.plan.comparisons:
        one, other = study.conditions[planned.a], study.conditions[planned.b]
        if planned.purpose == "hypothesis":
            tested.setdefault(study.name(other), []).append(study.name(one))
        elif one.role == "ablation":
            lines.append(f"{capital(study.name(one))} against {study.name(other)}, with {one.removes or 'the component'} taken out.")
        elif one.role == "combination":
            joint.setdefault(study.name(one), []).append(study.name(other))
        else:
            lines.append(f"{capital(study.name(one))} against {study.name(other)}, as a direct contest.")
    tests = [
        f"{capital(listing(names))} against {other}, {'each to test its hypothesis' if len(names) > 1 else 'to test the hypothesis'}."
        for other, names in tested.items()
    ]
    joined = [
        f"{capital(one)} against {listing(others, 'and against')}, to see what a joint change adds." for one, others in joint.items()
    ]
    both = [
        f"The interaction of {listing([factor.named for factor in study.factors])}: the joint effect against the sum of the separate ones."
        for contrast in study.record.plan.conditions
        if contrast.role == "combination"
    ]
    return [*tests, *joined, *lines, *both[:1]]


def _deviations(study: Study, voice: Voice) -> str:
    record = study.record
    deviations = [text for text in (*record.deviations, *record.repairs) if printable(text, study.names)]
    hidden = len(record.deviations) + len(record.repairs) - len(deviations)
    guidance = [text for text in record.plan.guidance_followed if printable(text, study.names)]
    parts = [voice.say(f"deviation {text}", ended(text)) for text in deviations]
    parts = [part for part in parts if part]
    if parts:
        parts.insert(0, "In carrying out the plan the following departures were recorded.")
    elif not hidden and not record.failed:
        parts.append(
            voice.say(
                "no deviation",
                "There was no departure from the plan.",
                "Nothing was changed while the runs were made.",
                "The runs followed the plan without a departure.",
            )
        )
    if hidden:
        parts.append("Further departures carry numbers of their own and are listed with the stored results.")
    if guidance:
        parts.extend(voice.say(f"guidance {text}", ended(text)) for text in guidance)
    if record.plan.guidance_not_understood:
        parts.append("Some guidance that a person gave on the design was not understood and had no effect.")
    if record.failed:
        reasons = list(
            dict.fromkeys(
                {
                    "crash": "crashed",
                    "timeout": "ran out of time",
                    "nonfinite": "diverged",
                    "rejected": "were rejected by the evaluator",
                }.get(run.verdict, "failed")
                for run in record.failed
            )
        )
        parts.append(f"Of the reported runs, {{{{cfg.runs_failed|int}}}} did not end well: they {listing(reasons)}.")
        if not record.deviations and not record.repairs:
            parts.append("In all else the plan was kept.")
    return paragraph(*parts)


def seed_values(study: Study, voice: Voice) -> list[str]:
    seeds = study.record.plan.seeds
    head = " | ".join(f"Seed {study.cfg(f'seed_{place}', 'int') or seed}" for place, seed in enumerate(seeds, start=1))
    rows = [f"| Condition | {head} |", "|---|" + "--:|" * len(seeds)]
    for contrast in study.measured:
        values = study.results.conditions[contrast.id].metrics[study.m].seeds
        cells = [study.value(contrast.id, f"seed.{seed}", "f4") if str(seed) in values else "failed" for seed in seeds]
        rows.append(f"| {capital(study.row(contrast))} | {' | '.join(cells)} |")
    table = (
        "\n".join(rows)
        + f"\n\n: {capital(study.metric.label)} of every reported run, condition by condition and seed by seed. {{#tbl:seeds}}"
    )
    blocks = [
        voice.say(
            "seed table",
            "@tbl:seeds prints the score of every reported run, from which the means, differences and intervals above are computed.",
            "All aggregates can be recomputed from @tbl:seeds.",
            "The score of each reported run stands in @tbl:seeds.",
        ),
        table,
    ]
    if "tuned" in study.results.conditions and study.record.incumbent:
        blocks.append(
            f"The confirmation runs of the short search on {study.name(study.conditions[study.record.incumbent])} use other seeds and are stored beside the results."
        )
    return blocks


def search_protocol(study: Study, voice: Voice, outline: Outline) -> list[str]:
    record = study.record
    sources = listing(
        [
            f"the {outcome.source}" if outcome.source == "catalogue" else outcome.source
            for outcome in record.outcomes
            if outcome.answered
        ]
    )
    silent = listing([outcome.source for outcome in record.outcomes if not outcome.answered])
    queries = [query.text for query in record.search.queries if printable(query.text, study.names) and _readable(query.text)]
    flow = {name: study.lit(name) for name in ("identified", "duplicates", "screened", "excluded", "included")}
    parts = [
        voice.say(
            "search",
            f"Works on {study.about} were sought in {sources} under its names and the names of its settings; further queries, such as {listing([f'“{query}”' for query in queries[:2]])}, placed the study."
            if sources and queries
            else "Works were sought by key words.",
            f"The search put to {sources} the common names of {study.about} and of the settings that can be chosen, and beside them queries such as {listing([f'“{query}”' for query in queries[:2]])}."
            if sources and queries
            else "",
        )
    ]
    if silent:
        parts.append(f"No answer came from {silent}, so works that only {silent} would know are missing.")
    removed = study.lit("removed_by_rule")
    if all(flow.values()):
        unread = f"; {removed} more were left out by rule before the screening" if removed else ""
        parts.append(
            voice.say(
                "prisma",
                f"The queries brought up {flow['identified']} records, of which {flow['duplicates']} were duplicates{unread}; {flow['screened']} were screened, {flow['excluded']} excluded and {flow['included']} kept.",
                f"Of {flow['identified']} records found, {flow['duplicates']} were duplicates{unread}{';' if removed else ' and'} {flow['excluded']} of the {flow['screened']} screened were excluded, which leaves {flow['included']}.",
            )
        )
    if (followed := study.lit("by_citation")) is not None:
        parts.append(f"{followed} of the works found came up by following references and citations of the best hits one step.")
    rules = _screening(study, voice)
    spec = shown(outline, "prisma")
    blocks = [paragraph(*parts)]
    if spec is not None:
        lead = voice.say(
            "prisma figure",
            f"@fig:{spec.id} draws the flow of records.",
            f"What became of the records is shown in @fig:{spec.id}.",
            f"The flow of records is drawn in @fig:{spec.id}.",
        )
        blocks += [lead, figure(spec)]
    blocks.append(rules)
    return [block for block in blocks if block]


def _screening(study: Study, voice: Voice) -> str:
    include = [_about_it(text) for text in study.record.search.include_when if printable(text, study.names)]
    exclude = [_about_it(text) for text in study.record.search.exclude_when if printable(text, study.names)]
    return paragraph(
        voice.say("kept when", f"A work was kept when {listing(include, 'or when')}.") if include else "",
        voice.say(
            "left out when",
            f"It was left out when {listing(exclude, 'or when')}.",
            f"Left out were works of which it holds that {listing(exclude, 'or that')}.",
        )
        if exclude
        else "",
    )


def _about_it(rule: str) -> str:
    """'The work treats …' as it goes on after 'A work was kept when'."""
    text = rule.rstrip(".")
    return f"it{text[len('the work') :]}" if text.lower().startswith("the work ") else lowered(text)


def _readable(query: str) -> bool:
    """Whether a query is a phrase and not a heap of synonyms."""
    words = query.lower().split()
    return len(words) <= 10 and len(set(words)) == len(words)


_COSTS = (
    ("train_cpu_s", "seconds of processor time in fitting", "f1"),
    ("evaluation_s", "seconds of scoring", "f1"),
    ("train_cpu_hours", "hours of processor time in training", "f2"),
    ("train_wall_hours", "hours of elapsed training time, summed over runs", "f2"),
    ("evaluation_hours", "hours of scoring", "f2"),
    ("peak_memory_mb", "megabytes of memory at the most", "int"),
)


def _too_small(study: Study, name: str) -> bool:
    """Hours, where seconds are on record: a closed fit takes parts of a second."""
    return name.endswith("_hours") and "train_cpu_s" in study.results.cost


def cost(study: Study) -> list[str]:
    known = [
        f"{{{{cost.{name}|{form}}}}} {label}"
        for name, label, form in _COSTS
        if name in study.results.cost and not _too_small(study, name)
    ]
    parts = [
        "{{cfg.runs_reported|int}} reported",
        *(
            f"{{{{cost.{name}|int}}}} {label}"
            for name, label in (("loop_runs", "of the search"), ("confirmation_runs", "of its confirmation"))
            if study.results.cost.get(name)
        ),
    ]
    runs = f"{{{{cost.runs|int}}}} runs in all ({listing(parts)})" if "runs" in study.results.cost else "all runs"
    if not known:
        return ["The cost of the study was not recorded."]
    return [f"The study took {listing(known)}, for {runs}.", *_seconds(study)]


def _seconds(study: Study) -> list[str]:
    """What the runs of each condition took, on the clock of the budget; the searched setting with the runs that confirmed it."""
    rows = [
        f"| {capital(_called(study, name))} | {' | '.join(f'{{{{seconds.{name}.{field}|f1}}}}' for field in ('mean', 'least', 'most'))} |"
        for name in [contrast.id for contrast in study.measured] + (["tuned"] if study.searched else [])
        if name in study.results.seconds
    ]
    if not rows:
        return []
    kind = "Processor time" if study.results.environment.get("clock") == "cpu" else "Elapsed time"
    caption = f"{kind} of training in a scored run, in seconds: mean, least and most over the runs of each condition"
    caption += ", those of the confirmation for the setting found by the search." if study.searched else "."
    table = ["| Condition | Mean | Least | Most |", "|---|--:|--:|--:|", *rows]
    return [
        paragraph("@tbl:seconds sets what the runs took against the budget of {{cfg.budget_s|int}} seconds.", _apart_in_time(study)),
        "\n".join(table) + f"\n\n: {caption} {{#tbl:seconds}}",
    ]


TIME_APART = 0.03
"""Share of the reference's seconds from which on a difference at the same number of steps is named; the noise of CPU seconds on two
cores lies around 1 %."""


def _apart_in_time(study: Study) -> str:
    """The condition that took most more or less time than the reference for the same steps; empty where none stands apart."""
    seconds, base = study.results.seconds, study.baseline.id
    if base not in seconds:
        return ""
    steps = study.results.conditions[base].steps
    alike = [one.id for one in study.treatments if one.id in seconds and study.results.conditions[one.id].steps == steps]
    apart = {name: abs(seconds[name].mean / seconds[base].mean - 1) for name in alike if seconds[base].mean > 0}
    name = max(apart, key=lambda one: apart[one], default="")
    if not name or apart[name] < TIME_APART:
        return ""
    return (
        f"At the same number of steps {study.label(study.conditions[name])} took {{{{seconds.{name}.mean|f1}}}} seconds in the mean and the "
        f"reference {{{{seconds.{base}.mean|f1}}}}."
    )
