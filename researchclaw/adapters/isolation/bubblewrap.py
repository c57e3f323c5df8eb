"""Isolation by bubblewrap: new namespaces for users, processes, network, IPC and host name, and a root of its own.

As an ordinary user through user namespaces. As root without them: there the guest gets a user id that nobody has,
because a guest with the kernel's uid 0 could write the host's /proc/sys and leave set-uid files (measured).

Not covered: faults of the kernel itself, and side channels such as timing.
"""

from __future__ import annotations

import fcntl
import functools
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from researchclaw.adapters.isolation.channels import Channels
from researchclaw.adapters.isolation.gpu_view import gpu_devices, gpu_files
from researchclaw.adapters.isolation.guest_python import GuestPython, guest_python
from researchclaw.adapters.isolation.job import Inside, Job
from researchclaw.adapters.isolation.limits import NOFILE, Limits
from researchclaw.adapters.isolation.seccomp import filter_program
from researchclaw.adapters.isolation.supervisor import Guest, kill_quietly
from stages.errors import SandboxUnavailable

_HOME = "/lab"
_SHIM = Path(__file__).with_name("shim.py")
_FIRST_UID, _UIDS = 64100, 64  # Debian keeps 60000-64999 for such uses; a taken one is skipped
_WEAKER = "or set sandbox.allow_weaker: true and accept results marked 'process only'"

_PASSWD = b"guest:x:{uid}:{uid}:guest:/lab/scratch:/bin/sh\n"
_GROUP = b"guest:x:{uid}:\n"
_HOSTS = b"127.0.0.1 localhost\n::1 localhost\n"
_NSSWITCH = b"passwd: files\ngroup: files\nhosts: files\n"


class Bubblewrap:
    """Starts guests below bwrap. `state` keeps the guests' bytecode library between runs."""

    def __init__(self, state: Path, *, gpus: tuple[int, ...] = ()) -> None:
        """Look for what is needed; nothing is started. gpus: numbers of the NVIDIA GPUs that guests may use.

        Raises:
            SandboxUnavailable: bubblewrap or a GPU's device is missing, or the interpreter cannot be shown to a guest.
            GpuUnavailable: the driver does not tell which device a GPU is.
        """
        if os.uname().sysname != "Linux":
            raise SandboxUnavailable(f"bubblewrap needs Linux; generated code was not run. Use a Linux machine, {_WEAKER}.")
        program = shutil.which("bwrap")
        if program is None:
            raise SandboxUnavailable(
                "No sandbox: bubblewrap is not installed, nothing was run. Debian/Ubuntu: apt install bubblewrap; "
                f"Fedora: dnf install bubblewrap; {_WEAKER}."
            )
        self._program = program
        self._root = os.geteuid() == 0
        self._gpus = tuple(gpu_devices(gpus))
        self._gpu_folders, self._gpu_environment = gpu_files(_system_folders()) if gpus else ((), {})
        self._python: GuestPython = guest_python(state.absolute())
        filter_program()  # an architecture without a table is refused here

    seals = True
    """Whether a job can be sealed, and with it a worker kept warm."""

    @property
    def name(self) -> str:
        return "bubblewrap (root, dropped user id)" if self._root else "bubblewrap (user namespaces)"

    def start(self, job: Job) -> Guest:
        """See `Isolation.start`."""
        inside = Inside(python=self._python.executable, inputs=f"{_HOME}/input", scratch=f"{_HOME}/scratch")
        with ExitStack() as undo:
            uid, free_uid = _take_uid() if self._root else (1000, lambda: None)
            undo.callback(free_uid)
            channels = Channels(job)
            undo.callback(channels.abandon)
            info_read, info_write = os.pipe()
            undo.callback(os.close, info_read)
            with ExitStack() as given:
                given.callback(os.close, info_write)
                contents: list[int] = []

                def bytes_to_read(content: bytes) -> int:
                    contents.append(os.memfd_create("researchclaw"))
                    given.callback(os.close, contents[-1])
                    os.write(contents[-1], content)
                    os.lseek(contents[-1], 0, os.SEEK_SET)
                    return contents[-1]

                options = [
                    *self._namespaces(uid),
                    *self._view(job, bytes_to_read, uid),
                    *("--seccomp", str(bytes_to_read(filter_program(processes=not job.one_process, sealed=job.sealed)))),
                    *("--info-fd", str(info_write)),
                ]
                # By a descriptor: the guest can read the command line of process 1, and our paths are none of its business.
                argv = [self._program, "--args", str(bytes_to_read("\0".join(options).encode()))]
                argv += ["--", self._python.executable, "-I", "-S", "-B", f"{_HOME}/shim.py"]
                argv.append(self._shim_settings(job, inside, uid, channels))
                # An empty environment: bwrap's own would be readable inside as /proc/1/environ.
                wiring = channels.start(argv, pass_fds=[*contents, info_write])
            undo.pop_all()
        first = _FirstProcess(info_read)
        return Guest(
            wiring,
            job.limits,
            usage=memory_folder_usage,
            kill=lambda: first.kill(wiring.process.pid),
            explain=self._explain,
            release=(free_uid, first.close),
        )

    # ------------------------------------------------------------ the command line

    def _namespaces(self, uid: int) -> list[str]:
        argv = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
        argv += ["--die-with-parent", "--new-session", "--clearenv", "--hostname", "sandbox"]
        if self._root:  # bwrap as root keeps every capability unless told otherwise (measured with 0.8)
            return [*argv, "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        argv += ["--unshare-user", "--uid", str(uid), "--gid", str(uid)]
        return [*argv, "--disable-userns"] if "--disable-userns" in _options(self._program) else argv

    def _view(self, job: Job, bytes_to_read: Callable[[bytes], int], uid: int) -> Iterator[str]:
        """Everything that the guest will see, in the order in which it is mounted."""
        made: set[str] = set()
        limits = job.limits
        yield from _system_view(bytes_to_read, uid, made)
        yield from ("--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev")
        yield from self._gpus
        yield from _memory_folder("/dev/shm", limits.shm_mb)  # noqa: S108
        yield from _memory_folder("/tmp", limits.tmp_mb)  # noqa: S108
        made.add("/tmp")  # noqa: S108
        yield from self._python_view(job, made)  # after /tmp: an environment may lie below it
        for folder in self._gpu_folders:
            yield from _parents(str(folder), made)
            yield from ("--ro-bind", str(folder), str(folder))
        yield from ("--perms", "0755", "--dir", _HOME, "--perms", "0755", "--dir", f"{_HOME}/input")
        yield from ("--perms", "0444", "--ro-bind-data", str(bytes_to_read(_shim_source())), f"{_HOME}/shim.py")
        made |= {_HOME, f"{_HOME}/input"}
        for name, content in job.inputs.items():
            place = f"{_HOME}/input/{name}"
            yield from _parents(place, made)
            if isinstance(content, bytes):
                yield from ("--perms", "0444", "--ro-bind-data", str(bytes_to_read(content)), place)
            else:
                yield from ("--ro-bind", str(content), place)
        yield from _memory_folder(f"{_HOME}/scratch", limits.scratch_mb)
        if job.sealed:
            for place in ("/dev/shm", "/tmp", f"{_HOME}/scratch"):  # noqa: S108
                yield from ("--remount-ro", place)
        # /proc: a process' mem, comm and oom_score_adj can be written by its children and siblings
        yield from ("--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/")

    def _python_view(self, job: Job, made: set[str]) -> Iterator[str]:
        python = self._python
        for host, name in python.read_only:
            yield from _parents(name, made)
            yield from ("--ro-bind", str(host), name)
        for name in python.covered:
            yield from ("--ro-bind", str(python.empty), name)
        if job.sources:  # Debian's standard library has links into these
            for folder in sorted(Path("/etc").glob("python3*")):
                yield from ("--ro-bind", str(folder), str(folder))
        library = python.sources if job.sources else python.bytecode
        for host, name in (*((library, name) for name in python.standard_library), *python.site_packages):
            yield from _parents(name, made)
            yield from ("--ro-bind", str(host), name)
        for host, name in () if job.sources else python.without(job.held_out):
            yield from ("--ro-bind", str(host), name)
        for name in (*python.covered_packages, *(() if job.data_sets else python.data_sets)):
            yield from ("--ro-bind", str(python.empty), name)
        for host, name in python.site_packages:
            for hidden in job.hidden:
                if (host / hidden).is_dir():
                    yield from ("--ro-bind", str(python.empty), f"{name}/{hidden}")

    def _shim_settings(self, job: Job, inside: Inside, uid: int, channels: Channels) -> str:
        return json.dumps(
            {
                "uid": uid if self._root else None,
                "gid": uid if self._root else None,
                "limits": resource_limits(job.limits),
                "nice": job.limits.nice,
                "cpu": job.limits.cpu,
                "fds": channels.fds,
                "folders": [inside.scratch, "/tmp", "/dev/shm"],  # noqa: S108
                "handshake": channels.handshake,
                "keep_children": False,
                "argv": list(job.argv(inside)),
                "env": {
                    **guest_environment(self._python.search_path, inside.scratch),
                    **self._gpu_environment,
                    **job.environment,
                },
            }
        )

    def _explain(self, said: str) -> str:
        """bwrap's complaint as one line with the remedy."""
        last = said.strip().splitlines()[-1] if said.strip() else "it said nothing"
        if "setting up uid map" in said or "RTM_NEWADDR" in said:
            remedy = (
                "Ubuntu restricts user namespaces: apt install apparmor-profiles, copy its bwrap-userns-restrict profile to "
                "/etc/apparmor.d and load it with apparmor_parser -r"
            )
        elif "namespace" in said or "Failed to make / slave" in said or "Operation not permitted" in said:
            remedy = (
                "This system or container forbids namespaces: run on the host, start the container with --cap-add SYS_ADMIN and a "
                "seccomp profile that allows them, or set sysctl user.max_user_namespaces (and kernel.unprivileged_userns_clone=1)"
            )
        elif "execvp" in said or "Permission denied" in said or "shim" in said:
            remedy = f"The sandbox's user cannot read the interpreter: chmod -R go+rX {self._python.executable} and its libraries"
        else:
            remedy = "Try the command 'researchclaw doctor'"
        return f"The sandbox did not start, nothing was run ({last}). {remedy}, {_WEAKER}."


class _FirstProcess:
    """Process 1 of the guest's namespace: when it dies, the kernel kills all the others."""

    def __init__(self, info: int) -> None:
        self._info = info
        self._handle: int | None = None

    def _open(self) -> None:
        if self._handle is None:
            os.set_blocking(self._info, False)
            with suppress(BlockingIOError):  # bwrap failed before it wrote
                said = os.read(self._info, 4096)
                if said:
                    with suppress(ProcessLookupError):  # it has ended by itself
                        self._handle = os.pidfd_open(json.loads(said)["child-pid"])

    def kill(self, bwrap: int) -> None:
        """Kill the namespace first, so that bwrap collects its CPU time; then bwrap, which may be stuck before it had one."""
        self._open()
        if self._handle is None:
            kill_quietly(bwrap)
            return
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def close(self) -> None:
        os.close(self._info)
        if self._handle is not None:
            os.close(self._handle)


def _system_view(bytes_to_read: Callable[[bytes], int], uid: int, made: set[str]) -> Iterator[str]:
    """Programs and libraries of the system, and an /etc of our own."""
    for name in _system_folders():
        path = Path(name)
        yield from _parents(name, made)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), name)
        elif path.is_dir():
            yield from ("--ro-bind", name, name)
    yield from ("--perms", "0755", "--dir", "/etc")
    for name in ("/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives"):
        yield from ("--ro-bind-try", name, name)
    identity = str(uid).encode()
    for name, content in (
        ("/etc/passwd", _PASSWD.replace(b"{uid}", identity)),
        ("/etc/group", _GROUP.replace(b"{uid}", identity)),
        ("/etc/hosts", _HOSTS),
        ("/etc/nsswitch.conf", _NSSWITCH),
    ):
        yield from ("--perms", "0444", "--ro-bind-data", str(bytes_to_read(content)), name)


def _system_folders() -> Iterator[str]:
    """Named one by one: /usr as a whole holds other Pythons (google-cloud-sdk brings one), and with them a kit's corpus.

    Only where libraries lie in /usr/lib itself (not Debian's way) that folder comes whole.
    """
    libraries = sorted(str(folder) for folder in Path("/usr/lib").glob("*-linux-gnu*") if folder.is_dir()) or ["/usr/lib"]
    yield from ("/usr/bin", "/usr/sbin", "/usr/lib32", "/usr/lib64", *libraries)
    if libraries != ["/usr/lib"]:
        yield from ("/usr/lib/gcc", "/usr/lib/git-core", "/usr/lib/locale")
    yield from ("/usr/libexec/gcc", "/usr/include", "/usr/share/terminfo", "/usr/share/zoneinfo", "/usr/local/bin", "/usr/local/lib")
    yield from ("/bin", "/sbin", "/lib", "/lib32", "/lib64")


def _memory_folder(place: str, size_mb: int) -> tuple[str, ...]:
    """A writable folder in memory, of limited size."""
    return ("--perms", "1777", "--size", str(size_mb * 2**20), "--tmpfs", place)


def _parents(path: str, made: set[str]) -> Iterator[str]:
    """Folders above a mount, open to all: bwrap makes missing ones 0700, which a dropped user id cannot enter."""
    for parent in reversed(Path(path).parents):
        if str(parent) != "/" and str(parent) not in made:
            made.add(str(parent))
            yield from ("--perms", "0755", "--dir", str(parent))


def resource_limits(limits: Limits) -> dict[str, int]:
    """Limits that the kernel keeps for each process, by the names of resource.RLIMIT_*."""
    memory = limits.memory_mb * 2**20
    values = {
        "NPROC": limits.processes,
        "DATA": memory,
        "FSIZE": (limits.scratch_mb if limits.file_mb is None else limits.file_mb) * 2**20,
        "NOFILE": NOFILE,
        "CORE": 1,  # 0 would still start a crash handler of the host, as root, on the guest's memory: core(5)
        "MSGQUEUE": 0,
        "SIGPENDING": 1024,  # counted for the whole account
        "RTPRIO": 0,
        "NICE": 0,
        "STACK": 8 * 2**20,
    }
    if limits.address_space:  # an accelerator's driver reserves and pins what it likes
        values["AS"] = memory + 4 * 2**30  # libraries map more than they use
        values["MEMLOCK"] = 0
    return values


def guest_environment(search_path: str, home: str) -> dict[str, str]:
    """All of the guest's environment; nothing of ours is passed on. One thread: more are slower and not deterministic."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")
    return {"PATH": search_path, "HOME": home, "TMPDIR": "/tmp", "LANG": "C.UTF-8", "TERM": "dumb", **threads}  # noqa: S108


def memory_folder_usage(folder: int) -> tuple[int, int]:
    """Bytes and files of a tmpfs, as the kernel counts them: files that were deleted while open are in it."""
    state = os.fstatvfs(folder)
    return (state.f_blocks - state.f_bfree) * state.f_frsize, state.f_files - state.f_ffree


def _take_uid() -> tuple[int, Callable[[], None]]:
    """A user id that no account and no other sandbox on this machine has; process limits count per user id."""
    volatile = Path("/run")  # nobody but root can be there first
    folder = (volatile if volatile.is_dir() else Path(tempfile.gettempdir())) / "researchclaw-sandbox-users"
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.lstat()
    if state.st_uid != 0 or not folder.is_dir() or folder.is_symlink():
        raise SandboxUnavailable(f"{folder} belongs to somebody else; nothing was run. Remove it.")
    for uid in range(_FIRST_UID, _FIRST_UID + _UIDS):
        if _has_account(uid):
            continue
        fd = os.open(folder / str(uid), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            continue
        return uid, functools.partial(os.close, fd)
    raise SandboxUnavailable(f"{_UIDS} sandboxes are running already; nothing was run. Wait for one to end.")


def _has_account(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


@functools.cache
def _options(program: str) -> str:
    return subprocess.run([program, "--help"], env={}, capture_output=True, text=True, check=False).stdout


@functools.cache
def _shim_source() -> bytes:
    return _SHIM.read_bytes()
