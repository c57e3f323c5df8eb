"""Patterns of results for a canned laboratory: what the runs of a whole plan may turn out to be.

A pattern says what a run of a condition scores; None is a crash. Values are fixed by pattern, condition and seed.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from stages.contracts import ExperimentPlan, TrainingRequest

LEVEL = 2.25


def noise(*parts: object) -> float:
    """Between -1 and 1, fixed by the parts."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()
    return int(digest[:8], 16) / 0x7FFFFFFF - 1


@dataclass(frozen=True)
class Pattern:
    """Effects on a score of which less is better; place 0 is the baseline, the others follow the plan."""

    effect: Callable[[int, str], float] = lambda place, role: 0.0
    spread: float = 0.008
    crashed: Callable[[int, str, int, int], bool] = lambda place, role, number, seeds: False
    """Of (place, role, number of the seed, seeds)."""
    flips: bool = False
    tuning: float | None = None
    """What a run off the plan's settings adds on development and confirmation seeds; None: it crashes."""
    level: float = LEVEL
    costs: bool = False
    """Whether conditions differ in what a step costs and in their parameters."""

    def value(self, plan: ExperimentPlan, request: TrainingRequest) -> float | None:
        ids = [contrast.id for contrast in plan.conditions]
        planned = request.condition in ids
        place = ids.index(request.condition) if planned else 1
        role = plan.conditions[place].role
        seeds = (*plan.seeds, *plan.confirmation_seeds)
        number = seeds.index(request.seed) if request.seed in seeds else 0
        if request.purpose == "report" and self.crashed(place, role, number, len(plan.seeds)):
            return None
        effect = self.effect(place, role)
        if self.flips and number % 2:
            effect = -effect
        if not planned or request.purpose == "development":
            if self.tuning is None:
                return None if not planned else self.level + effect
            effect += self.tuning * (1 if not planned else noise("attempt", request.train_py) > -2)
        own = self.spread * noise(request.condition, request.seed)
        return round(self.level + effect + 2 * self.spread * noise(request.seed) + own, 5)


def _interplay(strong: bool) -> Callable[[int, str], float]:
    return lambda place, role: {"baseline": 0.0, "combination": 0.2 if strong else -0.1}.get(role, -0.05)


PATTERNS: dict[str, Pattern] = {
    "all better": Pattern(lambda place, role: -0.05 * place, tuning=-0.05),
    "all worse, the baseline best": Pattern(lambda place, role: 0.05 * place, tuning=0.05),
    "ties": Pattern(tuning=0.0),
    "identical scores": Pattern(spread=0.0, tuning=0.0),
    "one seed crashed": Pattern(
        lambda place, role: 0.03 * (-1) ** place, crashed=lambda place, role, number, seeds: place == 1 and number == seeds - 1
    ),
    "a condition crashed": Pattern(lambda place, role: -0.02 * place, crashed=lambda place, role, number, seeds: place == 2),
    "the main condition crashed": Pattern(lambda place, role: 0.02 * place, crashed=lambda place, role, number, seeds: place == 1),
    "a tiny spread": Pattern(lambda place, role: 0.001 * (-1) ** place * place, spread=0.00001, tuning=-0.00002),
    "a huge spread": Pattern(lambda place, role: -0.1 * place, spread=0.6, tuning=-0.3),
    "a strong interaction": Pattern(_interplay(True), costs=True),
    "no interaction": Pattern(_interplay(False), costs=True),
    "a tuned winner": Pattern(lambda place, role: 0.0 if place != 1 else -0.03, tuning=-0.3, costs=True),
    "a tuned winner over ties": Pattern(tuning=-0.3),
    "a tuned winner, all planned worse": Pattern(lambda place, role: 0.05 * place, tuning=-0.4, costs=True),
    "nothing found by tuning": Pattern(lambda place, role: 0.0 if place != 1 else -0.03, tuning=None),
    "signs flip between seeds": Pattern(lambda place, role: 0.05 * place, flips=True, tuning=0.02),
    "scores of another size": Pattern(lambda place, role: 12.0 * (-1) ** place * place, spread=3.0, level=1432.0, tuning=-20.0),
    "some worse, some better, some alike": Pattern(
        lambda place, role: (0.0, -0.06, 0.07, 0.0, 0.012)[place % 5], tuning=-0.06, costs=True
    ),
}
