"""A small finished run in a run folder, honest or hostile, and a real browser to look at its page."""

import importlib.util
import runpy
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from researchclaw import journal as j
from researchclaw.adapters.figures.illustrator import MatplotlibIllustrator
from researchclaw.adapters.journalled import TRAINING_RUN
from researchclaw.report.page import report
from researchclaw.report.record import read_record
from researchclaw.run_store import RunStore
from stages import contracts as c
from stages.h_finalization import citation_verify, export_publish
from stages.pipeline import PIPELINE

HERE = Path(__file__).parent
small = SimpleNamespace(**runpy.run_path(str(HERE.parents[1] / "stages" / "h_finalization" / "small_study.py")))

HOSTILE = (
    "</pre></script></style><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>"
    "\"' onmouseover=alert(4) {{7*7}} {% raise %} \x00\x07 \u202etxet\u202c \u200bhidden\u2066 漢字 عربى 🙂"
)


def write_run(output: Path, hostile: str = "") -> RunStore:
    """The run folder of the small study. hostile: put into every text that a model, a log, a work or a user gives."""
    outputs = small.ready(small.record())
    brief = outputs[c.Brief]
    store = RunStore.create(
        output,
        f"Does the learning-rate schedule matter? {hostile}".strip(),
        settings={"output": "here", "note": hostile},
        hardware=brief.hardware,
        version="0.1.0",
        versions={"python": "3.11"},
        command=("researchclaw", "run", hostile),
    )
    small.write_runs(store.folder, outputs[c.RefinedRecords])
    world = small.context(store.folder, illustrator=MatplotlibIllustrator(cache=output / "matplotlib"))
    outputs[c.Deliverables] = export_publish.run(small.inputs_of(export_publish.Inputs, outputs), world)
    outputs[c.VerificationReport] = citation_verify.run(small.inputs_of(citation_verify.Inputs, outputs), world)
    if hostile:
        outputs |= _poisoned(outputs, hostile)
        for log in store.experiment_runs.glob("*/*/log.txt"):
            log.write_bytes(hostile.encode() + b"\xff\xfe\n" + b"x" * 20_000 + hostile.encode())
    with store.lock(), j.Journal(store.journal_path) as journal:
        journal.event(j.RunStarted(run_id=store.run_id, pid=1, resumed=False))
        for stage in PIPELINE:
            if stage.output not in outputs:
                continue
            journal.event(j.StageStarted(stage=stage.number, name=stage.name, round=1))
            if stage.output is c.Schedule:
                for record in outputs[c.RefinedRecords].runs:
                    journal.record(TRAINING_RUN, c.SubQuestion(id="q", text=record.folder, priority=1), record)
            store.write_output(stage, outputs[stage.output], round_=1, inputs={}, guidance=(), seconds=0.5)
            journal.event(j.StageEnded(stage=stage.number, name=stage.name, round=1, seconds=0.5, reused=False))
        journal.event(j.WentBack(archive=1, to=17, by="user", reason=f"again {hostile}"))
        journal.event(j.RunEnded(status="done", exit_code=0))
    store.ask(c.GateQuestion(stage=5, title=f"May these be cited? {hostile}", body=f"**Two** works. {hostile}"))
    store.answer(c.GateAnswer(stage=5, decision="approve", comment=hostile, by=f"a person {hostile}", via="terminal", at="2026-01-01"))
    store.add_guidance(c.Guidance(stage=9, message=f"Use more seeds. {hostile}", by="somebody"), at="2026-01-01T00:00:00+00:00")
    store.write_info(store.info().model_copy(update={"status": "done", "exit_code": 0, "message": hostile, "stage": "23"}))
    return store


def _poisoned(outputs: dict[Any, Any], hostile: str) -> dict[Any, Any]:
    hypotheses, analysis, shortlist = outputs[c.Hypotheses], outputs[c.Analysis], outputs[c.Shortlist]
    bad_hypotheses = tuple(
        h.model_copy(update={"statement": hostile, "rationale": hostile, "refuted_when": hostile, "keys": (hostile,)})
        for h in hypotheses.hypotheses
    )
    remark = c.AnalystRemark(analyst="statistician", text=f"{hostile} {{{{no.such.key}}}}")
    works = tuple(
        w.model_copy(update={"title": hostile, "venue": hostile, "arxiv_id": None, "url": f"javascript:alert('{hostile}')"})
        for w in shortlist.works
    )
    weakness = c.Weakness(id="w", reviewer="r", quote=hostile, text=hostile, severity="minor", required_change=hostile)
    review = c.Review(reviewer=hostile, summary=hostile, strengths=(hostile,), weaknesses=(weakness,), quality=1)
    manuscript = outputs[c.RevisedManuscript].manuscript
    text = manuscript.markdown.replace(
        "Linear decay {{cmp",
        "<script>alert(5)</script> [press](javascript:alert(6)) [go](https://example.org/?a=1&b=2) Linear decay {{cmp",
        1,
    )
    refined = outputs[c.RefinedRecords]
    runs = (
        refined.runs[0].model_copy(update={"folder": "../../../../etc", "isolation": hostile, "command": hostile}),
        *refined.runs[1:],
    )
    return {
        c.Hypotheses: hypotheses.model_copy(update={"hypotheses": bad_hypotheses}),
        c.Analysis: analysis.model_copy(update={"remarks": (remark,)}),
        c.Shortlist: shortlist.model_copy(update={"works": works}),
        c.Reviews: c.Reviews(reviews=(review,), required=(weakness,)),
        c.RevisedManuscript: c.RevisedManuscript(manuscript=manuscript.model_copy(update={"markdown": text}), answers=()),
        c.RefinedRecords: refined.model_copy(update={"runs": runs}),
    }


def page_of(store: RunStore) -> str:
    return report(read_record(store, PIPELINE))


@pytest.fixture(scope="session")
def honest_run(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    return write_run(tmp_path_factory.mktemp("honest"))


@pytest.fixture(scope="session")
def hostile_run(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    return write_run(tmp_path_factory.mktemp("hostile"), HOSTILE)


@pytest.fixture(scope="session")
def write_page(tmp_path_factory: pytest.TempPathFactory) -> Callable[[RunStore], Path]:
    """The page of a run as a file."""

    def write(store: RunStore) -> Path:
        place = tmp_path_factory.mktemp("page") / "report.html"
        place.write_text(page_of(store), encoding="utf-8")
        return place

    return write


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[RunStore], RunStore]:
    """A run that a test may change."""
    return lambda store: RunStore(shutil.copytree(store.folder, tmp_path / store.run_id))


def _driver() -> ModuleType:
    spec = importlib.util.spec_from_file_location("report_browser", HERE / "browser.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["report_browser"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def _one_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    driver = _driver()
    if driver.PROGRAM is None:
        pytest.skip(driver.MISSING)
    with driver.browser(tmp_path_factory.mktemp("chromium")) as started:
        yield started


@pytest.fixture
def browser(_one_browser: Any) -> Any:
    """A browser that has seen nothing yet."""
    _one_browser.noise.clear()
    return _one_browser
