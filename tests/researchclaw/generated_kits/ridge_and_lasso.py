"""What a capable model would answer about ridge against lasso: the blueprint, the kit's code, patches, a review.

The code below is data: it is handed to the program as a model's answer and runs nowhere but in the sandbox.
"""

from stages.a_scoping.topic_init import TopicReading
from stages.contracts import Ablation, Blueprint, Edit, Factor, Level
from stages.d_design.kit_making import Patch, PrepareReview

TOPIC = "ridge against lasso on correlated features"

PREPARE = '''"""Rows of a linear model whose features are correlated with their neighbours."""

import numpy as np

ROWS, FEATURES, RELEVANT = 150, 20, 4
CORRELATION, NOISE = 0.9, 2.0


def make(seed):
    rng = np.random.default_rng(seed)
    distance = np.abs(np.subtract.outer(np.arange(FEATURES), np.arange(FEATURES)))
    inputs = rng.standard_normal((ROWS, FEATURES)) @ np.linalg.cholesky(CORRELATION**distance).T
    coefficients = np.zeros(FEATURES)
    coefficients[rng.choice(FEATURES, RELEVANT, replace=False)] = rng.choice([-1.5, 1.5], RELEVANT)
    targets = inputs @ coefficients + NOISE * rng.standard_normal(ROWS)
    return {"inputs": inputs, "targets": targets}
'''

TRAIN = '''"""Penalised linear regression by coordinate descent; the penalty's weight is chosen by cross-validation."""

import numpy as np

MIX = 0.0  # share of the absolute penalty; the rest is quadratic
WEIGHTS = (0.01, 0.03, 0.1, 0.3, 1.0)  # tried weights of the penalty
FOLDS = 3
SWEEPS = 60


def _descend(inputs, targets, weight):
    """Coefficients of standardised inputs."""
    rows, columns = inputs.shape
    gram, goal = inputs.T @ inputs / rows, inputs.T @ targets / rows
    coefficients = np.zeros(columns)
    for _ in range(SWEEPS):
        before = coefficients.copy()
        for j in range(columns):
            rest = goal[j] - gram[j] @ coefficients + gram[j, j] * coefficients[j]
            shrunk = np.sign(rest) * max(abs(rest) - weight * MIX, 0.0)
            coefficients[j] = shrunk / (gram[j, j] + weight * (1.0 - MIX))
        if np.abs(coefficients - before).max() < 1e-6:
            break
    return coefficients


def _choose(inputs, targets, seed):
    """The weight with the least error over folds of the training rows."""
    folds = np.random.default_rng(seed).permutation(len(inputs)) % FOLDS
    errors = []
    for weight in WEIGHTS:
        squares = 0.0
        for fold in range(FOLDS):
            held = folds == fold
            found = _descend(inputs[~held], targets[~held], weight)
            squares += float(np.sum((targets[held] - inputs[held] @ found) ** 2))
        errors.append(squares)
    return WEIGHTS[int(np.argmin(errors))]


def fit(inputs, targets, seed):
    centre, scale, level = inputs.mean(axis=0), inputs.std(axis=0), targets.mean()
    standard = (inputs - centre) / scale
    weight = _choose(standard, targets - level, seed)
    coefficients = _descend(standard, targets - level, weight)
    return {"coefficients": coefficients / scale, "centre": centre, "level": level}


def predict(state, inputs):
    return (inputs - state["centre"]) @ state["coefficients"] + state["level"]
'''

WEIGHTS = "WEIGHTS = (0.01, 0.03, 0.1, 0.3, 1.0)  # tried weights of the penalty"
PATCHES = {
    "lasso": Patch(edits=(Edit(find="MIX = 0.0", replace="MIX = 1.0"),)),
    "elastic_net": Patch(edits=(Edit(find="MIX = 0.0", replace="MIX = 0.5"),)),
    "least_squares": Patch(edits=(Edit(find=WEIGHTS, replace="WEIGHTS = (0.0,)  # no penalty"),)),
    "lasso_ablated": Patch(edits=(Edit(find=WEIGHTS, replace="WEIGHTS = (0.2,)  # fixed, not chosen"),)),
}
"""The fixed weight is none of those that are tried: else the lasso would choose it on some rows, and both be the same there."""

REVIEW = PrepareReview(
    looked_at=(
        "The targets are computed after the inputs and no column of the inputs is made from them.",
        "No statistics of all rows enter the inputs.",
        "The file holds no score and no metric.",
        "Sizes, correlation and noise are those of the blueprint.",
    )
)


def _level(name: str, label: str, words: tuple[str, ...], mechanism: str, for_: str, against: str, **more: object) -> Level:
    return Level.model_validate(
        {
            "name": name,
            "label": label,
            "words": words,
            "settings": {},
            "mechanism": mechanism,
            "case_for": for_,
            "case_against": against,
            "expected": "same",
            "expected_size": 0.0,
            **more,
        }
    )


PENALTY = Factor(
    name="penalty",
    label="penalty of a linear regression",
    words=("penalty", "shrinkage", "regularisation"),
    question="Does the absolute or the quadratic penalty predict better when the features of a linear regression are correlated?",
    background=(
        "A penalty trades bias for variance when a regression has few rows for its features.",
        "The quadratic penalty shrinks the coefficients of correlated features towards each other.",
        "The absolute penalty sets coefficients to zero and may pick one of several correlated features.",
        "The weight of a penalty is usually chosen by cross-validation on the training rows.",
    ),
    confounders=(
        "The data are sparse, which favours the absolute penalty whatever the correlation does.",
        "The grid of weights is shared, and one penalty may need weights that it does not hold.",
    ),
    practice=(
        "If the absolute penalty predicts better, a sparse model can be used without a loss.",
        "If the quadratic penalty predicts better, correlated features should be kept together.",
    ),
    levels=(
        _level(
            "ridge",
            "ridge regression",
            ("ridge",),
            "The quadratic penalty shrinks all coefficients and sets none of them to zero.",
            "Correlated features share their effect, which keeps predictions stable.",
            "Irrelevant features keep small coefficients that add noise to every prediction.",
            is_baseline=True,
        ),
        _level(
            "lasso",
            "the lasso",
            ("lasso",),
            "The absolute penalty sets the coefficients of weak features to zero.",
            "Few features carry the signal, and dropping the others removes their noise.",
            "Among correlated features the choice of one is unstable from sample to sample.",
            expected="better",
            expected_size=0.05,
        ),
        _level(
            "elastic_net",
            "the elastic net",
            ("elastic net",),
            "A share of each penalty drops weak features and keeps correlated ones together.",
            "It combines sparsity with stability among correlated features.",
            "It shrinks strong coefficients by both penalties.",
            expected="better",
            expected_size=0.03,
        ),
        _level(
            "least_squares",
            "least squares without a penalty",
            ("least squares", "ols"),
            "Without a penalty the coefficients are unbiased and vary with the sample.",
            "Nothing is shrunk, so that strong effects keep their size.",
            "Correlation inflates the variance of the coefficients and with it the error.",
            expected="worse",
            expected_size=0.1,
        ),
    ),
    default_contrasts=("lasso", "elastic_net", "least_squares"),
    ablation=Ablation(
        removes="the choice of the weight by cross-validation",
        label="with a fixed weight",
        settings={},
        reason="A well chosen weight may matter more than the form of the penalty.",
    ),
)

BLUEPRINT = Blueprint(
    name="shrinkage",
    title="Penalties of linear regression on correlated features",
    domain="linear regression",
    summary="Linear regressions with different penalties are fitted to rows with correlated features and scored on held-out rows.",
    task="regression",
    measure="rmse",
    data_source="synthetic",
    data_name="sparse linear model with correlated Gaussian features",
    data=(
        "One hundred and fifty rows of twenty standard normal features, whose correlation is nine tenths to the power of the distance "
        "between their places; four features chosen at random have coefficients of one and a half in size with random signs; "
        "noise has a standard deviation of two."
    ),
    split="random",
    baseline="Ridge regression on standardised features, the weight chosen by three-fold cross-validation from five weights.",
    factors=(PENALTY,),
)

READING = TopicReading(
    kit=None,
    matches=(),
    question="Does the lasso predict better than ridge regression when features are correlated?",
    choices=("The topic was read as a question about held-out prediction error, not about which features are found.",),
)
