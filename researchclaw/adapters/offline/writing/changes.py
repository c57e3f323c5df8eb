"""Settings of the training script in a reader's words: 'a smaller batch', never BATCH_SIZE."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
