"""What can go wrong in research, told apart by who can mend it.

ResearchError
├── TryAgain               the world may answer next time
│   ├── SourceUnavailable      a library gave no answer
│   └── MalformedAnswer        a model's answer does not fit its contract
├── ModelUnavailable       no model answered, though its adapter had tried again; a resume may
├── ResearchMustChange     the study itself cannot go on as it is
│   ├── ExperimentFailed       runs crashed, diverged or were rejected
│   ├── KitRefused             generated code leaks, cheats, or does not run after its repairs
│   ├── GateRejected           a person said no
│   ├── EvidenceMissing        nothing to cite or to count (exit code 5)
│   ├── ManuscriptRefused      a number, claim or citation has no record behind it
│   ├── ModelRefused           the model will not answer
│   └── QuestionTooLong        a question or its answer is longer than the model takes
├── UserMustAct            settings, arguments or the machine
│   ├── SettingsError          a key, a value, a file (exit code 2)
│   ├── TopicOutsideKits       no kit can answer the topic (exit code 2)
│   ├── SandboxUnavailable     no isolation on this machine (exit code 2)
│   └── GpuUnavailable         this machine has no GPU for a kit that needs one (exit code 2)
├── WaitingAtGate          a person's decision is awaited (exit code 3)
└── BudgetSpent            money, tokens or time is used up (exit code 4)

Each message is one line: what happened and what to do.
"""

from typing import ClassVar


class ResearchError(Exception):
    """One line for a person; `exit_code` is what the command line ends with."""

    exit_code: ClassVar[int] = 1


class TryAgain(ResearchError):
    """The same call may succeed later."""


class SourceUnavailable(TryAgain):
    """A literature source gave no answer: neither 'found' nor 'absent'."""


class MalformedAnswer(TryAgain):
    """A language model's answer does not fit the contract that was asked for."""


class ModelUnavailable(ResearchError):
    """No language model answered in time. Its adapter has tried again: a stage that tries again would only double the wait."""


class ResearchMustChange(ResearchError):
    """The study cannot go on as it is."""


class ExperimentFailed(ResearchMustChange):
    """A training run crashed, diverged, ran out of time or was rejected."""


class KitRefused(ResearchMustChange):
    """A kit that a mind wrote leaks targets, repeats a condition, or does not run after the repairs that are allowed."""


class GateRejected(ResearchMustChange):
    """A person rejected the material of a gate."""


class EvidenceMissing(ResearchMustChange):
    """There is nothing to cite or nothing to count."""

    exit_code = 5


class ManuscriptRefused(ResearchMustChange):
    """The manuscript says something that the record does not."""


class ModelRefused(ResearchMustChange):
    """Every language model that may be asked refuses to answer."""


class QuestionTooLong(ResearchMustChange):
    """A question, or its answer, is longer than the language model takes."""


class UserMustAct(ResearchError):
    """Only the user can mend this."""

    exit_code = 2


class SettingsError(UserMustAct):
    """A setting, an argument or a file is wrong; the message names it and the values allowed."""


class TopicOutsideKits(UserMustAct):
    """No kit can answer the topic; the message lists the topics that the kits can answer."""


class SandboxUnavailable(UserMustAct):
    """This machine offers no isolation that the settings accept."""


class GpuUnavailable(UserMustAct):
    """A kit needs a GPU, and this machine has none, or not the one that the settings name."""


class WaitingAtGate(ResearchError):
    """The run waits for a person; the message says which command decides."""

    exit_code = 3


class BudgetSpent(ResearchError):
    """A hard limit on money, tokens or time is reached; the run can be resumed."""

    exit_code = 4
