"""The main job on real input: two topics, real training in the sandbox, a real paper; then kill, resume and audit.

The runs are so short that their numbers mean nothing; that they are real and traced is what is tested.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.paper,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed: no experiment can be run"),
]

SCHEDULE = "Does the learning-rate schedule matter for tiny byte-level language models?"
SHAPE = "Should a small GPT be wide or deep?"
PROGRAM = [sys.executable, "-m", "researchclaw"]


SHORTER = ("experiment.time_budget_sec=1", "experiment.scored_bytes=8192")
"""Of the study that is made twice, straight and killed, and whose numbers are compared; the other one has the preset as shipped."""


def command(topic: str, output: Path, set_: tuple[str, ...] = ()) -> list[str]:
    words = [*PROGRAM, "run", "--topic", topic, "--auto-approve", "--preset", "smoke", "--output", str(output)]
    return [*words, *(word for setting in set_ for word in ("--set", setting))]


def run(arguments: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=900, **options)


def the_run(output: Path) -> Path:
    (found,) = output.glob("rc-*")
    return found


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared by the runs of this module, as a project's runs share their measured step costs."""
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def schedule_paper(output: Path) -> Path:
    done = run(command(SCHEDULE, output / "schedule", SHORTER))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return the_run(output / "schedule") / "deliverables"


@pytest.fixture(scope="module")
def shape_paper(output: Path) -> Path:
    done = run(command(SHAPE, output / "shape"))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return the_run(output / "shape") / "deliverables"


def body_of(paper: Path) -> str:
    tex = (paper / "paper.tex").read_text(encoding="utf-8")
    return tex.split(r"\begin{document}", 1)[1]


def sentences_of(paper: Path) -> list[str]:
    text = (paper / "paper_draft.md").read_text(encoding="utf-8").split("## References", 1)[0]
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", "|", "!", ":", "```", "- ["))]
    return [s.strip() for line in lines for s in re.split(r"(?<=[.?!])\s+(?=[A-Z])", line) if len(s.split()) > 4]


def test_everything_is_delivered(schedule_paper: Path) -> None:
    names = "paper_draft.md paper.tex paper.pdf references.bib reviews.md results.json provenance.json verification_report.json"
    for name in [*names.split(), "reproduce.md", "manifest.json"]:
        assert (schedule_paper / name).stat().st_size > 0, name
    assert len(list((schedule_paper / "charts").glob("*.pdf"))) >= 3
    assert (schedule_paper / "code").is_dir()
    assert list((schedule_paper / "experiment_runs").glob("*/*/measurement.json"))


def test_every_decimal_of_the_paper_is_traced_and_recomputed(schedule_paper: Path) -> None:
    results = json.loads((schedule_paper / "results.json").read_text())
    printed = json.loads((schedule_paper / "provenance.json").read_text())
    for entry in printed:
        value: Any = results
        for part in entry["path"].strip("/").split("/"):
            value = value[part]
        assert value == entry["value"], entry
        if re.fullmatch(r"[-+]?\d+\.\d+", entry["text"]):
            places = len(entry["text"].split(".")[1])
            assert float(entry["text"]) == pytest.approx(round(float(value), places), abs=1e-9), entry
    traced = {number for entry in printed for number in re.findall(r"\d+\.\d+", entry["text"])}
    prose = re.sub(r"\\(?:includegraphics|label|ref|hspace|vspace)\*?(?:\[[^]]*\])?\{[^}]*\}", "", body_of(schedule_paper))
    untraced = set(re.findall(r"(?<![\w.])\d+\.\d+(?![\w.]*(?:pt|in|em|ex|\\textwidth))", prose)) - traced
    assert not untraced


def test_every_citation_is_a_real_work(schedule_paper: Path) -> None:
    catalogue = Path(__file__).parents[1] / "researchclaw" / "catalogue" / "works.json"
    known = {work["key"] for work in json.loads(catalogue.read_text(encoding="utf-8"))}
    cited = {
        key.strip()
        for keys in re.findall(r"\\cite[tp]?\*?(?:\[[^]]*\])*\{([^}]*)\}", body_of(schedule_paper))
        for key in keys.split(",")
    }
    in_bib = set(re.findall(r"@\w+\{([^,]+),", (schedule_paper / "references.bib").read_text(encoding="utf-8")))
    assert len(cited) >= 20
    assert cited <= known
    assert cited == in_bib


def test_the_text_is_a_paper_and_not_a_log(schedule_paper: Path) -> None:
    sentences = sentences_of(schedule_paper)
    assert 2500 <= sum(len(sentence.split()) for sentence in sentences) <= 6500
    assert len(set(sentences)) == len(sentences)
    text = " ".join(sentences).lower()
    for word in ("{{", "todo", "placeholder", "pipeline", "artifact", "primary_metric", "lorem"):
        assert word not in text
    assert "rule-based" in text


def test_two_topics_give_two_papers(schedule_paper: Path, shape_paper: Path) -> None:
    first, second = set(sentences_of(schedule_paper)), set(sentences_of(shape_paper))
    assert len(first & second) < 0.5 * min(len(first), len(second))
    assert (schedule_paper / "references.bib").read_bytes() != (shape_paper / "references.bib").read_bytes()


def test_the_recorded_command_gives_the_recorded_value(schedule_paper: Path) -> None:
    record = json.loads((schedule_paper / "experiment_runs" / "baseline" / "1" / "measurement.json").read_text())
    words = record["command"].split()
    assert words[0] == "researchclaw"
    done = run([*PROGRAM, *words[1:]], cwd=schedule_paper)
    assert done.returncode == 0, done.stdout + done.stderr
    again = json.loads(done.stdout)
    assert f"{again['measurement']['value']:.5f}" == f"{record['measurement']['value']:.5f}"


def test_an_audit_finds_nothing_in_what_was_delivered_and_one_changed_digit_in_a_copy(schedule_paper: Path, tmp_path: Path) -> None:
    assert run([*PROGRAM, "audit", str(schedule_paper)]).returncode == 0
    copy = tmp_path / "copy"
    shutil.copytree(schedule_paper, copy)
    tex = (copy / "paper.tex").read_text(encoding="utf-8")
    head, body = tex.split(r"\begin{document}", 1)
    digit = re.search(r"\d\.\d\d(\d)", body)
    assert digit is not None
    changed = str((int(digit[1]) + 1) % 10)
    (copy / "paper.tex").write_text(
        head + r"\begin{document}" + body[: digit.start(1)] + changed + body[digit.end(1) :], encoding="utf-8"
    )
    assert run([*PROGRAM, "audit", str(copy)]).returncode != 0


def test_a_report_shows_the_finished_run(schedule_paper: Path, tmp_path: Path) -> None:
    done = run([*PROGRAM, "report", str(schedule_paper.parent), "--to", str(tmp_path / "report.html")])
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    printed = json.loads((schedule_paper / "provenance.json").read_text())
    linked = re.findall(
        r'<a class="number" href="#value-\d+">([^<]+)</a>', page.split('<section id="paper"')[1].split("</section>")[0]
    )
    assert len(linked) == len(printed)
    assert len(re.findall('<details class="run"', page)) >= len(list(schedule_paper.glob("experiment_runs/*/*/measurement.json")))
    assert page.count("data:image/png;base64,") == len(list((schedule_paper / "charts").glob("*.png")))


def test_a_replay_without_a_network_writes_the_same_paper(schedule_paper: Path, tmp_path: Path) -> None:
    sealed = ["bwrap", "--dev-bind", "/", "/", "--unshare-net"]
    done = run([*sealed, *PROGRAM, "replay", str(schedule_paper.parent), "--output", str(tmp_path / "again")])
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("paper.tex", "results.json", "references.bib"):
        assert (tmp_path / "again" / name).read_bytes() == (schedule_paper / name).read_bytes()


def test_a_replay_refuses_a_training_run_that_the_journal_lacks(schedule_paper: Path, tmp_path: Path) -> None:
    folder = tmp_path / schedule_paper.parent.name
    shutil.copytree(schedule_paper.parent, folder)
    lines = (folder / "journal.jsonl").read_bytes().splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if b'"kind":"training run"' in line)
    (folder / "journal.jsonl").write_bytes(b"".join(lines[:first]))
    done = run([*PROGRAM, "replay", str(folder), "--output", str(tmp_path / "again")])
    assert done.returncode == 1
    assert "stage 12 (experiment_run): the journal does not hold the training run of" in done.stderr
    assert not (tmp_path / "again").exists()


def test_resuming_a_finished_run_changes_nothing(schedule_paper: Path) -> None:
    folder = schedule_paper.parent
    before = {file: file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file()}
    done = run([*PROGRAM, "resume", str(folder)])
    assert done.returncode == 0
    assert {file: file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file()} == before


def without_cost(tex: str) -> str:
    """The cost line is the one paragraph that differs between two runs of the same study."""
    return re.sub(r"(?s)\\label\{sec:appendix_cost\}.*?(?=\\section|\\end\{document\})", "", tex)


@pytest.mark.parametrize("killed_in", ["04_literature_collect", "09_experiment_design", "12_experiment_run", "17_paper_draft"])
def test_a_killed_run_resumes_to_the_same_paper(killed_in: str, schedule_paper: Path, tmp_path: Path) -> None:
    """The copy of a finished run is cut back to a moment inside a stage, as kill -9 would have left it."""
    finished = schedule_paper.parent
    folder = tmp_path / finished.name
    shutil.copytree(finished, folder)
    number = int(killed_in[:2])
    for stage in sorted((folder / "stages").iterdir()):
        if int(stage.name[:2]) >= number:
            shutil.rmtree(stage)
    shutil.rmtree(folder / "deliverables")
    trained = json.dumps(sorted(str(path.relative_to(folder)) for path in folder.glob("experiment_runs/*/*/measurement.json")))
    started = {path: path.stat().st_mtime_ns for path in folder.glob("experiment_runs/*/*/measurement.json")}
    done = run([*PROGRAM, "resume", str(folder)])
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert trained == json.dumps(sorted(str(path.relative_to(folder)) for path in folder.glob("experiment_runs/*/*/measurement.json")))
    assert {path: path.stat().st_mtime_ns for path in started} == started, "a training run was repeated"
    assert (folder / "deliverables" / "paper.tex").read_text() == (schedule_paper / "paper.tex").read_text()


def test_kill_9_during_training_leaves_no_orphan_and_resumes_to_the_same_numbers(schedule_paper: Path, output: Path) -> None:
    target = output / "schedule_killed"
    shutil.copytree(output / "schedule" / ".state", target / ".state")
    process = subprocess.Popen(command(SCHEDULE, target, SHORTER), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 600
    while not list(target.glob("rc-*/experiment_runs/*/1/measurement.json")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.2)
    time.sleep(1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    folder = the_run(target)
    done = {path: path.stat().st_mtime_ns for path in folder.glob("experiment_runs/*/*/measurement.json")}
    deadline = time.monotonic() + 5
    while left := run(["pgrep", "-f", folder.name], env=os.environ).stdout.split():
        assert time.monotonic() < deadline, f"processes of the killed run live on: {left}"
        time.sleep(0.1)
    resumed = run([*PROGRAM, "resume", str(folder)])
    assert resumed.returncode == 0, resumed.stdout[-3000:] + resumed.stderr[-3000:]
    assert {path: path.stat().st_mtime_ns for path in done} == done
    texts = [without_cost((paper / "paper.tex").read_text()) for paper in (folder / "deliverables", schedule_paper)]
    assert texts[0] == texts[1]


def test_a_topic_outside_the_kits_ends_at_once_with_what_can_be_studied(tmp_path: Path) -> None:
    began = time.monotonic()
    done = run(command("How do honey bees find their way home?", tmp_path / "bees"))
    assert done.returncode == 2
    assert "batch" in done.stderr
    assert "llm.provider" in done.stderr
    assert time.monotonic() - began < 60  # a hang, not a speed: the speed is benchmarks/overhead.py's business
