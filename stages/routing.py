"""Where a run goes next: on, or back by a decision or a rejected gate."""

from __future__ import annotations

from stages.contracts import Contract, Decision

LAST = 23
MAX_LOOPS = 2
"""Times that each way back may be taken by decision (DESIGN.md, stage 15)."""

DECISION_GOES_TO = {"refine": 13, "pivot": 8}
REJECTED_GOES_TO = {5: 3, 9: 9, 20: 19}
"""Gate -> the stage that made the material: the search's queries, the design, the revision."""


def after(number: int, output: Contract, loops: dict[str, int]) -> int:
    """Number of the stage that follows; LAST + 1 when the run is done.

    loops: how often each way back was taken before. A third 'refine' or 'pivot' goes on with what there is.
    """
    if isinstance(output, Decision) and output.verdict != "proceed" and loops.get(output.verdict, 0) < MAX_LOOPS:
        return DECISION_GOES_TO[output.verdict]
    return number + 1
