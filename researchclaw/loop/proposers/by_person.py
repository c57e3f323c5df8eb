"""A person's patches, in order; then nothing."""

from __future__ import annotations

from researchclaw.loop.proposers.by_rule import first_words
from researchclaw.loop.proposers.proposer import Failure, Situation, Suggestion


class PersonProposer:
    """The patches of the plan, one an attempt."""

    name = "person"

    def propose(self, situation: Situation) -> Suggestion | None:
        """See `Proposer.propose`."""
        given = situation.plan.propose
        if situation.number > len(given):
            return None
        patch = given[situation.number - 1]
        return Suggestion(operator=f"person {situation.number}", hypothesis=first_words(patch), patch=patch)

    def mend(self, situation: Situation, failure: Failure) -> Suggestion | None:
        """A person repairs by proposing anew."""
        return None
