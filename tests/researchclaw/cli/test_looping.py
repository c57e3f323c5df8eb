"""`researchclaw loop` on real repositories: preconditions, the user's files, the shipped examples, CI, plan, detach."""

import contextlib
import difflib
import hashlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from researchclaw.cli import main
from researchclaw.cli.looping import _to_resume, _words
from researchclaw.loop import opening
from researchclaw.loop.store import LoopStore
from researchclaw.settings import Settings

EXAMPLES = Path(__file__).parents[3] / "examples" / "loop"
BUNDLE = ("--scope", "options.py", "--scope", "app.py", "--verify", "python build.py", "--metric", "bytes", "--direction", "lower")

Make = Callable[..., Path]


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.invalid")
    return subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    def made(example: str) -> Path:
        folder = tmp_path / "repository"
        shutil.copytree(EXAMPLES / example, folder)
        git(folder, "init", "-q", "-b", "main")
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", "begin")
        monkeypatch.chdir(folder)
        return folder

    return made


def loop(*words: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["loop", *words])
    return code, out.getvalue(), err.getvalue()


def difference(name: str, change: Callable[[str], str]) -> str:
    old = (EXAMPLES / "bundle" / name).read_text()
    lines = difflib.unified_diff(old.splitlines(keepends=True), change(old).splitlines(keepends=True), f"a/{name}", f"b/{name}")
    return "".join(lines)


def tree_of(folder: Path) -> dict[str, str]:
    """Every file of a work tree, its git folder apart, and git's index."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and ".git" not in path.relative_to(folder).parts]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in [*files, folder / ".git" / "index"]}


# ---------------------------------------------------------------- one clear line


def test_preconditions_have_one_line_each(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*words: str) -> str:
        code, _, err = loop("start", *words)
        assert code == 2
        assert err.count("\n") == 1
        return err

    folder = make("bundle")
    assert "no tracked file matches" in refused("--scope", "nothing/**", *BUNDLE[4:])
    assert "could rewrite its own exam" in refused(*BUNDLE, "--scope", "build.py")
    assert "--direction is missing" in refused(*BUNDLE[:8])
    assert "--needs ../x: not a path" in refused(*BUNDLE, "--needs", "../x")
    assert "git tracks it" in refused(*BUNDLE, "--needs", "app.py")
    for glob in ("nothing*", "../**", "/etc/*", ""):
        assert "no tracked file matches" in refused(*BUNDLE, "--scope", glob)
    with (folder / ".git" / "info" / "exclude").open("a") as exclude:
        exclude.write("outside\n")
    (folder / "outside").symlink_to("/etc")
    assert "--needs outside: it links out of the repository, to /etc" in refused(*BUNDLE, "--needs", "outside")
    assert "--repository: /nonexistent is no folder" in refused(*BUNDLE, "-C", "/nonexistent")
    assert "nothing can be written to /proc/x" in refused(*BUNDLE, "--output", "/proc/x")
    assert "'8 hours' is no time" in refused(*BUNDLE, "--budget", "8 hours")
    assert "did you mean 'offline'" in refused(*BUNDLE, "--agent", "ofline")
    assert "lies in the work tree" in refused(*BUNDLE, "--output", str(folder / "runs"))
    assert "there is no plan yet" in refused()
    assert "--run-budget: it is for the runs of a kit" in refused(*BUNDLE, "--run-budget", "5")
    assert "--holdout: a kit has its own" in refused("--kit", "tiny_lm", "--holdout", "true")
    assert "--scope: a kit has its own" in refused("--kit", "tiny_lm", *BUNDLE)
    (folder / "app.py").write_text("x = 1\n")
    assert "1 tracked files have uncommitted changes (app.py)" in refused(*BUNDLE)
    git(folder, "checkout", "-q", "app.py")
    git(folder, "checkout", "-q", "--detach")
    assert "HEAD is detached" in refused(*BUNDLE)
    git(folder, "checkout", "-q", "main")
    (folder / ".git" / "MERGE_HEAD").write_text("x")
    assert "a merge is in progress" in refused(*BUNDLE)
    monkeypatch.chdir(tmp_path)
    assert "no work tree of a git repository" in refused(*BUNDLE)
    (tmp_path / "empty").mkdir()
    git(tmp_path / "empty", "init", "-q")
    assert "has no commit yet" in refused(*BUNDLE, "-C", str(tmp_path / "empty"))


@pytest.mark.slow
def test_a_verify_command_without_a_number_and_a_failing_guard_block_with_exit_code_2(make: Make) -> None:
    folder = make("bundle")
    code, out, _ = loop("ci", *BUNDLE[:4], "--verify", "echo hello", "--direction", "lower", "--iterations", "2")
    assert code == 2
    assert "gives no number for the unchanged version" in json.loads(out.splitlines()[-1])["reason"]
    code, out, _ = loop("ci", *BUNDLE, "--guard", "false", "--iterations", "2")
    assert code == 2
    assert "fails before any change" in json.loads(out.splitlines()[-1])["reason"]
    assert "there is no loop here yet" in loop("status")[2]  # a run that could not begin leaves nothing
    assert git(folder, "for-each-ref", "refs/researchclaw") == ""


# ---------------------------------------------------------------- the shipped examples


@pytest.mark.slow
def test_bundle_size_shrinks_and_the_user_s_tree_hooks_and_filters_have_no_part_in_it(make: Make, tmp_path: Path) -> None:
    folder = make("bundle")
    fired = tmp_path / "fired"
    for hook in ("pre-commit", "post-commit", "reference-transaction", "post-checkout", "post-index-change"):
        path = folder / ".git" / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\ntouch {fired}\n")
        path.chmod(0o755)
    git(folder, "config", "filter.evil.clean", f"touch {fired}; cat")
    git(folder, "config", "core.fsmonitor", f"touch {fired}; false")
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "attributes").write_text("* filter=evil\n")
    (folder / "notes.txt").write_text("not in git\n")
    os.utime(folder / "app.py")  # its stat differs, so git would look into it, through the filter
    before = tree_of(folder)

    guard = 'test "$(python build.py --run)" = "[\\"Hello, Ada.\\", \\"Hello, Grace.\\"]"'
    code, out, err = loop("start", *BUNDLE, "--guard", guard, "--iterations", "7", "--repeats", "2")
    assert code == 0, out + err
    assert "every run gives the same number, so one run decides" in out
    assert tree_of(folder) == before
    assert not fired.exists()

    facts = json.loads(loop("status", "--json")[1])
    assert facts["state"] == "ended"
    assert facts["value"] < facts["baseline"] - 100
    git(folder, "config", "--unset", "core.fsmonitor")
    assert "WITH_COMMENTS = False" in git(folder, "show", f"{facts['commit']}:options.py")
    assert loop("verify-log")[0] == 0
    kept = next(line.split()[0][1:] for line in loop("report")[1].splitlines() if "WITH_COMMENTS" in line and " keep:" in line)
    assert "+WITH_COMMENTS = False" in loop("diff", kept)[1]
    code, out, _ = loop("replay", kept)
    assert code == 0
    assert "identical" in out
    page = tmp_path / "report.html"
    assert loop("report", "--html", str(page))[0] == 0
    assert "<script" not in page.read_text()
    assert "WITH_COMMENTS" in page.read_text()


@pytest.mark.slow
def test_speed_improves_with_the_tests_as_guard(make: Make) -> None:
    make("speed")
    words = ("--scope", "words.py", "--verify", "python bench.py", "--metric", "ms", "--direction", "lower")
    code, out, _ = loop("ci", *words, "--guard", "python -m unittest -q", "--iterations", "1", "--repeats", "2", "--confirm", "1")
    events = [json.loads(line) for line in out.splitlines()]
    assert events[0]["event"] == "run"
    assert [event["event"] for event in events].count("AttemptEnded") == 1
    assert code in (0, 1)  # a loaded machine may hide the gain; never a crash, never blocked
    ended = events[-1]
    assert ended["event"] == "LoopEnded"
    assert ended["improved"] == (code == 0)
    assert all(event["guard"] == "passed" for event in events if event.get("verdict") == "keep")


@pytest.mark.slow
def test_coverage_grows_by_a_scripted_proposer_and_a_wrong_test_is_a_crash(make: Make) -> None:
    make("coverage")
    words = ("--scope", "tests/**", "--verify", "python covered.py", "--metric", "covered", "--direction", "higher")
    code, out, err = loop("start", *words, "--proposer-command", "python propose.py", "--repeats", "2", "--iterations", "5")
    assert code == 0, err
    assert "#4 discard" in out
    assert "#5 crash: exit code 1" in out
    facts = json.loads(loop("status", "--json")[1])
    assert facts["kept"] >= 2
    assert facts["value"] > facts["baseline"] + 30


@pytest.mark.slow
def test_a_person_s_patch_goes_through_the_same_door(make: Make, tmp_path: Path) -> None:
    make("bundle")
    good, evil = tmp_path / "good.patch", tmp_path / "evil.patch"
    good.write_text(
        "Ship no comments.\n\n" + difference("options.py", lambda text: text.replace("COMMENTS = True", "COMMENTS = False"))
    )
    evil.write_text("Cheat.\n\n" + difference("build.py", lambda text: text.replace("{len(bundle)}", "1")))
    code, out, _ = loop("start", *BUNDLE, "--propose", str(evil), "--propose", str(good), "--repeats", "2")
    assert code == 0
    assert "#1 rejected: build.py is out of scope" in out
    assert "#2 keep" in out
    assert "Every patch that was proposed was tried." in out


# ---------------------------------------------------------------- plan, detach, stop


@pytest.mark.slow
def test_a_plan_is_found_tried_and_recorded_and_start_needs_no_flags(make: Make) -> None:
    folder = make("speed")
    code, out, err = loop("plan", "--yes")
    assert code == 0, err
    assert "python bench.py" in out
    assert "python -m unittest discover -s . (pass)" in out
    assert "baseline  ms" in out
    assert git(folder, "status", "--porcelain") == ""
    assert loop("plan", "--yes", "--verify", "echo nothing")[0] == 2
    code, _, err = loop("start", "--guard", "false", "--iterations", "1")  # it would not have been run
    assert code == 2
    assert "--guard: the recorded plan says it; make it again" in err


@pytest.mark.slow
def test_a_detached_run_works_on_can_be_stopped_and_resumed_and_a_second_one_is_refused(make: Make) -> None:
    make("bundle")
    slow = ("--verify", "sleep 1; python build.py")
    code, out, _ = loop("start", *BUNDLE[:4], *slow, *BUNDLE[6:], "--repeats", "2", "--iterations", "2", "--detach")
    assert code == 0
    assert "goes on" in out
    deadline = time.monotonic() + 60
    while json.loads(loop("status", "--json")[1])["state"] != "at work" and time.monotonic() < deadline:
        time.sleep(0.1)
    code, _, err = loop("start", *BUNDLE)
    assert code == 2
    assert "is at work on this repository" in err
    assert "was asked to stop" in loop("stop")[1]
    while json.loads(loop("status", "--json")[1])["state"] == "at work" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert json.loads(loop("status", "--json")[1])["state"] == "stopped"
    assert loop("resume")[0] == 0
    assert json.loads(loop("status", "--json")[1])["attempts"] == 2
    assert loop("verify-log")[0] == 0


def test_the_command_that_goes_on_names_the_kit_and_where_the_runs_lie(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make("bundle")
    place, settings = opening.place_of(folder), Settings()
    run = LoopStore(place.home / "r1")
    assert _to_resume(run, place, None, settings, ()) == "researchclaw loop resume r1"
    again = _to_resume(run, place, None, settings, _words(Path("/my.yaml"), ["sandbox.gpu=[0]"]))
    assert again == "researchclaw loop resume r1 --config /my.yaml --set 'sandbox.gpu=[0]'"
    elsewhere = opening.Place(tmp_path / "runs", place.top, place.repository)
    assert _to_resume(run, elsewhere, None, settings, ()) == f"researchclaw loop resume r1 --output {tmp_path}/runs"
    assert _to_resume(run, opening.place_of_kits(settings), "digits", settings, ()) == "researchclaw loop resume r1 --kit digits"
    own = settings.model_copy(update={"experiment": settings.experiment.model_copy(update={"corpus": tmp_path / "novel.txt"})})
    assert _to_resume(run, opening.place_of_kits(own), "tiny_lm", own, ()).endswith(f"--set experiment.corpus={tmp_path}/novel.txt")
    monkeypatch.chdir(tmp_path)
    assert _to_resume(run, place, None, settings, ()) == f"researchclaw loop resume r1 --repository {folder}"


# ---------------------------------------------------------------- a model proposes


@pytest.fixture(scope="module")
def scripted() -> ModuleType:
    path = Path(__file__).parents[1] / "adapters" / "models" / "scripted.py"
    spec = importlib.util.spec_from_file_location("scripted_model_of_loop", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["scripted_model_of_loop"] = module
    spec.loader.exec_module(module)
    return module


def test_a_model_proposes_over_http_until_its_budget_is_spent_and_the_run_goes_on_with_more(make: Make, scripted: ModuleType) -> None:
    folder = make("bundle")
    line = (folder / "options.py").read_text().splitlines()[0]
    changes = [
        {
            "hypothesis": "it is longer",
            "kind": "comment",
            "edits": [{"path": "options.py", "search": line, "replace": line + f"\nX{n} = {n}"}],
        }
        for n in range(9)
    ]
    with scripted.scripted(lambda _: json.dumps(changes.pop(0))) as server:
        words = ("--set", "llm.provider=openai", "--set", "llm.model=good-model", "--set", f"llm.base_url={server.url}")
        limited = (*words, "--set", "llm.max_tokens=400", "--set", "llm.budget_tokens=1500")
        code, out, err = loop("start", *BUNDLE, "--agent", "model", "--iterations", "3", *limited)
        assert code == 4, (out, err)
        assert err.count("\n") == 1 and "budget_tokens" in err
        before = len(server.seen)
        assert 0 < before < 3
        code, out, err = loop("resume", *words)
        assert code == 0, err
        assert "ended: The 3 attempts of the plan were made." in out
        assert before + len(server.seen[before:]) == 3  # no answer is paid for twice
    assert loop("verify-log")[0] == 0
    assert f"===== options.py\n{line}" in json.dumps(server.seen[0], ensure_ascii=False).replace("\\n", "\n").replace('\\"', '"')


def test_an_agent_that_the_settings_do_not_name_is_refused_in_one_line(make: Make) -> None:
    make("bundle")
    for agent, words, why in (
        ("model", (), "proposes no code"),
        ("acp", (), "set it to 'acp'"),
        ("model", ("--set", "llm.provider=openai"), "llm.model"),
    ):
        code, _, err = loop("start", *BUNDLE, "--agent", agent, *words)
        assert (code, err.count("\n")) == (2, 1)
        assert why in err
