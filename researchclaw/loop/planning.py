"""From options, and what the repository looks like, to a plan that was tried."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from researchclaw import hardware
from researchclaw.gpu_kits import gpu_kit_names
from researchclaw.loop import door, opening, program_kits
from researchclaw.loop.contracts import Agent, Direction, Plan, Plausible, Thresholds
from researchclaw.loop.detect import Offer, detect
from researchclaw.loop.engine import BaselineFailedError
from researchclaw.loop.opening import Place
from researchclaw.loop.repository import GitRefusedError
from researchclaw.run_store import check_output, write_model
from researchclaw.settings import Settings
from stages.contracts import Contract
from stages.errors import SettingsError

PLAN = "plan.json"
SCREENED_BYTES = 32768
"""Of a kit's validation split while searching, spread over all of it: it tells a gain of half a percent from none as well as all
of tiny_lm's 572 KB do, at a sixteenth of the cost (measured 2026-11). The final comparison scores the whole split."""
GPU_SCREENED_BYTES = 1 << 20
"""The same for a kit of a GPU: all seeds are scored on the same text, so that too little of it would be an error that no pair of runs
shows (16 chunks of 2,048 bytes in 32 KiB), and answering a mebibyte takes seconds there."""

Ask = Callable[[str, str], str]
"""A question and the answer that is proposed -> the answer."""


class Given(Contract):
    """The options of the command line; None: not given."""

    goal: str | None = None
    scope: tuple[str, ...] = ()
    verify: str | None = None
    metric: str | None = None
    direction: Direction | None = None
    guard: tuple[str, ...] = ()
    holdout: str | None = None
    needs: tuple[str, ...] = ()
    min_delta: float = 0.0
    tiny_gain: float = 0.001
    tiny_gain_lines: int = 20
    simpler_margin: float = 1.0
    repeats: int = 5
    confirm: int = 3
    iterations: int | None = None
    budget: float | None = None
    timeout: float | None = None
    parallel: int | None = None
    """None: one; of a kit, as many as the laboratory runs at once."""
    agent: Agent = "offline"
    propose: tuple[str, ...] = ()
    proposer_command: str | None = None
    patches: tuple[str, ...] = ()
    screen: bool = False
    seed: int = 0
    kit: str | None = None
    run_budget: float | None = None
    scored_bytes: int | None = None


def complete(given: Given) -> Plan:
    """A plan from options alone.

    Raises:
        SettingsError: one is missing.
    """
    if not given.scope:
        raise SettingsError(
            "--scope is missing: which files may change? e.g. --scope 'src/**'. Or begin with `researchclaw loop plan`."
        )
    if not given.verify:
        raise SettingsError("--verify is missing: which command prints the metric? Or begin with `researchclaw loop plan`.")
    if given.direction is None:
        raise SettingsError("--direction is missing: is 'lower' or 'higher' better?")
    return _plan(given, given.scope, given.verify, given.direction)


def _plan(given: Given, scope: tuple[str, ...], verify: str, direction: Direction, metric: str = "metric") -> Plan:
    name = given.metric or metric
    return Plan(
        goal=given.goal or f"make {name} {direction}",
        scope=tuple(glob.removeprefix("./") for glob in scope),
        verify=verify,
        metric=name,
        direction=direction,
        guards=given.guard,
        holdout=given.holdout,
        needs=given.needs,
        thresholds=Thresholds(
            min_delta=given.min_delta,
            tiny_gain=given.tiny_gain,
            tiny_gain_lines=given.tiny_gain_lines,
            simpler_margin=given.simpler_margin,
            confirmations=given.confirm,
        ),
        calibration_runs=given.repeats,
        iterations=given.iterations,
        budget_s=given.budget,
        timeout_s=given.timeout,
        parallel=given.parallel or 1,
        agent=given.agent,
        propose=given.propose,
        proposer_command=given.proposer_command,
        patches=given.patches,
        screen=given.screen,
        seed=given.seed,
        kit=given.kit,
        kit_budget_s=given.run_budget,
        kit_scored_bytes=given.scored_bytes or (GPU_SCREENED_BYTES if given.kit in gpu_kit_names() else SCREENED_BYTES),
    )


def of_kit(given: Given, workers: int | None = None) -> Plan:
    """A kit knows its metric, and its train.py is the scope.

    workers: runs at once by the settings; None: one for each core. On a GPU one program at a time.
    """
    assert given.kit is not None
    metric = program_kits.metric_of(given.kit)
    direction: Direction = "lower" if metric.lower_is_better else "higher"
    parallel = 1 if given.kit in gpu_kit_names() else given.parallel or workers or hardware.physical_cores()
    return _plan(given.model_copy(update={"parallel": parallel}), ("train.py",), "", direction, metric.name)


def recorded(place: Place, given: Given) -> Plan:
    """The plan that `loop plan` recorded, with the limits and proposers of these options.

    Raises:
        SettingsError: there is none.
    """
    path = place.home / PLAN
    if not path.exists():
        raise SettingsError("there is no plan yet; `researchclaw loop plan` makes one, or give --scope, --verify and --direction.")
    try:
        plan = Plausible.model_validate_json(path.read_bytes()).plan
    except ValidationError as exc:
        raise SettingsError(f"{path} is damaged; make the plan again with `researchclaw loop plan`.") from exc
    changes: dict[str, object] = {}
    limits = (("iterations", "iterations"), ("budget_s", "budget"), ("timeout_s", "timeout"), ("parallel", "parallel"))
    for field, name in (*limits, ("holdout", "holdout")):
        if getattr(given, name) is not None:
            changes[field] = getattr(given, name)
    for name in ("propose", "proposer_command", "patches", "scope"):
        if getattr(given, name):
            changes[name] = getattr(given, name)
    if given.agent != "offline":
        changes["agent"] = given.agent
    if given.seed:
        changes["seed"] = given.seed
    return plan.model_copy(update=changes)


def save(place: Place, tried: Plausible) -> None:
    place.home.mkdir(parents=True, exist_ok=True)
    write_model(place.home / PLAN, tried)


# ---------------------------------------------------------------- the wizard


def proposed(place: Place, given: Given, ask: Ask | None, tell: Callable[[str], None]) -> Plan:
    """What was given, completed by what the repository looks like; asked about when somebody is there.

    Raises:
        SettingsError: nothing was found that could be measured.
    """
    offers: tuple[Offer, ...] = ()
    if given.verify is None or not given.scope or given.direction is None:
        stack = detect(_tracked(place), _untracked_names(place))
        offers = stack.offers
        tell(f"found: {', '.join(stack.languages) or 'no language that is known here'}; {len(offers)} ways to measure it")
        for number, one in enumerate(offers, start=1):
            tell(f"  {number}. {one.reason}: `{one.verify}`, {one.direction} is better")
    offer = _chosen(offers, ask) if given.verify is None else next((o for o in offers if o.verify == given.verify), None)
    if given.verify is None and offer is None and ask is None:
        raise SettingsError("nothing here prints a number yet; write a script that prints 'METRIC name=value' and give --verify.")
    verify = given.verify or _answer(ask, "Command that prints the metric", offer.verify if offer else "")
    scope = given.scope or tuple(_answer(ask, "Files that may change", " ".join(offer.scope if offer else ())).split())
    direction = given.direction or _answer(ask, "Which is better, lower or higher", offer.direction if offer else "lower")
    filled = given.model_copy(
        update={
            "guard": given.guard or (offer.guards if offer else ()),
            "needs": given.needs or (offer.needs if offer else ()),
            "goal": given.goal or (_answer(ask, "Goal in one sentence", f"make {offer.metric if offer else 'it'} {direction}")),
        }
    )
    if direction not in ("lower", "higher"):
        raise SettingsError(f"--direction: '{direction}' is neither 'lower' nor 'higher'.")
    return complete(
        filled.model_copy(
            update={
                "verify": verify,
                "scope": scope,
                "direction": direction,
                "metric": given.metric or (offer.metric if offer else None),
            }
        )
    )


def _chosen(offers: tuple[Offer, ...], ask: Ask | None) -> Offer | None:
    if not offers or ask is None:
        return offers[0] if offers else None
    answer = ask("Which one (0: none of these)", "1")
    return offers[int(answer) - 1] if answer.isdigit() and 1 <= int(answer) <= len(offers) else None


def _answer(ask: Ask | None, question: str, default: str) -> str:
    return ask(question, default) if ask is not None else default


def _tracked(place: Place) -> dict[str, str]:
    """Text files of the present commit, the large ones empty."""
    assert place.repository is not None
    repository = place.repository
    try:
        entries = [entry for entry in repository.entries(repository.commit_of("HEAD")) if entry.is_file][:5000]
    except GitRefusedError as exc:
        raise SettingsError("the repository has no commit yet; commit your files first.") from exc
    contents = repository.blobs([entry.id for entry in entries])
    return {
        entry.path: content.decode("utf-8", "replace") if len(content) <= door.MAX_FILE_BYTES and b"\0" not in content else ""
        for entry, content in zip(entries, contents, strict=True)
    }


def _untracked_names(place: Place) -> frozenset[str]:
    assert place.top is not None
    return frozenset(path.name for path in place.top.iterdir())


def tried(place: Place, plan: Plan, settings: Settings) -> Plausible:
    """The plan after its commands ran on the present commit: verify twice, each guard once.

    Raises:
        BaselineFailedError: there is no number, or a guard fails.
    """
    commit = opening.preconditions(place, plan)
    check_output(place.home, 0)
    assert place.repository is not None
    tree = place.repository.tree_of(commit)
    with tempfile.TemporaryDirectory(prefix="researchclaw-plan-") as folder:
        scorer = opening.measuring(place, plan, settings, Path(folder))
        scores = [scorer.score(tree, seed) for seed in (1, 2)]
        for score in scores:
            if score.value is None:
                raise BaselineFailedError(f"`{plan.verify}` gives no number ({score.verdict}: {score.reason}); mend it first.")
        for command in plan.guards:
            guard = scorer.guard(tree, command)
            if not guard.passed:
                raise BaselineFailedError(f"the guard `{command}` fails before any change ({guard.reason}); mend it first.")
    values = tuple(score.value for score in scores if score.value is not None)
    return Plausible(plan=plan, commit=commit, values=values, seconds=sum(score.wall_s for score in scores) / len(scores))
