"""Settings of the training script in a reader's words: 'a smaller batch', never BATCH_SIZE."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from stages.contracts import Attempt

_CHANGE = re.compile(r"(?P<old>\S+) -> (?P<new>\S+)")

_WORDS: dict[str, tuple[str, str, str]] = {
    "OPTIMIZER": ("another optimiser",) * 3,
    "LEARNING_RATE": ("a lower learning rate", "a higher learning rate", "another learning rate"),
    "BETA1": ("a shorter memory for the momentum", "a longer memory for the momentum", "another memory for the momentum"),
    "BETA2": (
        "a shorter memory for squared gradients",
        "a longer memory for squared gradients",
        "another memory for squared gradients",
    ),
    "WEIGHT_DECAY": ("weaker weight decay", "stronger weight decay", "another weight decay"),
    "GRAD_CLIP": ("a tighter clipping threshold", "a looser clipping threshold", "another clipping threshold"),
    "SCHEDULE": ("another learning-rate schedule",) * 3,
    "WARMUP": ("a shorter warm-up", "a longer warm-up", "another warm-up"),
    "FINAL_LR": ("a lower final learning rate", "a higher final learning rate", "another final learning rate"),
    "BATCH_SIZE": ("a smaller batch", "a larger batch", "another batch size"),
    "CONTEXT": ("a shorter context", "a longer context", "another context length"),
    "DATA_FRACTION": ("less training data", "more training data", "another share of the training data"),
    "DEPTH": ("fewer blocks", "further blocks", "another depth"),
    "WIDTH": ("a narrower network", "a wider network", "another width"),
    "HEADS": ("fewer attention heads", "additional attention heads", "another number of attention heads"),
    "MLP_RATIO": ("narrower feed-forward layers", "wider feed-forward layers", "another width of the feed-forward layers"),
    "ACTIVATION": ("another activation function",) * 3,
    "NORM": ("another normalisation",) * 3,
    "NORM_PLACE": ("another place for the normalisation",) * 3,
    "QK_NORM": ("normalised queries and keys",) * 3,
    "POSITION": ("another position encoding",) * 3,
    "TIE_EMBEDDINGS": ("tied embeddings",) * 3,
    "DROPOUT": ("lighter dropout", "dropout", "another dropout rate"),
    "LABEL_SMOOTHING": ("weaker label smoothing", "label smoothing", "another label smoothing"),
    "INIT": ("another weight initialisation",) * 3,
    "INIT_STD": ("a smaller initial scale", "a larger initial scale", "another initial scale"),
    "ZERO_INIT_PROJECTIONS": ("zero-initialised projections",) * 3,
    "SOFTCAP": ("a tighter cap on the logits", "a cap on the logits", "another cap on the logits"),
    "NGRAM_TABLES": ("shorter n-gram tables", "n-gram tables", "another set of n-gram tables"),
    "TABLE_BITS": ("smaller n-gram tables", "larger n-gram tables", "n-gram tables of another size"),
}
"""Constant of a training script -> what is said when its value falls, rises, or changes otherwise."""

_OFF: dict[str, str] = {
    "WEIGHT_DECAY": "no weight decay",
    "GRAD_CLIP": "no gradient clipping",
    "WARMUP": "no warm-up",
    "DROPOUT": "no dropout",
    "LABEL_SMOOTHING": "no label smoothing",
    "SOFTCAP": "no cap on the logits",
    "NGRAM_TABLES": "no n-gram tables",
}
"""What is said when the new value is zero."""


_NOUNS: dict[str, str] = {
    "DEPTH": "blocks",
    "WIDTH": "width",
    "HEADS": "attention heads",
    "MLP_RATIO": "width of the feed-forward layers over that of the network",
    "CONTEXT": "context in bytes",
    "ACTIVATION": "activation function",
    "NORM": "normalisation",
    "NORM_PLACE": "place of the normalisation",
    "QK_NORM": "normalised queries and keys",
    "POSITION": "position encoding",
    "TIE_EMBEDDINGS": "tied embeddings",
    "SOFTCAP": "cap on the logits (0: none)",
    "NGRAM_TABLES": "n-gram tables",
    "TABLE_BITS": "rows of an n-gram table, as a power of 2",
    "INIT": "initialisation",
    "INIT_STD": "standard deviation of the initial weights",
    "ZERO_INIT_PROJECTIONS": "zero-initialised projections",
    "OPTIMIZER": "optimiser",
    "LEARNING_RATE": "peak learning rate",
    "BETA1": "memory of the gradient (first beta)",
    "BETA2": "memory of the squared gradient (second beta)",
    "MATRIX_MOMENTUM": "momentum of Muon",
    "MATRIX_ITERATIONS": "Newton-Schulz iterations of Muon",
    "MATRIX_REST": "rate of AdamW beside Muon, as a fraction of the peak",
    "WEIGHT_DECAY": "weight decay",
    "GRAD_CLIP": "clipping threshold of the gradient norm (0: none)",
    "SCHEDULE": "learning-rate schedule",
    "WARMUP": "warm-up, as a fraction of the steps",
    "COOLDOWN": "cooldown of the trapezoid, as a fraction of the steps",
    "FINAL_LR": "final learning rate, as a fraction of the peak",
    "BATCH_SIZE": "sequences in a batch",
    "DATA_FRACTION": "share of the training data",
    "DROPOUT": "dropout rate",
    "LABEL_SMOOTHING": "label smoothing",
}
"""Constant of a training script -> what a table of settings calls it; in the order of the table."""

_ONLY_WITH: dict[str, tuple[str, str]] = {
    "MATRIX_MOMENTUM": ("optimizer", "muon"),
    "MATRIX_ITERATIONS": ("optimizer", "muon"),
    "MATRIX_REST": ("optimizer", "muon"),
    "COOLDOWN": ("schedule", "trapezoid"),
}
"""Constant -> the setting and the value without which no run reads it."""


def noun(name: str) -> str:
    """'peak learning rate' for LEARNING_RATE; a constant without an entry is called by its own words."""
    return _NOUNS.get(name, name.lower().replace("_", " "))


def short_noun(name: str) -> str:
    """The noun for running text, without what a table adds in brackets or behind a comma."""
    return re.split(r" \(|, as ", noun(name))[0]


def in_force(config: Mapping[str, object], conditions: Sequence[str]) -> list[str]:
    """The known constants that the record holds and that some run reads, in the order of a table.

    config: settings of the reference and, under the condition's name, what it changes.
    """
    found = []
    for name in _NOUNS:
        setting, value = _ONLY_WITH.get(name, ("", ""))
        used = {config.get(setting), *(config.get(f"{condition}_{setting}") for condition in conditions)} if setting else {value}
        if name.lower() in config and value in used:
            found.append(name)
    return found


_OF_A_PROGRAM = "a change of the program"
"""What is said of an edit whose description holds a numeral: a typed number cannot stand in a paper."""


def setting_in_words(name: str, change: str = "") -> str:
    """'a smaller batch' for BATCH_SIZE with the change '16 -> 8'; a constant without an entry is called by its own words."""
    if name not in _WORDS:
        return name.lower().replace("_", " ")
    values = _CHANGE.search(change)
    if values is None:
        return _WORDS[name][2]
    old, new = _number(values["old"]), _number(values["new"])
    if new == 0 and name in _OFF:
        return _OFF[name]
    if old is None or new is None or old == new:
        return _WORDS[name][2]
    return _WORDS[name][0 if new < old else 1]


def _number(literal: str) -> float | None:
    return float(literal) if re.fullmatch(r"[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?", literal) else None


def changes_in_words(attempts: Sequence[Attempt]) -> list[str]:
    """What the attempts changed, each said once, in the order of the attempts; edits of a program in the words of whoever made them."""
    said: dict[str, None] = {}
    for attempt in attempts:
        if attempt.edits:
            said.setdefault(_OF_A_PROGRAM if re.search(r"\d", attempt.change) else attempt.change.rstrip("."))
        alone = len(attempt.settings) == 1
        for name in attempt.settings:
            said.setdefault(setting_in_words(name, attempt.change if alone else ""))
    return list(said)
