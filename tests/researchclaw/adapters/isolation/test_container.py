"""Docker and Podman: the command line as it is typed, and what is refused. No engine is started."""

import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from researchclaw.adapters.isolation.choice import choose_isolation
from researchclaw.adapters.isolation.container import Container, Engine, _Contained, _Running, _Watch
from researchclaw.adapters.isolation.job import Job
from researchclaw.adapters.isolation.limits import Limits
from stages.errors import SandboxUnavailable


@pytest.fixture
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH that has engines which only fail."""
    for name in ("docker", "podman"):
        complaint = f"{name}: image not known\n\nRun '{name} run --help' for more information"
        (tmp_path / name).write_text(f'#!/bin/sh\necho "{complaint}" >&2\nexit 125\n', encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return tmp_path


def following(words: list[str], option: str) -> list[str]:
    return [value for word, value in pairwise(words) if word == option]


def test_everything_that_shuts_a_guest_in_is_on_the_command_line(engines: Path, tmp_path: Path) -> None:
    limits = Limits(memory_mb=1000, scratch_mb=100, tmp_mb=10, shm_mb=20, processes=32, cpu=1)
    job = Job(argv=lambda _: ["true"], inputs={"train.py": b"x", "train.bin": tmp_path}, limits=limits)
    words = Container("podman", "torch:1").command(job, Path("/home/x"), "researchclaw-1")
    assert words[:2] == [str(engines / "podman"), "run"]
    for option, value in {
        "--network": "none", "--ipc": "private", "--cap-drop": "ALL", "--security-opt": "no-new-privileges", "--user": "64200:64200",
        "--pids-limit": "36", "--memory": "1130m", "--memory-swap": "1130m", "--shm-size": "20m",
        "--pull": "never", "--cpuset-cpus": "1",
    }.items():  # fmt: skip
        assert following(words, option) == [value]
    assert "--read-only" in words
    assert "--rm" in words
    assert "--init=false" in words  # orphans are the guest's
    assert "--read-only-tmpfs=false" in words  # podman would give /run and /var/tmp to write into
    assert following(words, "--tmpfs") == [
        "/dev/mqueue:ro,nosuid,nodev,noexec,size=4k,mode=0555",
        "/sys:ro,nosuid,nodev,noexec,size=4k,mode=0555",
        "/lab/scratch:rw,nosuid,nodev,size=100m,mode=1777",
        "/tmp:rw,nosuid,nodev,size=10m,mode=1777",
    ]
    assert all(mount.endswith(":ro") for mount in following(words, "--volume"))
    assert words[words.index("torch:1") :] == ["torch:1", "-I", "-S", "-B", "/lab/shim.py"]
    assert not any(word in ("--privileged", "-v", "--device", "--gpus") for word in words)


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_a_sealed_guest_gets_no_folder_to_write_into(engines: Path, engine: Engine) -> None:
    assert engines
    words = Container(engine, "torch:1").command(Job(argv=lambda _: ["true"], sealed=True), Path("/home/x"), "n")
    assert (following(words, "--ipc"), following(words, "--shm-size")) == (["none"], [])  # /dev/shm is a folder, too
    covered = [mount.split(":", 1) for mount in following(words, "--tmpfs")]
    assert [place for place, _ in covered] == ["/dev/mqueue", "/sys"]
    assert all(options.startswith("ro,") for _, options in covered)
    assert ("--read-only-tmpfs=false" in words) == (engine == "podman")


@pytest.mark.parametrize(("engine", "namespace"), [("docker", []), ("podman", ["keep-id"])])
def test_an_ordinary_user_can_read_what_the_guest_wrote(
    engines: Path, engine: Engine, namespace: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """safetensors writes with mode 0600: of nobody's file an ordinary user would see nothing."""
    assert engines
    monkeypatch.setattr("os.geteuid", lambda: 1234)
    words = Container(engine, "torch:1").command(Job(argv=lambda _: ["true"]), Path("/home/x"), "n")
    assert following(words, "--user") == [f"1234:{os.getegid()}"]
    assert following(words, "--userns") == namespace


def test_what_holds_the_answers_is_found_in_the_image_and_covered(engines: Path) -> None:
    (engines / "docker").write_text(f'#!/bin/sh\necho "$@" >> {engines}/asked\necho /site/sklearn/datasets/data\n', encoding="utf-8")
    container = Container("docker", "torch:1")
    for _ in range(2):
        assert container._in_the_image(("sklearn/datasets/data",)) == ("/site/sklearn/datasets/data",)
    (asked,) = [line for line in (engines / "asked").read_text(encoding="utf-8").splitlines() if line.startswith("run")]  # once
    assert "--network none --read-only" in asked
    words = container.command(Job(argv=lambda _: ["true"]), Path("/x"), "n", ("/site/sklearn/datasets/data",))
    assert "/x/empty:/site/sklearn/datasets/data:ro" in following(words, "--volume")


def test_our_own_packages_in_an_image_are_covered_too(engines: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for: list[tuple[str, ...]] = []

    def in_the_image(_: Container, names: tuple[str, ...]) -> tuple[str, ...]:
        asked_for.append(names)
        return ()

    monkeypatch.setattr(Container, "_in_the_image", in_the_image)
    assert engines
    with pytest.raises(SandboxUnavailable, match="image not known"):
        Container("docker", "torch:1").start(Job(argv=lambda _: ["true"], data_sets=True))
    assert asked_for == [("researchclaw", "stages")]


def hanging(engines: Path, *, kills: bool = True) -> None:
    """An engine that writes down what it was asked, and whose containers, and kills where it is told so, never end."""
    ends = "[ $1 = kill ] && exit 0" if kills else ""
    text = f'#!/bin/sh\necho "$@" >> {engines}/asked\n{ends}\nexec sleep 600\n'
    (engines / "docker").write_text(text, encoding="utf-8")


def asked(engines: Path) -> list[list[str]]:
    lines = (engines / "asked").read_text(encoding="utf-8").splitlines()
    return [line.split() for line in lines if line.startswith(("run", "kill"))]  # the program in the first has lines, too


def test_a_question_to_an_image_that_hangs_is_ended_by_its_name(engines: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging(engines)
    monkeypatch.setattr("researchclaw.adapters.isolation.container._START_S", 0.3)
    with pytest.raises(SandboxUnavailable, match=r"docker: no answer in 0\.3 s"):
        Container("docker", "torch:1")._in_the_image(("data",))
    run, kill = asked(engines)
    assert kill == ["kill", "--signal", "KILL", *following(run, "--name")]


def test_ctrl_c_ends_the_container_that_was_asked_about_its_image(engines: Path) -> None:
    hanging(engines)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            Container("docker", "torch:1")._in_the_image(("data",))
    finally:
        signal.signal(signal.SIGALRM, before)
    run, kill = asked(engines)
    assert kill[-1:] == following(run, "--name")


def test_an_engine_that_does_not_even_kill_is_named_with_its_container(engines: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging(engines, kills=False)
    monkeypatch.setattr("researchclaw.adapters.isolation.container._WATCH", f'read -r word || echo "$2" > {engines}/taken_over')
    monkeypatch.setattr("researchclaw.adapters.isolation.container._START_S", 0.2)
    monkeypatch.setattr("researchclaw.adapters.isolation.container._END_S", 0.2)
    with pytest.raises(SandboxUnavailable, match=r"docker does not answer.*`docker rm --force researchclaw-\w+` ends it"):
        Container("docker", "torch:1")._in_the_image(("data",))
    run, _ = asked(engines)
    assert eventually(engines / "taken_over") == following(run, "--name")  # the shell beside us goes on trying


def eventually(file: Path) -> list[str]:
    """The words that somebody writes into a file within ten seconds."""
    for _ in range(1000):
        if file.exists() and (words := file.read_text(encoding="utf-8").split()):
            return words
        time.sleep(0.01)
    raise AssertionError(f"nothing in {file}")


def test_a_container_whose_starter_is_killed_is_ended_and_its_folder_removed(engines: Path, tmp_path: Path) -> None:
    """kill -9 of us: the engine's containers are no children of ours."""
    home = tmp_path / "lab home"
    home.mkdir()
    (engines / "docker").write_text(f'#!/bin/sh\necho "$@" >> {engines}/asked\n', encoding="utf-8")
    starter = (
        "import os, signal, sys, pathlib\n"
        "from researchclaw.adapters.isolation import container\n"
        "container._WATCH = container._WATCH.replace('0 1 2 4 8', '0')\n"
        "watch = container._Watch(sys.argv[1], 'researchclaw-1', pathlib.Path(sys.argv[2]))\n"
        "watch.dismiss() if sys.argv[3] == 'ends' else os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    words = [sys.executable, "-c", starter, str(engines / "docker"), str(home)]
    subprocess.run([*words, "ends"], check=True)
    assert home.is_dir()
    assert not (engines / "asked").exists()
    assert subprocess.run([*words, "killed"], check=False).returncode == -signal.SIGKILL
    until = time.monotonic() + 10
    while home.exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert not home.exists()
    assert asked(engines) == [["kill", "--signal", "KILL", "researchclaw-1"]]
    assert "rm --force researchclaw-1" in (engines / "asked").read_text(encoding="utf-8")


def test_the_first_process_is_killed_without_the_engine_where_that_may_be(engines: Path) -> None:
    """A daemon that hangs cannot keep a container alive."""
    hanging(engines)
    container = Container("docker", "torch:1")
    with subprocess.Popen(["sleep", "600"]) as first, subprocess.Popen(["sleep", "600"]) as command:
        running = _Running("researchclaw-1", command, _Watch("docker", "researchclaw-1"), os.pidfd_open(first.pid))
        container._kill(running)
        assert (first.wait(10), command.wait(10)) == (-9, -9)
        container._kill(running)  # and once more when both are gone
        running.close()
        running.watch.dismiss()
    assert not (engines / "asked").exists()


def test_a_container_that_ended_without_a_word_of_its_engine_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon hangs: its command line would wait until the time of the run is up."""
    monkeypatch.setattr("researchclaw.adapters.isolation.container._END_S", 0.05)
    with subprocess.Popen(["true"]) as first, subprocess.Popen(["sleep", "600"]) as command:
        door = os.pidfd_open(first.pid)
        contained = _Contained(command, first.pid, door, "docker")
        until = time.monotonic() + 10
        while not contained.has_ended() and time.monotonic() < until:
            time.sleep(0.01)
        command.kill()
        with pytest.raises(SandboxUnavailable, match="docker does not answer"):
            contained.end()
        assert contained.end()[0] != 0  # what is left can be freed
        os.close(door)


def test_only_the_chosen_gpus_are_passed_through(engines: Path) -> None:
    assert engines
    job = Job(argv=lambda _: ["true"])
    assert following(Container("docker", "i", gpus=(1, 3)).command(job, Path("/x"), "n"), "--gpus") == ["device=1,3"]
    podman = Container("podman", "i", gpus=(1, 3)).command(job, Path("/x"), "n")
    assert not any(mount.startswith("/sys") for mount in following(podman, "--tmpfs"))
    assert following(podman, "--device") == ["nvidia.com/gpu=1", "nvidia.com/gpu=3"]


def test_an_engine_that_fails_is_one_line_with_the_remedy_and_nothing_is_left(
    engines: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engines
    home = tmp_path / "temporary"
    home.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(home))
    with pytest.raises(SandboxUnavailable, match=r"podman: image not known.*Check that") as refused:
        Container("podman", "torch:1").start(Job(argv=lambda _: ["true"]))
    assert "\n" not in str(refused.value)
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    ("backend", "image", "said"), [("docker", None, "sandbox.image names no image"), ("podman", "i", "podman, which is not installed")]
)
def test_a_chosen_engine_is_never_replaced_by_something_else(
    engines: Path, backend: str, image: str | None, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert engines
    if "installed" in said:
        monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(SandboxUnavailable, match=said):
        choose_isolation(tmp_path, backend=backend, image=image)  # type: ignore[arg-type]
    weaker = choose_isolation(tmp_path, backend=backend, image=image, allow_weaker=True)  # type: ignore[arg-type]
    assert weaker.name == "process only"


def test_the_images_own_library_is_no_corpus(engines: Path) -> None:
    assert engines
    with pytest.raises(SandboxUnavailable, match=r"experiment\.corpus"):
        Container("docker", "torch:1").start(Job(argv=lambda _: ["true"], sources=True))
