import functools
import io
import json
import os
import shlex
import signal
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from researchclaw import cli, engine
from researchclaw.run_store import RunStore, runs

ROOT = Path(__file__).parents[2]

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """A command in an empty folder: exit code, what it printed, what it complained of."""
    monkeypatch.chdir(tmp_path)

    def command(*words: str) -> tuple[int, str, str]:
        code = cli.main(words)
        out, err = capsys.readouterr()
        return code, out, err

    return command


@pytest.fixture
def toys(toy: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The command line over the toy pipeline and the toy world, without Prefect."""
    pipeline, wiring = types.ModuleType("stages.pipeline"), types.ModuleType("researchclaw.wiring")
    pipeline.PIPELINE = toy.PIPELINE  # type: ignore[attr-defined]
    wiring.build = lambda settings, store, journal: toy.World(  # type: ignore[attr-defined]
        toy.Laboratory(journal, store.folder / "paid.txt", 0)
    )
    wiring.check_topic = lambda settings, topic: None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "stages.pipeline", pipeline)
    monkeypatch.setitem(sys.modules, "researchclaw.wiring", wiring)
    monkeypatch.setattr("researchclaw.wiring", wiring, raising=False)
    monkeypatch.setattr("researchclaw.adapters.offline.HEEDS_GUIDANCE", ("search",))
    monkeypatch.setattr(engine, "Engine", functools.partial(engine.Engine, routes=toy.ROUTES))
    return toy


PLAIN = ("--set", "flow.engine=plain")


def only_run() -> RunStore:
    (folder,) = runs(Path("artifacts"))
    return RunStore(folder)


def test_a_run_with_auto_approval_ends_with_0_and_says_where_things_are(say: Say, toys: ModuleType) -> None:
    code, out, err = say("run", "--topic", "do  toys\nlearn?", "--auto-approve", *PLAIN)
    assert (code, err) == (0, "")
    assert only_run().info().topic == "do toys learn?"
    assert f"Folder: {only_run().folder}" in out
    assert "[ 5/7] trial (round 2) done" in out


def test_a_done_run_is_left_as_it_is(say: Say, toys: ModuleType) -> None:
    say("run", "--topic", "toys", "--auto-approve", *PLAIN)
    before = {path: path.read_bytes() for path in only_run().folder.rglob("*") if path.is_file()}
    code, out, _ = say("resume", "latest")
    assert code == 0
    assert "nothing was changed" in out
    assert {path: path.read_bytes() for path in only_run().folder.rglob("*") if path.is_file()} == before


def test_without_a_terminal_a_gate_ends_with_3_and_the_commands_that_decide(say: Say, toys: ModuleType) -> None:
    code, _, err = say("run", "--topic", "toys", *PLAIN)
    run = only_run().run_id
    assert code == 3
    assert err.count("\n") == 1
    assert f"researchclaw approve {run}" in err
    code, out, _ = say("status", "--json")
    assert code == 0
    found = json.loads(out)
    assert (found["status"], found["waiting_gates"]) == ("waiting", [3])
    assert say("approve", run, "--comment", "good")[0] == 0
    code, _, err = say("reject", run, "--reason", "too late")
    assert code == 2
    assert "answered already: approve" in err
    assert say("resume", run)[0] == 0
    assert say("status", run)[1].count("done") >= 7


def test_a_rejection_by_command_leads_back_with_its_reason(say: Say, toys: ModuleType) -> None:
    say("run", "--topic", "toys", *PLAIN)
    assert say("reject", "latest", "--reason", "older works")[0] == 0
    assert say("resume", "latest")[0] == 3
    found = only_run().output(toys.PIPELINE[1])
    assert found is not None
    assert isinstance(found.output, dict)
    assert found.output["heard"] == ["older works"]
    assert say("reject", "latest")[0] == 2


def test_guidance_after_the_end_is_followed_by_resume(say: Say, toys: ModuleType) -> None:
    say("run", "--topic", "toys", "--auto-approve", *PLAIN)
    assert say("guide", "latest", "--stage", "search", "--message", "think of tops")[0] == 0
    code, out, _ = say("resume", "latest")
    assert code == 0
    assert "back to stage 2 (guidance)" in out
    assert say("guide", "latest", "--stage", "2")[0] == 2


def test_to_stage_and_from_stage_by_name_and_number(say: Say, toys: ModuleType) -> None:
    code, out, _ = say("run", "--topic", "toys", "--auto-approve", "--to-stage", "design", *PLAIN)
    assert code == 0
    assert "stopped as asked after 04 design" in out
    assert say("resume", "--from-stage", "4")[0] == 0
    assert only_run().info().status == "done"
    code, out, _ = say("run", "--topic", "toys", "--auto-approve", "--from-stage", "report", *PLAIN)
    assert code == 0
    assert "back to stage 7 (user)" in out
    assert len(runs(Path("artifacts"))) == 1
    assert say("run", "--topic", "other", "--from-stage", "3", *PLAIN)[0] == 2


def test_a_run_in_another_process_is_refused_with_its_pid(say: Say, toys: ModuleType) -> None:
    say("run", "--topic", "toys", "--auto-approve", "--to-stage", "2", *PLAIN)
    with only_run().lock():
        code, _, err = say("resume", "latest")
    assert code == 2
    assert str(os.getpid()) in err


def test_a_process_that_goes_down_with_ctrl_c_says_how_to_go_on(say: Say, toys: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(toys.Laboratory, "score", interrupted)
    code, _, err = say("run", "--topic", "toys", "--auto-approve", *PLAIN)
    assert code == 130
    assert err == f"researchclaw: interrupted; `researchclaw resume {only_run().run_id}` goes on from here.\n"
    assert only_run().info().status == "interrupted"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run",), "--topic"),
        (("run", "--topic", " "), "the topic is empty"),
        (("run", "--topic", "?!"), "the topic is empty"),
        (("run", "--topic", "learning rate \udcff"), "the topic is not UTF-8 text"),
        (("run", "--topic", "x", "--preset", "quik"), "did you mean 'quick'"),
        (("run", "--topic", "x", "--config", "none.yaml"), "none.yaml cannot be read"),
        (("run", "--topic", "x", "--set", "experiment.seed=3"), "did you mean 'experiment.seeds'"),
        (("run", "--topic", "x", "--set", "experiment.seeds=-1"), "allowed: a whole number, at least 1, at most 99"),
        (("run", "--topic", "x", "--kit", "tiny_ml"), "did you mean 'tiny_lm'"),
        (("run", "--topic", "x", "--set", "experiment.corpus=nowhere"), "nowhere is not there"),
        (("run", "--topic", "x", "--to-stage", "desing"), "did you mean 'design' (4)"),
        (("run", "--topic", "x", "--to-stage", "24"), "1 to 7"),
        (("run", "--topic", "x", "--from-stage", "5", "--to-stage", "3"), "comes after"),
        (("run", "--topic", "x", "--output", "/proc/nowhere"), "--output"),
        (("run", "--topic", "x", "--set", "min_free_mb=999999999"), "MB free"),
        (("run", "--topic", "x", "--bogus"), "--bogus"),
        (("resume", "rc-nothing"), "there is no run"),
        (("resume", "x" * 5000), "there is no run"),
        (("status",), "there is no run in"),
        (("approve", "latest"), "there is no run in"),
        (("bogus",), "bogus"),
        (("kits",), "Missing command"),
        (("kits", "show", "nope"), "known: "),
        (("audit", "nowhere"), "nowhere is no folder"),
    ],
)
def test_bad_input_is_one_line_and_2_and_nothing_is_spent(say: Say, toys: ModuleType, words: tuple[str, ...], message: str) -> None:
    code, out, err = say(*words)
    assert code == 2, err
    assert err.startswith("researchclaw: ")
    assert err.count("\n") == 1
    assert message in err
    assert out == ""
    assert runs(Path("artifacts")) == ()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("audit", "/"), "holds no paper.tex"),
        (("init", "--mind", "offline", "--to", "nowhere/x.yaml"), "in a folder that is there"),
        (("init", "--mind", "openai", "--model", "x", "--base-url", "nonsense"), "llm.base_url: 'nonsense' is no address"),
        (("init", "--mind", "openai", "--model", "x", "--base-url", "http://[x"), "llm.base_url: 'http://[x' is no address"),
        (("worker", "start", "--pool", "../x"), "'experiment.pool' cannot be '../x'"),
        (("server", "start", "--set", "server.port=99999"), "at most 65535"),
        (("doctor", "--set", "literature.mode=on"), "allowed: offline, cache-first or online"),
        (("experiment", "--request", "nowhere.json"), "nowhere.json cannot be read"),
        (("experiment", "--request", "/dev/zero"), "--request: /dev/zero is no regular file"),
        (("loop", "report", "--html", "nowhere/x.html"), "--html: nowhere/x.html is no file in a folder that is there"),
        (("loop", "report", "--html", "/tmp"), "--html: /tmp is no file"),
        (("sandbox", "exec", "--bogus", "--", "true"), "--bogus"),
        (("sandbox", "exec", "--json", "--", "true"), "--json"),
        (("sandbox", "exec", "--set", "a=b", "--", "true"), "--set"),
        (("sandbox", "exec", "--with-file", "..", "--", "true"), "--with-file: .. is no file; name a file"),
        (("experiment", "--budget", "inf"), "--budget: 'inf' is no finite number"),
        (("kits", "new", "--from", ".", "--budget", "inf"), "--budget: 'inf' is no finite number"),
        (("loop", "start", "--kit", "digits", "--run-budget", "inf"), "--run-budget: 'inf' is no finite number"),
        (("loop", "start", "--timeout", "inf"), "--timeout: 'inf' is no finite number"),
        (("loop", "start", "--tiny-gain", "inf"), "--tiny-gain: 'inf' is no finite number"),
        (("loop", "start", "--budget", "9" * 400), "--budget: 'inf' is no finite number"),
        (("experiment", "--train", "/dev/zero"), "--train: /dev/zero is no regular file"),
        (("experiment", "--config", "/dev/zero"), "--config: /dev/zero is no regular file"),
        (("loop", "start", "--kit", "digits", "--propose", "/dev/zero"), "--propose: /dev/zero is no regular file"),
    ],
)
def test_bad_input_to_commands_without_a_run_is_one_line_and_2(say: Say, words: tuple[str, ...], message: str) -> None:
    code, out, err = say(*words)
    assert (code, out) == (2, ""), err
    assert err.startswith("researchclaw: ")
    assert err.count("\n") == 1
    assert message in err


def test_a_bug_is_one_line_unless_debug_is_asked_for(say: Say, toys: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(toys.Laboratory, "score", broken)
    code, _, err = say("run", "--topic", "toys", "--auto-approve", *PLAIN)
    assert code == 1
    assert err == "researchclaw: ZeroDivisionError: by nothing (a bug; --debug shows where).\n"
    code, _, err = say("resume", "--debug")
    assert code == 1
    assert "Traceback" in err


def test_the_commands_that_are_named_work_when_runs_lie_elsewhere(say: Say, toys: ModuleType) -> None:
    _, _, err = say("run", "--topic", "toys", "--output", "else where", *PLAIN)
    (folder,) = runs(Path("else where"))
    told = shlex.split(err[err.index("researchclaw approve") :].partition("`")[0])
    assert say(*told[1:])[0] == 0
    code, out, _ = say("status", str(folder))
    assert code == 0
    assert say("resume", str(folder), "--to-stage", "4")[0] == 0
    _, out, _ = say("status", str(folder))
    told = shlex.split(out[out.index("researchclaw resume") :].partition("`")[0])
    assert say(*told[1:])[0] == 0


def test_a_run_is_found_by_the_settings_file_of_its_project_wherever_the_command_stands(
    say: Say, toys: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project.yaml"
    project.write_text(f"output: {tmp_path / 'papers'}\nflow: {{engine: plain}}\n")
    say("run", "--topic", "toys", "--config", str(project))
    (folder,) = runs(tmp_path / "papers")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    there = ("latest", "--config", str(project))
    assert folder.name in say("status", *there)[1]
    assert folder.name in say("status", "--all", "--config", str(project))[1]
    assert say("guide", *there, "--stage", "search", "--message", "look again")[0] == 0
    (tmp_path / "edit.json").write_text("{}")
    assert "there is no run" not in say("edit", *there, "--stage", "search", "--from", str(tmp_path / "edit.json"))[2]
    assert say("reject", *there, "--reason", "too few")[0] == 0
    assert "answered already: reject" in say("approve", *there)[2]
    assert "there is no run" in say("approve")[2]


def test_a_deleted_folder_is_said_in_one_line(say: Say, toys: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    code, _, err = say("status")
    monkeypatch.chdir(tmp_path)
    assert (code, err) == (2, "researchclaw: the current folder was deleted; go to one that is there.\n")


@pytest.mark.parametrize(
    ("around", "encoding"),
    [("exec {} >&- 2>&- <&-", "utf-8"), ("{{ {}; echo $? >code; }} | head -c 1; exit $(cat code)", "utf-8"), ("exec {}", "ascii")],
    ids=["closed streams", "a reader who leaves", "a terminal of few letters"],
)
def test_what_becomes_of_the_output_does_not_end_a_run(around: str, encoding: str, tmp_path: Path) -> None:
    go = (
        "import sys; from researchclaw import progress, journal; from researchclaw.cli import program, running\n"
        "program._mend_streams()\n"
        "with running._display(3) as display:\n"
        "    for n in range(2000): display(journal.StageStarted(stage=1, name='toy', round=1))\n"
        "assert not sys.stdin.isatty()"
    )
    command = around.format(f"{shlex.quote(sys.executable)} -c {shlex.quote(go)}")
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_run_whose_workers_are_gone_goes_on_here(say: Say, toys: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    build = sys.modules["researchclaw.wiring"].build
    monkeypatch.setattr(
        sys.modules["researchclaw.wiring"],
        "build",
        lambda settings, store, journal: seen.append(settings.experiment.executor) or build(settings, store, journal),
    )
    monkeypatch.setattr("researchclaw.server.lasting", lambda *_: "http://127.0.0.1:1")
    say("run", "--topic", "toys", "--auto-approve", "--to-stage", "4", "--set", "experiment.executor=workpool", *PLAIN)
    assert say("resume", "latest", "--set", "experiment.executor=local")[0] == 0
    assert seen == ["workpool", "local"]
    assert say("resume", "latest", "--set", "experiment.seeds=9")[0] == 2


def test_settings_of_the_run_are_kept_for_resume(say: Say, toys: ModuleType) -> None:
    say("run", "--topic", "toys", "--preset", "quick", "--to-stage", "1", *PLAIN)
    settings = only_run().info().settings
    assert isinstance(settings["experiment"], dict)
    assert settings["experiment"]["time_budget_sec"] == 20
    assert say("resume", "--auto-approve")[0] == 0


def test_the_stages_are_listed_from_the_pipeline(say: Say, toys: ModuleType) -> None:
    code, out, _ = say("stages")
    assert code == 0
    assert "3 screen             gate  Kept <- Found" in out
    rows = json.loads(say("stages", "--json")[1])
    assert rows[6]["inputs"] == ["Aim", "Scores", "Decision"]


def test_a_kit_of_ones_own_is_named_by_its_path_and_read_before_it_is_run(say: Say, tmp_path: Path) -> None:
    source = tmp_path / "2nd try"
    source.mkdir()
    (source / "train.py").write_text("import os\nseed = int(os.environ['SEED'])\nprint('val_loss:', seed)\n", encoding="utf-8")
    how = ("--command", "python train.py", "--metric", "val_loss", "--direction", "lower", "--scope", "train.py", "--to", "mine")
    assert "--name" in say("kits", "new", "--from", str(source), *how)[2]
    code, out, _ = say("kits", "new", "--from", str(source), *how, "--name", "mine")
    assert (code, "kits check --deep ./mine" in out) == (0, True)
    assert "scored by the program itself, checked by nobody" in say("kits", "show", "./mine")[1]
    assert "mine is sound" in say("kits", "check", "./mine")[1]
    assert "write ./mine" in say("kits", "show", "mine")[2]
    assert "there is no kit.yaml in ./nowhere" in say("experiment", "--kit", "./nowhere")[2]
    (source / "train.py").write_text("seed = 42\n", encoding="utf-8")
    code, _, err = say("kits", "check", "./mine")
    assert (code, "chooses its own seed (line 1)" in err, "int(os.environ['SEED'])" in err) == (2, True, True)


def test_kits_are_listed_shown_and_checked(say: Say) -> None:
    assert "tiny_lm" in say("kits", "list")[1]
    assert "val_bpb" in say("kits", "show", "tiny_lm", "--json")[1]
    assert say("kits", "show", "tiny_lm")[0] == 0
    assert "tiny_lm is sound" in say("kits", "check", "tiny_lm")[1]
    assert "python train.py" in say("kits", "show", "digits")[1]
    assert json.loads(say("kits", "show", "digits", "--json")[1])["name"] == "digits"
    assert "known: tiny_lm, digits, gpu_lm" in say("kits", "show", "x" * 9)[2]
    assert "nowhere is no folder" in say("kits", "new", "--from", "nowhere")[2]


def test_a_kit_that_needs_a_gpu_is_listed_and_shown_and_refused_without_one(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "gpu_lm: Byte-level language model for one GPU" in say("kits", "list")[1]
    assert "none is found here" in json.loads(say("kits", "list", "--json")[1])[-1]["gpu"]
    assert "needs an NVIDIA GPU, and none is found here" in say("kits", "show", "gpu_lm")[1]
    for words in (("kits", "check", "gpu_lm"), ("experiment", "--kit", "gpu_lm"), ("loop", "start", "--kit", "gpu_lm")):
        code, out, err = say(*words)
        assert (code, out) == (2, "")
        assert err.count("\n") == 1
        assert "gpu_lm needs an NVIDIA GPU" in err
    assert "gpu_lm is sound" in say("kits", "check", "gpu_lm", "--set", "experiment.device=cpu")[1]


@pytest.mark.parametrize("kit", ["digits", "gpu_lm"])
def test_a_kit_without_factors_is_refused_for_a_study_with_what_it_is_for(say: Say, kit: str) -> None:
    code, _, err = say("run", "--kit", kit, "--topic", "Does weight decay help on small images?", "--auto-approve", *PLAIN)
    assert code == 2
    assert err.count("\n") == 1
    assert f"researchclaw loop start --kit {kit}" in err
    assert "For a study: tiny_lm" in err
    assert runs(Path("artifacts")) == ()


def test_every_command_has_help(say: Say) -> None:
    commands = ["run", "resume", "status", "approve", "reject", "guide", "stages", "kits", "doctor", "experiment", "sandbox", "audit"]
    out = say("--help")[1]
    for command in commands:
        assert f"\n  {command} " in out
        code, text, _ = say(command, "--help")
        assert code == 0
        assert "Usage: researchclaw" in text
    assert say()[0] == 0
    assert say("--version")[1].startswith("researchclaw ")


def test_the_command_line_imports_nothing_heavy() -> None:
    code = (
        "import sys, researchclaw.cli as cli; cli.main(['--help']); "
        "heavy = {'torch', 'numpy', 'scipy', 'prefect', 'matplotlib', 'rich', 'pydantic'} & set(sys.modules); "
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr


def test_the_real_stages_are_listed_without_a_heavy_import() -> None:
    code = (
        "import sys, researchclaw.cli as cli; assert cli.main(['stages']) == 0; "
        "heavy = {'torch', 'prefect', 'matplotlib', 'scipy.stats'} & set(sys.modules); "
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert "23 citation_verify" in done.stdout


def test_a_mode_waits_where_it_says_and_resume_may_change_it(say: Say, toys: ModuleType) -> None:
    assert say("run", "--topic", "toys", "--mode", "co-pilot", "--auto-approve", *PLAIN)[0] == 2
    assert not Path("artifacts").exists()
    code, _, err = say("run", "--topic", "toys", "--mode", "step-by-step", *PLAIN)
    assert (code, "waiting at gate 1" in err) == (3, True)
    code, _, err = say("reject", "latest", "--reason", "x")
    assert (code, "cannot be sent back" in err) == (2, True)
    code, _, err = say("resume", "latest", "--mode", "checkpoint")
    assert (code, "waiting at gate 3" in err) == (3, True)
    assert say("resume", "latest", "--mode", "co-pilot", "--auto-approve")[0] == 2
    assert "gates.policies" in say("resume", "latest", "--mode", "custom")[2]
    code, _, err = say("resume", "latest", "--mode", "custom", "--set", "gates.policies=[screen=auto, design=suspend]")
    assert (code, "waiting at gate 4" in err) == (3, True)
    assert say("resume", "latest", "--auto-approve")[0] == 0
    assert only_run().info().status == "done"


def test_guidance_that_nobody_would_read_is_refused_with_the_stages_that_do(say: Say, toys: ModuleType) -> None:
    say("run", "--topic", "toys", "--auto-approve", *PLAIN)
    code, _, err = say("guide", "latest", "--stage", "judge", "--message", "be kind")
    assert code == 2
    assert err == "researchclaw: stage 6 (judge) reads no guidance; these do: 2 search.\n"
    assert say("guide", "latest", "--stage", "99", "--message", "x")[0] == 2


def test_an_edited_output_is_a_persons_and_what_rests_on_it_is_done_again(say: Say, toys: ModuleType, tmp_path: Path) -> None:
    say("run", "--topic", "toys", "--auto-approve", *PLAIN)
    mine = tmp_path / "mine.json"
    mine.write_text('{"works": ["only this"]}')
    assert say("edit", "latest", "--stage", "screen", "--from", str(mine))[0] == 0
    store = only_run()
    found = store.output(toys.PIPELINE[2])
    assert found is not None
    assert found.edited_by is not None
    assert (store.stage_folder(toys.PIPELINE[2]) / "output.before_edit.json").exists()
    gate = store.gate(3)
    assert gate is not None
    assert gate.answer is not None
    assert (gate.answer.decision, gate.answer.via, gate.answer.by) == ("edit", "command line", found.edited_by)
    assert "only this" in gate.question.body
    before = toys.paid(store)
    code, out, _ = say("resume", "latest")
    assert code == 0
    assert "back to stage 4 (changed inputs)" in out
    design = store.output(toys.PIPELINE[3])
    assert design is not None
    assert isinstance(design.output, dict)
    assert design.output["works"] == ["only this"]
    assert toys.paid(store) == before
    assert (store.folder / "archive" / "2" / "stages" / "07_report" / "output.json").exists()
    mine.write_text('{"works": 7}')
    code, _, err = say("edit", "latest", "--stage", "3", "--from", str(mine))
    assert (code, "left as it was" in err) == (2, True)
    assert say("edit", "latest", "--stage", "3", "--from", str(tmp_path / "none"))[0] == 2


def test_without_a_terminal_no_editor_is_waited_for(say: Say, toys: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    say("run", "--topic", "toys", "--auto-approve", *PLAIN)
    monkeypatch.delenv("EDITOR", raising=False)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    code, _, err = say("edit", "latest", "--stage", "screen")
    assert (code, "--from FILE" in err) == (2, True)


def test_a_damaged_output_names_the_command_that_mends_it(say: Say, toys: ModuleType) -> None:
    say("run", "--topic", "toys", "--auto-approve", *PLAIN)
    (only_run().stage_folder(toys.PIPELINE[3]) / "output.json").write_text("{")
    for command in ("status", "resume"):
        code, _, err = say(command)
        assert (code, "is damaged" in err, "--from-stage 4" in err) == (2, True, True)
    assert say("resume", "--from-stage", "4")[0] == 0
    assert only_run().info().status == "done"


def test_what_another_version_wrote_is_not_done_again_unasked(say: Say, toys: ModuleType) -> None:
    say("run", "--topic", "toys", "--auto-approve", *PLAIN)
    store = only_run()
    file = store.stage_folder(toys.PIPELINE[3]) / "output.json"
    record = json.loads(file.read_text())
    record["inputs"]["Gone"] = "0" * 64
    file.write_text(json.dumps(record))
    paper = sorted(path.name for path in store.folder.iterdir())
    code, _, err = say("resume", "latest", "--from-stage", "7")
    assert (code, "stage 4 (design)" in err, "--from-stage 4" in err) == (2, True, True)
    assert sorted(path.name for path in store.folder.iterdir()) == paper
    assert store.info().status == "done"
    assert say("resume", "latest", "--from-stage", "4")[0] == 0


def test_a_look_that_the_paper_has_already_is_said_and_made_again_only_where_it_would_change(
    say: Say, toys: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    say("run", "--topic", "toys", "--auto-approve", *PLAIN)
    only_run().deliverables.mkdir()
    found: list[str | None] = [None, "it was made by 0.0.9, and this is 0.1.0"]
    monkeypatch.setattr("researchclaw.set_again.why_set_again", lambda deliverables, settings: found.pop(0))
    monkeypatch.setattr("researchclaw.cli.running.QUALITY_GATE", 7)
    same = ("resume", "latest", "--set", "export.venue=neurips")
    code, out, _ = say(*same)
    assert (code, "set with export.venue=neurips already" in out, "[ 7/7]" in out) == (0, True, False)
    code, out, _ = say(*same, "--auto-approve")
    assert (code, "set again: it was made by 0.0.9" in out, "[ 7/7]" in out) == (0, True, True)
    only_run().deliverables.mkdir()  # the former ones were put aside
    code, out, _ = say("resume", "latest", "--set", "export.venue=plain", "--auto-approve")
    assert (code, "already" in out, "[ 7/7]" in out) == (0, False, True)
    assert found == []


def test_paths_in_settings_hold_from_every_folder(say: Say, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from researchclaw.cli.given import load_settings

    monkeypatch.setenv("HOME", str(tmp_path))
    found = load_settings(None, None, ["literature.pdf_folder=~/papers", "llm.answers=runs/one"])
    assert (found.literature.pdf_folder, found.llm.answers) == (tmp_path / "papers", tmp_path / "runs" / "one")
    code, _, err = say("run", "--topic", "Does dropout help?", "--set", "literature.pdf_folder=nowhere", *PLAIN)
    assert (code, "nowhere is no folder" in err, runs(Path("artifacts"))) == (2, True, ())


def test_from_stage_with_other_settings_is_refused_and_a_home_folder_is_found(
    say: Say, toys: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    Path("config.arc.yaml").write_text("output: ~/runs\n")
    assert say("run", "--topic", "toys", "--auto-approve", *PLAIN)[0] == 0
    assert len(runs(tmp_path / "home" / "runs")) == 1
    again = ("run", "--topic", "toys", "--auto-approve", "--from-stage", "4", *PLAIN)
    code, _, err = say(*again, "--set", "experiment.seeds=7")
    assert (code, "experiment.seeds=5, and now it is 7" in err) == (2, True)
    assert say(*again)[0] == 0


def test_one_damaged_run_hides_no_other_in_the_list(say: Say, toys: ModuleType) -> None:
    say("run", "--topic", "toys", "--auto-approve", *PLAIN)
    damaged = Path("artifacts") / "rc-20200101-000000-00000000"
    damaged.mkdir()
    (damaged / "run.json").write_text("{")
    code, out, _ = say("status", "--all")
    assert code == 0
    assert [line.split()[1] for line in out.splitlines()] == ["damaged", "done"]
    assert [one["status"] for one in json.loads(say("status", "--all", "--json")[1])] == ["damaged", "done"]


def test_a_topic_that_no_kit_answers_leaves_no_folder(say: Say) -> None:
    code, _, err = say("run", "--topic", "How do bees dance?", "--auto-approve", *PLAIN)
    assert code == 2
    assert "no study kit can answer" in err
    assert runs(Path("artifacts")) == ()


def test_sigterm_ends_a_run_as_ctrl_c_does(say: Say) -> None:
    before = signal.getsignal(signal.SIGTERM)
    try:
        say("stages", "--json")
        handler = signal.getsignal(signal.SIGTERM)
        assert callable(handler)
        with pytest.raises(KeyboardInterrupt):
            handler(signal.SIGTERM, None)
    finally:
        signal.signal(signal.SIGTERM, before)
