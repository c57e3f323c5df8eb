"""A scripted proposer: a command that runs in the sandbox at the root of the incumbent and prints a unified diff.

It finds what has been tried as JSON lines in ../../input/history.jsonl and the attempt's number in RESEARCHCLAW_SEED.
Lines before the diff are the hypothesis. Printing nothing ends the run.
"""

from __future__ import annotations

import json

from researchclaw.adapters.experiment_runner import last_line
from researchclaw.adapters.isolation.streams import plain_text
from researchclaw.loop.commands import Workbench
from researchclaw.loop.proposers.by_rule import first_words
from researchclaw.loop.proposers.proposer import Failure, Situation, Suggestion
from stages.errors import ExperimentFailed

_TIMEOUT_S = 600.0


class CommandProposer:
    """Asks the user's command; a repair is asked for by calling it again, with the failure on the history's last line."""

    name = "command"

    def __init__(self, workbench: Workbench, command: str) -> None:
        self._workbench, self._command = workbench, command

    def propose(self, situation: Situation) -> Suggestion | None:
        """See `Proposer.propose`.

        Raises:
            ExperimentFailed: the command ended badly.
        """
        return self._ask(situation, None)

    def mend(self, situation: Situation, failure: Failure) -> Suggestion | None:
        """See `Proposer.mend`; the diff is against the incumbent, not against what failed."""
        return self._ask(situation, failure)

    def _ask(self, situation: Situation, failure: Failure | None) -> Suggestion | None:
        attempts = [
            {
                "number": a.number,
                "verdict": a.verdict,
                "operator": a.operator,
                "hypothesis": a.hypothesis,
                "gain": a.gain,
                "reason": a.reason,
            }
            for a in situation.history.attempts
        ]
        if failure is not None:
            attempts.append({"number": situation.number, "verdict": failure.kind, "reason": failure.reason})
        told = "".join(json.dumps(attempt) + "\n" for attempt in attempts).encode()
        outcome = self._workbench.run(
            situation.tree, self._command, seed=situation.number, timeout_s=_TIMEOUT_S, beside={"history.jsonl": told}
        )
        if outcome.exit_code != 0:
            why = f"too much {outcome.excess}" if outcome.excess else last_line(outcome.stderr) or f"exit code {outcome.exit_code}"
            raise ExperimentFailed(f"the proposer's command failed: {why}")
        # Not plain_text: a patch must keep its bytes; the door looks at what it makes.
        patch = outcome.stdout.decode("utf-8", "replace")
        if not patch.strip():
            return None
        return Suggestion(operator="command", hypothesis=plain_text(first_words(patch).encode()), patch=patch)
