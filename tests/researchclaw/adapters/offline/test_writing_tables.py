"""The rule-based writer on rows of a table: every pattern of results, told without the words of language models."""

import importlib.util
import re
import runpy
from pathlib import Path

import pytest

from researchclaw.adapters.offline import writing
from researchclaw.adapters.offline.writing import planning
from researchclaw.adapters.offline.writing.reading import Study
from stages.g_writing import paper_outline

TESTS = Path(__file__).resolve().parents[3]
STUDIES = TESTS / "stages" / "g_writing" / "studies.py"
RIDGE = TESTS / "researchclaw" / "generated_kits" / "ridge_and_lasso.py"
PATTERNS = {
    "clear": (
        "Which optimiser is best for small language models?",
        {"effects": {"muon": -0.2, "sgd": 0.5}, "costs": {"muon": 1.2}, "tuned": -0.02},
    ),
    "contest": ("Width or depth: what pays more for a small transformer?", {"effects": {"width_96": 0.05, "depth_3": 0.1}}),
    "failing": ("Do n-gram tables help a tiny language model?", {"effects": {"trigram_tables": -0.3}, "failing": ("bigram_table!",)}),
}
OF_THE_WRITER = re.compile(
    r"byte-level transformer for|one corpus|the corpus|program text|larger models|large models|larger model|training script|"
    r"training of this length|short a budget|short budget|runs this short|the small end|first part of training|longer training|"
    r"cost of a step|step cost|compressors|same batches|data order|seconds of training|training run|peak learning|"
    r"equal training budget",
    re.IGNORECASE,
)
"""Turns of the writer on language models; the record's own words are what they are (here, those of `tiny_lm`)."""


@pytest.fixture(scope="module")
def studies():
    spec = importlib.util.spec_from_file_location("studies", STUDIES)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def as_tables(record, source):
    """The record as if rows had been fitted, with a kit that was written for the topic."""
    blueprint = runpy.run_path(str(RIDGE))["BLUEPRINT"].model_copy(update={"data_source": source})
    results = record.results.model_copy(
        update={
            "data": {"name": "a table", "sha256": "0" * 64, "train_rows": 90, "val_rows": 30, "test_rows": 30},
            "references": {"training_mean": 3.5},
            "conditions": {name: one.model_copy(update={"steps": 1, "curve": {}}) for name, one in record.results.conditions.items()},
        }
    )
    return record.model_copy(
        update={
            "corpus": record.corpus.model_copy(update={"counts": "rows", "name": "a table"}),
            "goal": record.goal.model_copy(update={"blueprint": blueprint, "domain": "regression"}),
            "results": results,
            "remarks": (),
            "works": (),
        }
    )


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_turn_of_the_writer_on_language_models_is_left(studies, pattern):
    topic, study = PATTERNS[pattern]
    before = studies.finished(topic, **study)
    trained = paper_outline.record_of(paper_outline.Inputs(**before), studies.context())
    source = "scikit-learn" if pattern == "contest" else "synthetic"
    record = as_tables(trained, source)
    outline = planning.outline(Study(record), paper_outline.SECTIONS)
    told = " ".join((outline.title, *(text for _, text in writing.compose(record, outline)), *(f.caption for f in outline.figures)))
    own = record.model_dump_json()
    assert {turn for turn in OF_THE_WRITER.findall(told) if turn not in own} == set()
    assert ("makes rows of its own" in told) is (source == "synthetic")
    assert OF_THE_WRITER.search(
        " ".join(text for _, text in writing.compose(trained, planning.outline(Study(trained), paper_outline.SECTIONS)))
    )
