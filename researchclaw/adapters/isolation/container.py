"""Isolation by Docker or Podman, where the settings choose one of them and name an image that has Python and torch.

The engine gives the namespaces, the read-only root and the ceilings of its control groups; our own shim is the first
program inside and adds what it does everywhere: limits, the seccomp filter, a cleared environment. Streams, signs of life
and the open writable folders go over a UNIX socket that lies in a read-only mount, so no byte of a run passes the
engine's log or daemon. Needs an engine on this machine (a remote daemon cannot be handed a socket).

A container is no child of ours, so it would go on when we are killed: a shell waits beside each for our end, and ends it then.

Not covered: who may talk to Docker's daemon is root on this machine; the engine's own faults; images with secrets in them.
"""

from __future__ import annotations

import json
import os
import secrets
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from researchclaw.adapters.isolation.bubblewrap import guest_environment, memory_folder_usage, resource_limits
from researchclaw.adapters.isolation.channels import Channels
from researchclaw.adapters.isolation.guest_python import DATA_SETS, OWN_PACKAGES
from researchclaw.adapters.isolation.job import Inside, Job
from researchclaw.adapters.isolation.limits import NOFILE
from researchclaw.adapters.isolation.seccomp import filter_program
from researchclaw.adapters.isolation.supervisor import ChildProcess, Guest
from stages.errors import SandboxUnavailable

Engine = Literal["docker", "podman"]

_SHIM = Path(__file__).with_name("shim.py")
_USER = 64200  # nobody's; 60000-64999 are kept for such uses by Debian
_INSIDE = Inside(python="python3", inputs="/lab/input", scratch="/lab/scratch")
_START_S, _END_S = 60.0, 20.0
_ULIMITS = [
    *("--ulimit", f"nofile={NOFILE}:{NOFILE}", "--ulimit", "nproc=4096:4096"),  # nproc counts per user id, over all containers
    *("--ulimit", "core=1:1"),
]
_FIND = """
import os, sys
found = {os.path.realpath(os.path.join(path, name)) for path in sys.path for name in sys.argv[1:]}
print(*sorted(filter(os.path.isdir, found)), sep="\\n")
"""
_WATCH = """
read -r word && exit 0
for pause in 0 1 2 4 8; do
    sleep $pause
    "$1" kill --signal KILL "$2"
    "$1" rm --force "$2"
done
rm -rf -- "$3"
"""
"""A word says that all is over; without one we are dead. Several times, since the engine may be just making the container."""
_WEAKER = "or set sandbox.allow_weaker: true and accept results marked 'process only'"


class Container:
    """Starts each guest in a container of its own that is removed at its end."""

    seals = False
    """Each run starts cold."""

    def __init__(self, engine: Engine, image: str | None, *, gpus: tuple[int, ...] = ()) -> None:
        """Look for the engine; nothing is started.

        Raises:
            SandboxUnavailable: the engine is not installed, or no image is named.
        """
        program = shutil.which(engine)
        if program is None:
            raise SandboxUnavailable(
                f"sandbox.backend is {engine}, which is not installed; nothing was run. Install it, choose bubblewrap, {_WEAKER}."
            )
        if not image:
            raise SandboxUnavailable(
                f"sandbox.backend is {engine}, but sandbox.image names no image; nothing was run. Name one that has python3, torch, "
                "numpy and safetensors."
            )
        self._engine: Engine = engine
        self._program = program
        self._image = image
        self._gpus = gpus
        self._places: dict[tuple[str, ...], tuple[str, ...]] = {}

    @property
    def name(self) -> str:
        return f"{self._engine} ({self._image})"

    def start(self, job: Job) -> Guest:
        """See `Isolation.start`."""
        if job.control:
            raise SandboxUnavailable(f"{self.name} keeps no worker warm.")
        if job.sources and not any(name.startswith("corpus/") for name in job.inputs):
            raise SandboxUnavailable(
                f"The image {self._image} shows its standard library as text, which is this kit's own corpus: a candidate could read "
                "what it is scored on. Set experiment.corpus to a file or folder of your own, or sandbox.backend: bubblewrap."
            )
        covered = self._in_the_image((*OWN_PACKAGES, *job.hidden, *(() if job.data_sets else DATA_SETS)))
        home = Path(tempfile.mkdtemp(prefix="researchclaw-container-"))
        with ExitStack() as undo:
            name = _new_name()
            watch = _Watch(self._program, name, home)
            undo.callback(watch.dismiss)
            undo.callback(shutil.rmtree, home)
            self._lay_out(home, job)
            door = undo.enter_context(_listener(home / "door" / "socket"))
            channels = Channels(job)
            undo.callback(channels.abandon)
            settings = self._shim_settings(job, len(channels.given()))
            errors = undo.enter_context(tempfile.TemporaryFile())
            process = subprocess.Popen(
                [*self.command(job, home, name, covered), json.dumps(settings)],
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                start_new_session=True,
            )
            container = _Running(name, process, watch)
            undo.callback(self._kill, container)
            connection, pid = self._answer(door, process, errors)
            container.first = os.pidfd_open(pid)  # the shim waits for our word, so the number is its own
            wiring = channels.wire(_Contained(process, pid, container.first, self._engine), connection)
            undo.pop_all()
        return Guest(
            wiring,
            job.limits,
            usage=(lambda _: (0, 0)) if job.sealed else memory_folder_usage,
            kill=lambda: self._kill(container),
            explain=lambda said: f"The container did not start, nothing was run ({_last_line(said)}). Try 'researchclaw doctor'.",
            release=(watch.dismiss, lambda: shutil.rmtree(home), door.close, errors.close, container.close),
        )

    def command(self, job: Job, home: Path, name: str, covered: Sequence[str] = ()) -> list[str]:
        """The engine's command line up to the shim's settings. covered: folders of the image that the guest finds empty."""
        limits = job.limits
        words = [self._program, "run", "--rm", "--name", name, "--pull", "never", "--log-driver", "none", "--hostname", "sandbox"]
        words += ["--init=false"]  # an engine may be set to start one: then orphans would not be the guest's
        words += ["--network", "none", "--ipc", "none" if job.sealed else "private", "--read-only", *self._user()]
        if self._engine == "podman":
            words += ["--read-only-tmpfs=false"]  # it would add folders to write into, of no size
        words += _empty("/dev/mqueue") if self._gpus else _empty("/dev/mqueue", "/sys")  # a GPU's driver reads /sys
        words += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
        everything = limits.memory_mb + limits.scratch_mb + limits.tmp_mb + limits.shm_mb  # the engine counts files in memory, too
        words += ["--pids-limit", str(limits.processes + 4), "--memory", f"{everything}m", "--memory-swap", f"{everything}m"]
        words += _ULIMITS
        if limits.cpu is not None:
            words += ["--cpuset-cpus", str(limits.cpu)]
        if not job.sealed:
            for place, size in ((_INSIDE.scratch, limits.scratch_mb), ("/tmp", limits.tmp_mb)):  # noqa: S108
                words += ["--tmpfs", f"{place}:rw,nosuid,nodev,size={size}m,mode=1777"]
            words += ["--shm-size", f"{limits.shm_mb}m"]
        words += ["--volume", f"{home / 'lab'}:/lab:ro", "--volume", f"{home / 'door'}:/lab/door:ro"]
        for place in covered:  # podman would copy what lies there into a memory folder
            words += ["--volume", f"{home / 'empty'}:{place}:ro"]
        for place, content in job.inputs.items():
            if isinstance(content, Path):
                words += ["--volume", f"{content}:{_INSIDE.inputs}/{place}:ro"]
        if self._gpus:
            chosen = ",".join(map(str, self._gpus))
            words += ["--gpus", f"device={chosen}"] if self._engine == "docker" else self._podman_gpus()
        return [*words, "--entrypoint", "python3", self._image, "-I", "-S", "-B", "/lab/shim.py"]

    def _in_the_image(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Where folders of packages lie in the image; it is asked once. Copies that no import finds are not known.

        Raises:
            SandboxUnavailable: the engine or the image's Python does not run.
        """
        if names and names not in self._places:
            name = _new_name()
            words = [self._program, "run", "--rm", "--name", name, "--pull", "never", "--network", "none", "--read-only"]
            words += [*self._user(), *_ULIMITS]
            words += ["--entrypoint", "python3", self._image, "-I", "-B", "-c", _FIND, *names]
            with (
                _Watch(self._program, name) as watch,
                subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as asked,
            ):
                try:
                    places, complaints = asked.communicate(timeout=_START_S)
                except BaseException as exc:  # the time is up, or Ctrl-C: the container outlives its command line
                    self._kill(_Running(name, asked, watch))
                    asked.wait()
                    if isinstance(exc, subprocess.TimeoutExpired):
                        raise self._not_started(f"no answer in {_START_S:g} s") from exc
                    raise
            if asked.returncode != 0:
                raise self._not_started(complaints)
            self._places[names] = tuple(places.splitlines())
        return self._places.get(names, ())

    def _user(self) -> list[str]:
        """Nobody's id when we are root; else our own, since weights are written for their owner's eyes only."""
        if os.geteuid() == 0:
            return ["--user", f"{_USER}:{_USER}"]
        own = ["--user", f"{os.geteuid()}:{os.getegid()}"]
        return [*own, "--userns", "keep-id"] if self._engine == "podman" else own

    def _podman_gpus(self) -> list[str]:
        return [word for gpu in self._gpus for word in ("--device", f"nvidia.com/gpu={gpu}")]

    def _lay_out(self, home: Path, job: Job) -> None:
        """What is bound: the shim, the filter and the inputs, readable by the container's user."""
        for folder in ("lab/input", "lab/scratch", "lab/door", "door", "empty"):
            (home / folder).mkdir(parents=True)
        (home / "lab" / "shim.py").write_bytes(_SHIM.read_bytes())
        (home / "lab" / "filter.bpf").write_bytes(filter_program(processes=not job.one_process, sealed=job.sealed))
        for name, content in job.inputs.items():
            place = home / "lab" / "input" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                place.write_bytes(content)
            elif content.is_dir():
                place.mkdir()
            else:
                place.touch()
        for path in (home, *home.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        (home / "lab" / "scratch").chmod(0o1777)  # podman gives a memory folder the mode of what it covers

    def _shim_settings(self, job: Job, given: int) -> dict[str, object]:
        # The engine keeps the number of processes: the kernel's own limit counts per user id, over all containers.
        ceilings = {name: value for name, value in resource_limits(job.limits).items() if name not in ("NPROC", "NOFILE", "CORE")}
        return {
            "uid": None,
            "gid": None,
            "limits": ceilings,
            "nice": job.limits.nice,
            "cpu": None,
            "fds": given,
            "folders": [_INSIDE.scratch] if job.sealed else [_INSIDE.scratch, "/tmp", "/dev/shm"],  # noqa: S108
            "handshake": "/lab/door/socket",
            "filter": "/lab/filter.bpf",
            "keep_children": False,
            "argv": list(job.argv(_INSIDE)),
            "env": {
                **guest_environment("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/conda/bin", _INSIDE.scratch),
                **job.environment,
            },
        }

    def _answer(self, door: socket.socket, process: subprocess.Popen[bytes], errors: object) -> tuple[socket.socket, int]:
        """The shim's connection and its process id on this machine, as the kernel tells it."""
        deadline = time.monotonic() + _START_S
        door.settimeout(0.2)
        while time.monotonic() < deadline and process.poll() is None:
            try:
                connection, _ = door.accept()
            except TimeoutError:
                continue
            peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            return connection, int(struct.unpack("3i", peer)[0])
        errors.seek(0)  # type: ignore[attr-defined]
        said = errors.read().decode(errors="replace")  # type: ignore[attr-defined]
        raise self._not_started(said)

    def _not_started(self, said: str) -> SandboxUnavailable:
        return SandboxUnavailable(
            f"The container did not start, nothing was run ({self._engine}: {_last_line(said)}). Check that the engine runs here and "
            f"that the image {self._image} is there and has python3, {_WEAKER}."
        )

    def _kill(self, container: _Running) -> None:
        """The container first: the command line is no parent of it.

        Raises:
            SandboxUnavailable: only the engine can end it, and does not answer.
        """
        try:
            if not container.kill_first() and not container.watch.has_taken_over:
                self._end(container.name)
        except SandboxUnavailable:
            container.watch.take_over()
            raise
        finally:
            if container.process.returncode is None:  # else its number may be another's by now
                with suppress(ProcessLookupError):
                    os.kill(container.process.pid, 9)

    def _end(self, name: str) -> None:
        """Kill the container of that name, which its engine then removes; one that is not there is no fault.

        Raises:
            SandboxUnavailable: the engine does not answer.
        """
        try:
            subprocess.run([self._program, "kill", "--signal", "KILL", name], capture_output=True, check=False, timeout=_END_S)
        except subprocess.TimeoutExpired as exc:
            raise SandboxUnavailable(
                f"{self._engine} does not answer, and the container {name} may still be at work; when the engine runs again, "
                f"`{self._engine} rm --force {name}` ends it."
            ) from exc


@dataclass
class _Running:
    """A container by all that can end it. first: its first process, once that is known."""

    name: str
    process: subprocess.Popen[bytes] | subprocess.Popen[str]
    watch: _Watch
    first: int | None = None

    def kill_first(self) -> bool:
        """Kill the container's first process, and so all of it, without its engine; False where only that may."""
        if self.first is None:
            return False
        try:
            signal.pidfd_send_signal(self.first, signal.SIGKILL)
        except ProcessLookupError:  # ended by itself
            return True
        except PermissionError:  # another user's, as the containers of Docker's group are
            return False
        return True

    def close(self) -> None:
        if self.first is not None:
            os.close(self.first)
            self.first = None


class _Watch:
    """A shell that outlives us and then ends a container and removes our folder, however we ended."""

    def __init__(self, program: str, name: str, home: Path | None = None) -> None:
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", _WATCH, "sh", program, name, str(home) if home else ""],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is not for it
            cwd="/",
        )
        self.has_taken_over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.dismiss()

    def dismiss(self) -> None:
        """The container has ended."""
        if not self.has_taken_over:
            self._shell.communicate(b"over\n")

    def take_over(self) -> None:
        """We cannot end the container; the shell goes on trying."""
        assert self._shell.stdin is not None
        self._shell.stdin.close()
        self._shell.returncode = 0  # nobody waits for it
        self.has_taken_over = True


@dataclass
class _Contained:
    """The container's first process for the clocks, the engine's command for the end. first: a descriptor of that process."""

    process: subprocess.Popen[bytes]
    pid: int
    first: int
    engine: Engine
    seen_dead: float | None = None
    """When the first process was found ended."""
    silent: bool = False
    """The engine has not told of that for long."""

    def has_ended(self) -> bool:
        """As the engine says, which knows the exit code; when it keeps that for itself for long, there is none."""
        if ChildProcess(self.process).has_ended():
            return True
        if self.seen_dead is None:
            poller = select.poll()
            poller.register(self.first, select.POLLIN)
            self.seen_dead = time.monotonic() if poller.poll(0) else None
        self.silent = self.seen_dead is not None and time.monotonic() - self.seen_dead > _END_S
        return self.silent

    def end(self) -> tuple[int, float, int]:
        """Raises SandboxUnavailable, once, when the container has ended and its engine does not say how."""
        code = ChildProcess(self.process).end()[0] if self.process.returncode is None else self.process.returncode
        if self.silent:
            self.silent = False
            raise SandboxUnavailable(
                f"{self.engine} does not answer: a container has ended, and how is not known; the run does not count."
            )
        return code, 0.0, 0  # what the command itself used is nobody's concern


def _new_name() -> str:
    """Of a container, so that it can be ended."""
    return f"researchclaw-{secrets.token_hex(8)}"


def _listener(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        listener.bind(f"/proc/self/fd/{folder}/{path.name}")  # a socket's name has room for 107 characters
        path.chmod(0o666)
        listener.listen(1)
    except BaseException:
        listener.close()
        raise
    finally:
        os.close(folder)
    return listener


def _empty(*places: str) -> list[str]:
    """Options that put an empty folder in the place of each."""
    return [word for place in places for word in ("--tmpfs", f"{place}:ro,nosuid,nodev,noexec,size=4k,mode=0555")]


def _last_line(text: str) -> str:
    """That says something: Docker ends its complaints with the address of its help."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and "run --help'" not in line]
    return lines[-1][:300] if lines else "it said nothing"
