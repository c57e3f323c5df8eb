"""The doors to sandbox and experiment, as the command line uses them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from researchclaw.adapters.isolation.limits import Limits
from researchclaw.experiment_cli import doctor_sandbox, program_argument, run_experiment, sandbox_exec
from researchclaw.kits import kits_folder
from stages.errors import SandboxUnavailable, SettingsError

Execute = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed: apt install bubblewrap")
    return tmp_path_factory.mktemp("state")


@pytest.fixture
def execute(state: Path) -> Execute:
    """Exit code, standard output, and standard error with the sandbox' own words."""

    def run(*argv: str, with_files: tuple[Path, ...] = (), limits: Limits | None = None) -> tuple[int, str, str]:
        written: dict[str, list[str]] = {"stdout": [], "stderr": []}
        code = sandbox_exec(
            argv,
            state=state,
            echo=written["stderr"].append,
            with_files=with_files,
            limits=limits or Limits(wall_s=30, memory_mb=512, output_kb=64),
            write=lambda name, text: written[name].append(text),
        )
        return code, "".join(written["stdout"]), "".join(written["stderr"])

    return run


def test_the_exit_code_is_the_commands(execute: Execute) -> None:
    assert execute("sh", "-c", "echo out; echo err >&2; exit 7") == (7, "out\n", "err\n")
    assert execute("sh", "-c", "kill -9 $$")[0] == 137


def test_an_unknown_command_is_127(execute: Execute) -> None:
    code, _, stderr = execute("no_such_command")
    assert code == 127
    assert "no_such_command" in stderr


def test_a_time_limit_is_124_and_another_limit_137(execute: Execute) -> None:
    code, _, stderr = execute("sleep", "60", limits=Limits(wall_s=0.5))
    assert code == 124
    assert "wall time" in stderr
    code, _, stderr = execute("sh", "-c", "i=0; while true; do : > f$i; i=$((i+1)); done", limits=Limits(scratch_files=200))
    assert code == 137
    assert "files" in stderr


def test_output_has_no_escapes_and_an_end(execute: Execute) -> None:
    _, stdout, stderr = execute("python3", "-c", r"print('\x1b[2J\x1b]0;t\x07 ok'); print('x' * 200_000)")
    assert stdout.startswith(" ok\nxxx")
    assert len(stdout) <= 64 * 1024
    assert "the rest is not shown" in stderr


def test_a_script_is_taken_along_and_its_neighbours_are_not(execute: Execute, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    script = tmp_path / "attack.py"
    script.write_text("import os; print(os.getcwd(), os.path.exists('secret.txt'), os.listdir('/lab/input'))", encoding="utf-8")
    assert execute("python3", str(script)) == (0, "/lab/scratch False ['attack.py']\n", "")
    script.write_text("#!/usr/bin/env python3\nimport sys; print(sys.argv[1])", encoding="utf-8")
    assert execute(str(script), "word") == (0, "word\n", "")


def test_other_files_come_only_when_named(execute: Execute, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("notes", encoding="utf-8")
    assert execute("cat", str(notes))[0] == 1
    assert execute("cat", "/lab/input/notes.txt", with_files=(notes,)) == (0, "notes", "")
    with pytest.raises(SettingsError, match="missing is not there"):
        execute("true", with_files=(tmp_path / "missing",))
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "notes.txt").write_text("others")
    with pytest.raises(SettingsError, match=r"another file has the name notes\.txt"):
        execute("true", with_files=(notes, tmp_path / "two" / "notes.txt"))
    with pytest.raises(SettingsError, match="two is no file"):
        execute("true", with_files=(tmp_path / "two",))


def test_only_the_program_itself_is_taken_along(tmp_path: Path) -> None:
    script = tmp_path / "a.py"
    script.write_text("", encoding="utf-8")
    assert program_argument(["python3", "-B", str(script), str(script)]) == 2
    assert program_argument(["python3", "-c", str(script)]) is None
    assert program_argument(["cat", str(script)]) is None
    assert program_argument([str(script)]) == 0
    assert program_argument(["/usr/bin/env"]) is None


def test_the_doctor_tells_the_level_and_each_attack(state: Path) -> None:
    lines: list[str] = []
    assert doctor_sandbox(state=state, echo=lines.append) == 0
    assert lines[0].startswith("isolation: bubblewrap")
    assert all("blocked" in line for line in lines)


def test_the_doctor_tells_a_missing_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    lines: list[str] = []
    assert doctor_sandbox(state=tmp_path, echo=lines.append) == SandboxUnavailable.exit_code
    assert "apt install bubblewrap" in lines[0]
    assert doctor_sandbox(state=tmp_path, echo=lines.append, allow_weaker=True) == 0


@pytest.mark.slow
def test_an_experiment_ends_with_its_verdict(state: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    baseline = kits_folder() / "tiny_lm" / "train.py"
    broken = tmp_path / "train.py"
    broken.write_text(baseline.read_text(encoding="utf-8") + "\n1 / 0\n", encoding="utf-8")
    settings = {"kit": "tiny_lm", "state": state, "echo": lines.append, "steps": 3, "scored_bytes": 4096, "json_output": True}
    assert run_experiment(**settings, train=broken) == 1  # type: ignore[arg-type]
    assert json.loads(lines.pop())["reason"] == "ZeroDivisionError: division by zero"
    assert run_experiment(**settings, output=tmp_path / "kept") == 0  # type: ignore[arg-type]
    record = json.loads(lines.pop())
    assert record["verdict"] == "ok"
    assert record["measurement"]["steps"] == 3
    assert (tmp_path / "kept" / record["folder"] / "log.txt").is_file()


def test_a_candidate_that_cannot_be_read_is_a_settings_error(state: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--train"):
        run_experiment(kit="tiny_lm", state=state, echo=lambda _: None, train=tmp_path / "missing.py")
