"""Rows of generated kits in the real sandbox: what a kit may read while it prepares, and what it may not while it fits."""

import hashlib
import shutil

import numpy as np
import pytest

from researchclaw.adapters.isolation.choice import choose_isolation
from researchclaw.adapters.laboratory import LocalLaboratory
from researchclaw.adapters.sealed_looks import looks_at
from researchclaw.adapters.table_laboratory import _one_each
from researchclaw.shipped import shipped
from stages.contracts import GeneratedKit, MeasureName, RunRecord, TrainingRequest
from stages.d_design.generated_code import kit_sha256
from stages.errors import ExperimentFailed, KitRefused

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed: no experiment can be run"),
]

WINE = """from sklearn.datasets import load_wine


def make(seed):
    found = load_wine()
    return {"inputs": found.data, "targets": found.target}
"""
NEAREST = """import numpy as np


def fit(inputs, targets, seed):
    spread = inputs.std(axis=0)
    return {"spread": spread, "centres": np.stack([(inputs / spread)[targets == label].mean(axis=0) for label in np.unique(targets)])}


def predict(state, inputs):
    distances = ((inputs / state["spread"])[:, None, :] - state["centres"]) ** 2
    return np.argmin(distances.sum(axis=2), axis=1)
"""
HIJACK = """    import os
    from safetensors.numpy import save_file
    save_file({{"all": {0}, "part": np.zeros(2)}}, "predictions.safetensors")
    os._exit(0)
"""
FORGED = """    import os
    os.write(3, b'{"event": "trained"}\\n')
"""


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> LocalLaboratory:
    """One for all: its isolation proves itself once, and rows are made once."""
    place = tmp_path_factory.mktemp("tables")
    state = place / "state"
    return LocalLaboratory(
        kits_root=shipped("sandbox") / "kits",
        state=state,
        run_folder=place / "run",
        isolation=choose_isolation(state, allow_weaker=False),
        workers=1,
        startup_s=2,
    )


def _kit(prepare_py: str = WINE, measure: MeasureName = "accuracy", **more: str) -> GeneratedKit:
    given = {"name": "made", "task": "classification", "measure": measure, "split": "random", "data_name": "wine", "salt": "s", **more}
    digest = hashlib.sha256(prepare_py.encode()).hexdigest()
    return GeneratedKit.model_validate({**given, "prepare_py": prepare_py, "prepare_sha256": digest, "train_py": NEAREST})


def _run(laboratory: LocalLaboratory, kit: GeneratedKit, train_py: str = NEAREST, **more: object) -> RunRecord:
    request = TrainingRequest.model_validate(
        {
            "kit": kit.name,
            "kit_sha256": kit_sha256(kit),
            "condition": "nearest",
            "train_py": train_py,
            "seed": 1,
            "steps": 1,
            "budget_s": 2,
            "scored_bytes": None,
            "purpose": "report",
            "generated": kit,
            **more,
        }
    )
    return laboratory.measure([request])[0]


def test_a_bundled_data_set_is_split_and_a_measure_that_is_to_grow_is_scored(laboratory: LocalLaboratory) -> None:
    preparation = laboratory.prepare(_kit(), 1)
    assert preparation.facts is not None
    assert (preparation.features, preparation.classes) == (13, 3)
    assert (preparation.facts.train_bytes, preparation.facts.val_bytes, preparation.facts.test_bytes) == (107, 35, 36)
    record = _run(laboratory, _kit())
    assert record.verdict == "ok"
    assert record.measurement is not None
    assert 0.8 < record.measurement.value <= 1
    assert preparation.facts.references["most_frequent_class"] < 0.6


def test_a_fit_cannot_read_the_data_set_that_its_rows_come_from(laboratory: LocalLaboratory) -> None:
    peeking = "from sklearn.datasets import load_wine\n" + NEAREST.replace("    spread =", "    load_wine()\n    spread =")
    record = _run(laboratory, _kit(), peeking)
    assert record.verdict == "crash"
    assert "wine_data.csv" in (record.reason or "")


def test_a_fit_starts_no_process_whose_time_nobody_counts(laboratory: LocalLaboratory) -> None:
    forking = "import os\n" + NEAREST.replace("    spread =", "    os.fork() or os._exit(0)\n    spread =")
    record = _run(laboratory, _kit(), forking)
    assert (record.verdict, record.reason) == ("crash", "PermissionError: [Errno 1] Operation not permitted")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("return np.argmin", "return 0.5 + np.argmin"), "needs class numbers"),
        (
            ("return np.argmin", "return np.argmin(inputs) + 0 * np.argmin"),
            "one prediction for each row|depends on the other rows|class numbers",
        ),
        (('{"spread": spread,', '{"spread": spread * np.nan,'), "not finite"),
        (("    distances =", HIJACK.format("np.zeros((35, 1))") + "    distances ="), "one prediction for each row"),
        (("    spread =", FORGED + "    spread ="), "forged signs of life"),
        (("    spread =", "    while True: pass\n    spread ="), "CPU time"),
    ],
)
def test_what_cannot_be_scored_has_a_verdict_and_no_value(laboratory: LocalLaboratory, change: tuple[str, str], why: str) -> None:
    record = _run(laboratory, _kit(), NEAREST.replace(*change), budget_s=0.1)
    assert record.measurement is None
    assert record.verdict in ("rejected", "nonfinite", "timeout")
    assert record.reason is not None
    assert any(part in record.reason for part in why.split("|"))


@pytest.mark.parametrize(
    ("whole", "alone", "fits"),
    [
        ((9,), (3,), True),
        ((9, 2), (3, 2), True),
        ((), (3,), False),
        ((9,), (), False),
        ((9, 2), (3, 4), False),
        ((9, 0), (3, 0), False),
        ((3,), (9,), False),
        ((9,), (3, 1), False),
        ((9, 2, 1), (3, 2, 1), False),
    ],
)
def test_only_predictions_of_one_shape_for_both_questions_are_compared(
    whole: tuple[int, ...], alone: tuple[int, ...], fits: bool
) -> None:
    assert _one_each(np.zeros(whole), np.zeros(alone), (9, 3)) is fits


def test_a_kit_that_was_changed_after_it_was_frozen_is_refused(laboratory: LocalLaboratory) -> None:
    frozen = _kit()
    with pytest.raises(KitRefused, match="not the one that was reviewed"):
        _run(laboratory, frozen.model_copy(update={"prepare_py": WINE + "# later\n"}))
    with pytest.raises(ExperimentFailed, match="not the one that was frozen"):
        _run(laboratory, frozen.model_copy(update={"salt": "other"}), kit_sha256=kit_sha256(frozen))


def test_rows_that_do_not_follow_from_their_seed_are_refused(laboratory: LocalLaboratory) -> None:
    drifting = WINE.replace("    found =", "    import numpy as np\n    found =").replace(
        '"inputs": found.data', '"inputs": found.data + np.random.default_rng().standard_normal(found.data.shape)'
    )
    assert "other data when it is run again" in (laboratory.prepare(_kit(drifting), 0).failure or "")


def test_a_kit_without_a_salt_gets_one_that_nobody_can_guess(laboratory: LocalLaboratory) -> None:
    one, other = (laboratory.prepare(_kit(salt=""), 1).salt for _ in range(2))
    assert len(one) == 32
    assert one != other


def test_a_look_at_sealed_rows_is_counted_also_when_it_is_refused(laboratory: LocalLaboratory) -> None:
    kit = _kit(salt="looks")
    by_the_crowd = NEAREST.replace("return np.argmin", "return (len(inputs) > 20) + np.argmin")
    unfit = NEAREST.replace("    spread = ", "    1 / 0\n    spread = ")
    seen = _run(laboratory, kit).measurement
    assert seen is not None
    counted = []
    for train_py, verdict in ((NEAREST, "ok"), (by_the_crowd, "rejected"), (unfit, "crash")):
        assert _run(laboratory, kit, train_py, split="test").verdict == verdict
        counted.append(looks_at(laboratory.run_folder.parent / "state", seen.corpus_sha256))
    assert counted == [1, 2, 2]  # a fit that fails was asked about nothing
