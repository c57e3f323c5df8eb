"""Command kits: made of a repository, tried in the sandbox, scored from outside."""

import shutil
import time
from pathlib import Path

import pytest
import yaml

from researchclaw.adapters.command_experiment import CommandRecord, run_command_kit
from researchclaw.adapters.isolation.bubblewrap import Bubblewrap
from researchclaw.adapters.isolation.limits import Limits
from researchclaw.adapters.sealed_looks import looks_at
from researchclaw.command_kits import (
    command_kit_folder,
    command_kit_names,
    load_command_kit,
    new_kit,
    printed_metric,
    program_files,
)
from researchclaw.experiment_cli import run_command
from stages.errors import SettingsError


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("val_loss: 0.25", 0.25), ("x val_loss=1e-3 y", 0.001), ('{"val_loss": -2}', -2.0), ("val_loss 3", 3.0),
        ("my_val_loss: 1", None), ("val_loss_ema: 1", None), ("val_loss: soon", None), ("val_loss: 1.2.3", None),
        ("val_loss: 1\nval_loss: 2", 2.0), ("", None),
    ],
)  # fmt: skip
def test_the_last_number_after_the_name_counts(line: str, value: float | None) -> None:
    assert printed_metric("val_loss", line) == value


def test_a_line_without_an_end_takes_no_time() -> None:
    began = time.perf_counter()
    assert printed_metric("m", "m: " + "9" * 1_000_000) is None
    assert printed_metric("m", "m " * 500_000) is None
    assert time.perf_counter() - began < 1


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    (root / ".git").mkdir(parents=True)
    (root / ".git" / "config").write_text("secret", encoding="utf-8")
    (root / ".env").write_text("KEY=secret", encoding="utf-8")
    (root / "data.csv").write_text("1\n", encoding="utf-8")
    (root / "passwords").symlink_to("/etc/passwd")
    (root / "train.py").write_text("import data\nprint('val_loss:', data.VALUE)\n", encoding="utf-8")
    (root / "data.py").write_text("VALUE = 0.5\n", encoding="utf-8")
    return root


def made(repository: Path, tmp_path: Path, **changes: object) -> Path:
    usual = {
        "source": repository, "target": tmp_path / "kits" / "mine", "name": "mine", "command": "python train.py", "metric": "val_loss",
        "lower_is_better": True, "scope": ("train.py",), "budget_s": 5.0,
    }  # fmt: skip
    new_kit(**(usual | changes))  # type: ignore[arg-type]
    return tmp_path / "kits" / "mine"


def test_a_repository_becomes_a_kit_and_is_not_touched(repository: Path, tmp_path: Path) -> None:
    before = {file: file.read_bytes() for file in repository.rglob("*") if file.is_file()}
    folder = made(repository, tmp_path)
    kit = load_command_kit(folder)
    assert kit.command == ("python", "train.py")
    assert kit.metric.lower_is_better
    assert [phase.name for phase in kit.phases] == ["hyper-parameters", "small architecture", "larger changes", "moonshots"]
    assert sorted(file.name for file in folder.iterdir()) == ["kit.yaml", "program.md", "scratchpad.md"]
    assert {file: file.read_bytes() for file in repository.rglob("*") if file.is_file()} == before
    assert command_kit_folder(str(folder)) == folder


def test_secrets_links_and_version_control_stay_at_home(repository: Path, tmp_path: Path) -> None:
    folder = made(repository, tmp_path)
    assert set(program_files(load_command_kit(folder), folder)) == {"train.py", "data.py", "data.csv"}


def test_a_kit_inside_its_repository_keeps_its_answers_from_the_program(repository: Path, tmp_path: Path) -> None:
    folder = repository / "kits" / "mine"
    made(repository, tmp_path, target=folder)
    for name in ("private/val_labels.txt", "public/train.npz"):
        (folder / name).parent.mkdir()
        (folder / name).write_text("1", encoding="utf-8")
    assert set(program_files(load_command_kit(folder), folder)) == {"train.py", "data.py", "data.csv", "train.npz"}


def test_what_runs_left_in_the_repository_is_kept_from_the_program_and_what_lies_beside_it_is_not(
    repository: Path, tmp_path: Path
) -> None:
    folder = made(repository, tmp_path)
    written = (
        *(".state/data/rows-1/0.safetensors", ".state/calibration.json", ".prefect/prefect.db", "loop/20261120-1/events.jsonl"),
        *("rc-1/run.json", "rc-1/journal.jsonl", "rc-1/experiment_runs/a/1/log.txt"),
    )
    for name in (*(f"artifacts/{name}" for name in written), "kits/other/kit.yaml", "kits/other/private/test_labels.txt"):
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text("answers", encoding="utf-8")
    for name in ("artifacts/pretrained.npz", "private/notes.csv", "loop/data.csv"):
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).write_text("1", encoding="utf-8")
    assert set(program_files(load_command_kit(folder), folder)) == {
        *("train.py", "data.py", "data.csv", "artifacts/pretrained.npz", "private/notes.csv", "loop/data.csv", "kits/other/kit.yaml")
    }


def test_runs_do_not_make_a_repository_too_large(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("researchclaw.command_kits._FILES_MAX", 5)
    folder = made(repository, tmp_path)
    (repository / "artifacts" / ".state").mkdir(parents=True)
    for number in range(6):
        (repository / "artifacts" / ".state" / f"{number}.bin").write_bytes(b"0")
    assert len(program_files(load_command_kit(folder), folder)) == 3
    for number in range(6):
        (repository / f"{number}.bin").write_bytes(b"0")
    with pytest.raises(SettingsError, match="more than 5 files"):
        program_files(load_command_kit(folder), folder)


def test_a_public_file_that_would_hide_one_of_the_repository_is_refused(repository: Path, tmp_path: Path) -> None:
    folder = repository / "kits" / "mine"
    made(repository, tmp_path, target=folder)
    (folder / "public").mkdir()
    (folder / "public" / "train.py").write_text("print(1)", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"train\.py is in the repository and in"):
        program_files(load_command_kit(folder), folder)


def own(folder: Path, **changes: object) -> Path:
    """A kit that holds its program, as a stranger may send it."""
    folder.mkdir()
    described = {
        "name": "own", "title": "t", "summary": "s", "metric": {"name": "m", "label": "m", "unit": "u", "lower_is_better": True},
        "budget_s": 1.0, "command": ["python", "train.py"], "scope": ["train.py"], "score": {"kind": "printed"},
    }  # fmt: skip
    (folder / "kit.yaml").write_text(yaml.safe_dump(described | changes), encoding="utf-8")
    (folder / "train.py").write_text("print('m: 1')\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("link", ["public/pwlink", "public", "train.py", "private/val_inputs.npz", "private"])
def test_nothing_of_a_kit_is_read_through_a_link(tmp_path: Path, sandbox: Bubblewrap, link: str) -> None:
    scored: dict[str, object] = {"kind": "labels", "predict": ["python", "train.py"], "artefact": "a"}
    folder = own(tmp_path / "own", score=scored if "private" in link else {"kind": "printed"})
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("val_inputs.npz", "val_labels.txt"):
        (outside / name).write_text("secret", encoding="utf-8")
    (folder / link).parent.mkdir(exist_ok=True)
    (folder / link).unlink(missing_ok=True)
    (folder / link).symlink_to(outside if "/" not in link and "." not in link else outside / "val_inputs.npz")
    with pytest.raises(SettingsError, match=rf"{link}'?( leads through .*)?(,| is) a symbolic link"):
        run_command_kit(load_command_kit(folder), folder, sandbox, Limits())


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("dl/passwd", "'dl/passwd' leads through .*/dl, a symbolic link"), ("dl/**/*", "a symbolic link"),
        ("*/passwd", "no file but links"),
        ("nothing*", "no file of .* fits 'nothing"), ("", "is no pattern"), (".", "is no pattern"), ("/etc/*", "leads out"),
    ],
)  # fmt: skip
def test_a_scope_that_leads_through_a_link_or_nowhere_is_refused(repository: Path, tmp_path: Path, pattern: str, said: str) -> None:
    folder = own(tmp_path / "own", scope=["train.py", pattern])
    (folder / "dl").symlink_to("/etc")
    with pytest.raises(SettingsError, match=f"scope: .*{said}"):
        load_command_kit(folder)
    (repository / "dl").symlink_to("/etc")
    with pytest.raises(SettingsError, match=f"^--scope: .*{said}"):
        made(repository, tmp_path, scope=("train.py", pattern))
    assert not (tmp_path / "kits").exists()


def test_a_repository_that_was_moved_is_named(repository: Path, tmp_path: Path) -> None:
    folder = made(repository, tmp_path)
    repository.rename(tmp_path / "elsewhere")
    with pytest.raises(SettingsError, match=r"kit\.yaml: source: there is no folder .*repo; write where"):
        load_command_kit(folder)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scope": ("missing.py",)}, "no file"), ({"scope": ("../*.py",)}, "leads out"), ({"command": ""}, "command"),
        ({"command": "python 'train.py"}, "--command: .*No closing quotation.*close the quote"),
        ({"target": Path("/proc/x/y")}, "--to: /proc/x/y cannot be made"),
        ({"budget_s": float("inf")}, "budget_s: .*finite"),
        ({"metric": "Bad Name"}, "metric.name: small letters.*let the program print it so"),
        ({"name": "2nd"}, "name: small letters"),
        ({"source": Path("/no/such/folder")}, "is no folder"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_kit_is_refused_and_leaves_nothing(
    repository: Path, tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        made(repository, tmp_path, **changes)
    assert not (tmp_path / "kits").exists()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Bubblewrap:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed: apt install bubblewrap")
    return Bubblewrap(tmp_path_factory.mktemp("state"))


def test_a_kit_of_ones_own_runs_in_the_sandbox_and_says_who_scored_it(repository: Path, tmp_path: Path, sandbox: Bubblewrap) -> None:
    folder = made(repository, tmp_path)
    record = run_command_kit(load_command_kit(folder), folder, sandbox, Limits())
    assert (record.verdict, record.value, record.scored_by) == ("ok", 0.5, "the program itself")
    (repository / "data.py").write_text("VALUE = float('nan')\n", encoding="utf-8")
    assert run_command_kit(load_command_kit(folder), folder, sandbox, Limits()).verdict == "nonfinite"
    (repository / "data.py").write_text("VALUE = 'x'\n", encoding="utf-8")
    assert run_command_kit(load_command_kit(folder), folder, sandbox, Limits()).verdict == "rejected"


PARROT = """import shutil, sys
if '--predict' in sys.argv:
    shutil.copyfile('inputs.npz', 'predictions.txt')
else:
    open('model.npz', 'w').write('nothing was learned')
"""


@pytest.fixture
def parrot(tmp_path: Path) -> Path:
    """A kit scored by labels whose program answers with what it was asked."""
    folder = tmp_path / "parrot"
    (folder / "private").mkdir(parents=True)
    for name, text in {
        "val_inputs.npz": "1 2",
        "val_labels.txt": "1\n2\n",
        "test_inputs.npz": "1 2",
        "test_labels.txt": "1\n3\n",
    }.items():
        (folder / "private" / name).write_text(text, encoding="utf-8")
    (folder / "train.py").write_text(PARROT, encoding="utf-8")
    (folder / "kit.yaml").write_text(
        "name: parrot\ntitle: a parrot\nsummary: says it again\nbudget_s: 5\ncommand: [python, train.py]\nscope: [train.py]\n"
        "metric: {name: accuracy, label: accuracy, unit: fraction, lower_is_better: false}\n"
        "score: {kind: labels, predict: [python, train.py, --predict], artefact: model.npz}\n",
        encoding="utf-8",
    )
    return folder


def test_a_look_at_the_sealed_labels_is_counted_also_when_it_is_refused(parrot: Path, tmp_path: Path, sandbox: Bubblewrap) -> None:
    lines: list[str] = []
    state = tmp_path / "looks"
    dumb = tmp_path / "dumb.py"
    dumb.write_text(PARROT.replace("'inputs.npz', 'predictions.txt'", "'inputs.npz', 'elsewhere.txt'"), encoding="utf-8")
    absent = tmp_path / "absent.py"
    absent.write_text("print('leaves no model')\n", encoding="utf-8")

    def run(split: str, train: Path | None = None) -> str:
        lines.clear()
        how = {"state": state, "train": train, "seed": 0, "split": split, "budget_s": None, "json_output": False}
        run_command(parrot, sandbox, Limits(), lines.append, **how)  # type: ignore[arg-type]
        return "\n".join(lines)

    assert "accuracy   1.000000 on the val split" in run("val")
    assert not (state / "test_looks.tsv").exists()
    assert "accuracy   0.500000 on the test split" in run("test")
    assert "looks      1 at this sealed test split" in lines[-1]
    assert "rejected: the run left no readable file predictions.txt" in run("test", dumb)
    assert "looks      2 at" in lines[-1]
    assert "rejected" in run("test", absent)  # nothing was asked about the sealed inputs
    assert "looks" not in lines[-1]
    (data,) = {line.split("\t")[0] for line in (state / "test_looks.tsv").read_text(encoding="utf-8").splitlines()}
    assert looks_at(state, data) == 2


def test_what_is_scored_by_labels_starts_no_process_whose_time_nobody_counts(
    parrot: Path, repository: Path, tmp_path: Path, sandbox: Bubblewrap
) -> None:
    busy = tmp_path / "busy.py"
    busy.write_text(f"import os\nif os.fork() == 0:\n    os._exit(0)\n{PARROT}", encoding="utf-8")
    record = run_command_kit(load_command_kit(parrot), parrot, sandbox, Limits(), candidate=busy.read_bytes())
    assert (record.verdict, record.value) == ("crash", None)
    assert "Operation not permitted" in (record.reason or "")
    folder = made(repository, tmp_path)  # scores itself, in as many processes as it likes
    busy.write_text("import subprocess\nsubprocess.run(['true'], check=True)\nprint('val_loss: 1')\n", encoding="utf-8")
    assert run_command_kit(load_command_kit(folder), folder, sandbox, Limits(), candidate=busy.read_bytes()).verdict == "ok"


def test_predicting_has_a_limit_of_its_own_and_does_not_see_the_training_split(
    parrot: Path, tmp_path: Path, sandbox: Bubblewrap, monkeypatch: pytest.MonkeyPatch
) -> None:
    (parrot / "public").mkdir()
    (parrot / "public" / "train.npz").write_text("1", encoding="utf-8")
    kit = load_command_kit(parrot)
    look = "import os, sys\nassert os.path.exists('train.npz') != ('--predict' in sys.argv)\n"
    busy = tmp_path / "busy.py"
    busy.write_text(look + PARROT, encoding="utf-8")
    record = run_command_kit(kit, parrot, sandbox, Limits(), candidate=busy.read_bytes())
    assert (record.verdict, record.value) == ("ok", 1.0)
    assert record.predict_cpu_s is not None
    assert record.predict_cpu_s < 1
    monkeypatch.setattr("researchclaw.adapters.command_experiment._STARTUP_S", 0.2)
    busy.write_text(f"import sys, time\nwhile '--predict' in sys.argv and time.process_time() < 2: pass\n{PARROT}", encoding="utf-8")
    record = run_command_kit(kit, parrot, sandbox, Limits(), candidate=busy.read_bytes(), budget_s=1)
    assert (record.verdict, record.value) == ("timeout", None)
    assert "while it predicted; 0.4 s of CPU time are allowed for that" in (record.reason or "")
    assert record.predict_cpu_s is not None
    assert 0.4 <= record.predict_cpu_s < 2


def test_a_kit_without_a_sealed_split_refuses_to_be_scored_on_one(
    repository: Path, parrot: Path, tmp_path: Path, sandbox: Bubblewrap
) -> None:
    folder = made(repository, tmp_path)
    with pytest.raises(SettingsError, match="no sealed split"):
        run_command_kit(load_command_kit(folder), folder, sandbox, Limits(), split="test", state=tmp_path)
    (parrot / "private" / "test_labels.txt").unlink()
    with pytest.raises(SettingsError, match=r"test_labels\.txt cannot be read"):
        run_command_kit(load_command_kit(parrot), parrot, sandbox, Limits(), split="test", state=tmp_path)
    assert not (tmp_path / "test_looks.tsv").exists()


CHEATS = {  # put at the beginning of train.py: (source, verdict, reason)
    "prints a score": ("print('accuracy: 1.0')\n", "ok", ""),
    "looks for the labels": (
        "import glob, os, sys\nfound = [f for f in glob.glob('/lab/**', recursive=True) if 'labels' in f]\n"
        "try:\n    import sklearn.datasets; sklearn.datasets.load_digits(); found.append('sklearn')\nexcept Exception: pass\n"
        "sys.exit('found ' + str(found)) if found else None\n",
        "ok",
        "",
    ),
    "leaves a link": ("import os\nos.symlink('/lab/input', 'model.npz'); os._exit(0)\n", "rejected", "no readable file"),
    "predicts too few": (
        "import sys\nif '--predict' in sys.argv:\n    open('predictions.txt', 'w').write('1'); sys.exit()\n",
        "rejected",
        "1 labels were predicted for 359 inputs",
    ),
    "tells the inputs by an error": (
        "import sys\nif '--predict' in sys.argv: sys.exit('secret')\n",
        "rejected",
        "failed while it predicted",
    ),
    "stalls": ("while True: pass\n", "timeout", "budget"),
    "chooses the seed": ("SEED = 1\n", "rejected", "its own seed"),
}


@pytest.mark.slow
def test_digits_is_scored_by_labels_that_the_program_never_sees(tmp_path: Path, sandbox: Bubblewrap) -> None:
    folder = command_kit_folder("digits")
    assert folder is not None
    kit = load_command_kit(folder)
    source = (folder / "train.py").read_text(encoding="utf-8")

    def run(name: str, start: str, **how: object) -> CommandRecord:
        candidate = (start + source).encode()
        budget = 0.1 if name == "stalls" else None
        return run_command_kit(kit, folder, sandbox, Limits(), candidate=candidate, budget_s=budget, **how)  # type: ignore[arg-type]

    honest = run("honest", "")
    assert honest.value is not None
    assert 0.9 < honest.value < 1.0
    assert run("honest again", "").value == honest.value
    assert run("another seed", "", seed=1).value != honest.value
    assert run("sealed", "", split="test", state=tmp_path).value != honest.value
    for name, (start, verdict, reason) in CHEATS.items():
        record = run(name, start)
        assert (record.verdict, name) == (verdict, name)
        assert reason in (record.reason or "")
        assert record.value == (honest.value if verdict == "ok" else None), name


def test_every_shipped_command_kit_is_sound() -> None:
    assert command_kit_names() == ("digits",)
    for name in command_kit_names():
        folder = command_kit_folder(name)
        assert folder is not None
        load_command_kit(folder)
