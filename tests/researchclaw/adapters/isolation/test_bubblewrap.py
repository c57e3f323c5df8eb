"""One attack a test, in the real sandbox, judged from outside."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from researchclaw.adapters.isolation.bubblewrap import Bubblewrap
from researchclaw.adapters.isolation.collector import ArtefactRefusedError, collect
from researchclaw.adapters.isolation.job import Job
from researchclaw.adapters.isolation.limits import Limits
from researchclaw.adapters.isolation.self_test import self_test
from researchclaw.adapters.isolation.supervisor import Outcome
from stages.errors import SandboxUnavailable

RunScript = Callable[..., Outcome]
Alive = Callable[[str], list[int]]

SMALL = Limits(wall_s=30, memory_mb=256, processes=32, scratch_mb=16, scratch_files=500, tmp_mb=8, shm_mb=8, output_kb=64, nice=0)


def said(outcome: Outcome) -> str:
    return outcome.stdout.decode().strip()


def test_the_self_test_finds_every_door_shut(bubblewrap: Bubblewrap) -> None:
    assert [attempt for attempt in self_test(bubblewrap) if not attempt.blocked] == []


def test_the_guest_is_not_root(sandboxed: RunScript) -> None:
    outcome = sandboxed("import os; print(0 in os.getresuid() + os.getresgid(), os.getgroups())")
    # an unmapped group of ours shows as 65534; it gives no right that others lack
    assert said(outcome).startswith("False")


def test_the_guest_has_no_capability_and_cannot_gain_one(sandboxed: RunScript) -> None:
    status = said(sandboxed("print(open('/proc/self/status').read())"))
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(fields["CapEff"], 16) == int(fields["CapPrm"], 16) == 0
    assert fields["NoNewPrivs"] == "1"
    assert fields["Seccomp"] == "2"


def test_a_listener_on_loopback_is_out_of_reach(sandboxed: RunScript) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        outcome = sandboxed(f"import socket; socket.create_connection(('127.0.0.1', {listener.getsockname()[1]}), 2)")
        listener.settimeout(0.1)
        with pytest.raises(TimeoutError):
            listener.accept()
    assert b"refused" in outcome.stderr


def test_our_environment_does_not_reach_the_guest(sandboxed: RunScript, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = secrets.token_hex(16)
    monkeypatch.setenv("API_KEY", secret)
    outcome = sandboxed("""
import os, glob
print(dict(os.environ))
for file in glob.glob('/proc/*/environ'):
    try: print(open(file).read())
    except OSError as exc: print(exc)
""")
    assert secret not in said(outcome)
    assert "API_KEY" not in said(outcome)


def test_home_and_shadow_and_run_folders_are_not_there(sandboxed: RunScript, tmp_path: Path) -> None:
    hidden = tmp_path / "val.bin"
    hidden.write_text("validation", encoding="utf-8")
    outcome = sandboxed(f"""
import os
for path in ({str(hidden)!r}, '/etc/shadow', '/etc/ssh', '/sys', '/run', '/var/log', '/boot'):
    print(os.path.lexists(path))
""")
    assert said(outcome).split() == ["False"] * 7


def test_our_own_packages_and_the_labels_that_a_wheel_carries_are_not_there(
    tmp_path: Path, sandbox_state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Installed from a wheel, the shipped kits lie in site-packages, which the guest has for its libraries."""
    packages = tmp_path / "site-packages"
    labels = packages / "researchclaw" / "_shipped" / "sandbox" / "command_kits" / "digits" / "private" / "val_labels.txt"
    for file in (labels, packages / "stages" / "pipeline.py", packages / "numpy" / "core.py"):
        file.parent.mkdir(parents=True)
        file.write_text("7", encoding="utf-8")
    monkeypatch.setattr("site.getsitepackages", lambda: [str(packages)])
    code = f"import os\nfor folder, _, files in os.walk({str(packages)!r}): print(*files)"
    with Bubblewrap(sandbox_state).start(Job(argv=lambda inside: [inside.python, "-c", code], limits=SMALL)) as guest:
        outcome, _ = guest.run()
    assert said(outcome).split() == ["core.py"]


def test_the_view_is_read_only(sandboxed: RunScript) -> None:
    outcome = sandboxed("""
import os, sys
for folder in ('/', '/etc', '/usr', '/dev', '/lab', '/lab/input', sys.prefix, os.path.dirname(os.__file__), '/proc/sys/kernel'):
    try: open(folder + '/left', 'w'); print('wrote', folder)
    except OSError: pass
try: open('/lab/input/script.py', 'a'); print('wrote the script')
except OSError: pass
""")
    assert said(outcome) == ""


def test_a_process_cannot_forge_what_its_parent_computed_or_prints(sandboxed: RunScript) -> None:
    """A verify command that runs the candidate in a process of its own relies on it."""
    outcome = sandboxed("""
import ctypes, os
number = ctypes.c_uint64(1000)
reading, writing = os.pipe()
if os.fork() == 0:
    os.dup2(writing, 1)
    for name, mode, place in (('mem', 'r+b', ctypes.addressof(number)), ('fd/1', 'wb', None)):
        try:
            with open(f'/proc/{os.getppid()}/{name}', mode, 0) as file:
                if place: file.seek(place)
                file.write(b'forged!!')
        except OSError as exc: print(os.strerror(exc.errno), flush=True)
    os._exit(0)
os.wait()
print(number.value, os.read(reading, 999).decode().splitlines())
""")
    assert said(outcome) == "1000 ['Read-only file system', 'No such device or address']"


def test_our_paths_do_not_reach_the_guest(sandboxed: RunScript, sandbox_state: Path) -> None:
    outcome = sandboxed("import glob\nfor file in glob.glob('/proc/*/cmdline'): print(open(file).read())")
    assert "script.py" in said(outcome)
    assert str(sandbox_state) not in said(outcome)


def test_descriptors_of_ours_are_closed(sandboxed: RunScript) -> None:
    outcome = sandboxed("import os; print(sorted(os.listdir('/proc/self/fd')))")
    assert said(outcome) == "['0', '1', '2', '3']"  # 3 is the listing itself


@pytest.mark.slow
def test_the_standard_library_cannot_be_read_as_text(sandboxed: RunScript) -> None:
    outcome = sandboxed("""
import inspect, os, argparse
try: print(inspect.getsource(argparse))
except OSError: print('no source')
print(argparse.__doc__)
roots = [r for r in ('/usr', '/opt', '/home', '/root', os.path.dirname(os.path.dirname(os.path.dirname(os.__file__))))]
for root in roots:
    for folder, _, names in os.walk(root):
        if 'argparse.py' in names: print('found in', folder)
""")
    assert said(outcome).splitlines() == ["no source", "None"]


def test_a_fork_bomb_stops_at_the_limit(sandboxed: RunScript) -> None:
    outcome = sandboxed(
        """
import os, time
n = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(60)
        n += 1
except OSError: print(n < 40, flush=True)
""",
        limits=SMALL,
    )
    assert said(outcome) == "True"
    assert outcome.wall_s < 20


def test_a_thread_bomb_stops_at_the_limit(sandboxed: RunScript) -> None:
    outcome = sandboxed(
        """
import threading, time
n = 0
try:
    while True:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start(); n += 1
except RuntimeError: print(n < 40, flush=True)
import os; os._exit(0)
""",
        limits=SMALL,
    )
    assert said(outcome) == "True"


def test_memory_of_one_process_is_bounded(sandboxed: RunScript) -> None:
    outcome = sandboxed("x = bytearray(400 << 20)", limits=SMALL)
    assert outcome.exit_code == 1
    assert b"MemoryError" in outcome.stderr


@pytest.mark.slow
def test_memory_of_many_processes_is_bounded_in_sum(sandboxed: RunScript) -> None:
    outcome = sandboxed(
        """
import os, time
for _ in range(8):
    if os.fork() == 0:
        x = bytearray(os.urandom(1 << 20)) * 100
        time.sleep(60)
time.sleep(60)
""",
        limits=SMALL,
    )
    assert outcome.excess == "memory"
    assert outcome.peak_memory_mb < 1000


def test_shared_memory_is_bounded(sandboxed: RunScript) -> None:
    outcome = sandboxed("open('/dev/shm/x', 'wb').write(bytes(12 << 20))", limits=SMALL)
    assert b"No space left" in outcome.stderr


@pytest.mark.parametrize(
    "code",
    [
        "open('x', 'wb').write(bytes(20 << 20))",
        "for i in range(9): open(f'x{i}', 'wb').write(bytes(2 << 20))",
        "import os\nfs = []\nfor i in range(9):\n f = open('x', 'wb', 0); os.unlink('x'); f.write(bytes(2 << 20)); fs.append(f)",
        "import mmap, os\nms = []\nfor i in range(9):\n f = open('x', 'w+b'); os.posix_fallocate(f.fileno(), 0, 2 << 20)\n"
        " ms.append(mmap.mmap(f.fileno(), 0)); f.close(); os.unlink('x')",
    ],
    ids=["one file", "many files", "deleted but open", "deleted but mapped"],
)
def test_the_scratch_folder_is_bounded(sandboxed: RunScript, code: str) -> None:
    outcome = sandboxed(code, limits=SMALL)
    assert outcome.exit_code != 0
    assert b"No space left" in outcome.stderr or b"File too large" in outcome.stderr or outcome.excess == "disk"


@pytest.mark.parametrize("folder", [".", "/tmp", "/dev/shm"])
def test_the_number_of_files_is_bounded(sandboxed: RunScript, folder: str) -> None:
    outcome = sandboxed(f"i = 0\nwhile True: open(f'{folder}/{{i}}', 'w').close(); i += 1", limits=SMALL)
    assert outcome.excess == "files"


def test_a_flood_of_output_is_kept_at_both_ends_and_then_stopped(sandboxed: RunScript) -> None:
    outcome = sandboxed("print('first')\nwhile True: print('x' * 1000)", limits=SMALL)
    assert outcome.excess == "output"
    assert outcome.stdout.startswith(b"first")
    assert b"bytes left out" in outcome.stdout
    assert len(outcome.stdout) < 70_000


@pytest.mark.slow
def test_a_guest_that_ignores_signals_ends_at_the_wall_limit(sandboxed: RunScript) -> None:
    began = time.monotonic()
    outcome = sandboxed(
        """
import signal, time
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True: time.sleep(1)
""",
        limits=Limits(wall_s=1, nice=0),
    )
    assert outcome.excess == "wall time"
    assert outcome.exit_code is None
    assert time.monotonic() - began < 5


@pytest.mark.slow
def test_cpu_time_of_children_counts(sandboxed: RunScript) -> None:
    outcome = sandboxed(
        """
import os, signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in range(3):
    if os.fork() == 0:
        while True: pass
while True: signal.pause()
""",
        limits=Limits(wall_s=30, cpu_s=1, nice=0),
    )
    assert outcome.excess == "CPU time"
    assert outcome.cpu_s < 5


def test_daemons_die_with_the_guest(sandboxed: RunScript, alive: Alive) -> None:
    token = secrets.token_hex(8)
    outcome = sandboxed(f"""
import os, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(600)', '{token}'])
    os._exit(0)
os.wait()
import time; time.sleep(0.3)
""")
    assert outcome.exit_code == 0
    assert outcome.wall_s < 10  # the daemon held the pipes open
    assert alive(token) == []


def test_an_interrupted_parent_leaves_nothing(bubblewrap: Bubblewrap, alive: Alive) -> None:
    token = secrets.token_hex(8)
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    job = Job(argv=lambda inside: [inside.python, "-c", "import time; time.sleep(600)", token])
    with bubblewrap.start(job) as guest:
        outcome, _ = guest.run(stop)
    assert outcome.stopped
    assert outcome.excess is None
    assert alive(token) == []


def test_a_killed_parent_leaves_nothing(sandbox_state: Path, bubblewrap: Bubblewrap, alive: Alive) -> None:
    token = secrets.token_hex(8)
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"""
from pathlib import Path
from researchclaw.adapters.isolation.bubblewrap import Bubblewrap
from researchclaw.adapters.isolation.job import Job
job = Job(argv=lambda inside: [inside.python, '-c', 'import time; time.sleep(600)', '{token}'])
with Bubblewrap(Path({str(sandbox_state)!r})).start(job) as guest:
    print('started', flush=True)
    guest.run()
""",
        ],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[4],
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"started\n"
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while alive(token) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert alive(token) == []


@pytest.mark.slow
def test_many_guests_leave_no_descriptor_and_no_process_behind(bubblewrap: Bubblewrap) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        with bubblewrap.start(Job(argv=lambda inside: ["/bin/true"])) as guest:
            guest.run()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize(
    "make",
    [
        "os.symlink('/etc/passwd', 'weights')",
        "os.symlink('/etc', 'weights')",
        "open('a', 'w').write('x'); os.link('a', 'weights')",
        "os.mkdir('weights')",
        "open('weights', 'w').truncate(1 << 22)",
        "pass",
    ],
    ids=["link", "link to a folder", "hard link", "folder", "too big", "missing"],
)
def test_only_a_plain_file_is_collected(bubblewrap: Bubblewrap, tmp_path: Path, make: str) -> None:
    job = Job(argv=lambda inside: [inside.python, "-c", f"import os\n{make}"])
    with bubblewrap.start(job) as guest:
        outcome, _ = guest.run()
        assert outcome.exit_code == 0
        with pytest.raises(ArtefactRefusedError, match="weights"):
            collect(guest.scratch, "weights", tmp_path / "weights", max_bytes=1 << 20)
    assert not (tmp_path / "weights").exists()


def test_a_file_is_collected_after_the_guest_is_dead(bubblewrap: Bubblewrap, tmp_path: Path) -> None:
    with bubblewrap.start(Job(argv=lambda inside: [inside.python, "-c", "open('weights', 'w').write('ok')"])) as guest:
        guest.run()
        collect(guest.scratch, "weights", tmp_path / "weights", max_bytes=1 << 20)
    assert (tmp_path / "weights").read_text(encoding="utf-8") == "ok"


def test_a_sealed_guest_can_leave_no_note(sandboxed: RunScript) -> None:
    outcome = sandboxed(
        """
import os, resource, socket
def leave_in(folder): return lambda: open(folder + '/note', 'w')
actions = [leave_in(f) for f in ('.', '/tmp', '/dev/shm', '/')]
actions += [socket.socket, lambda: socket.socket(socket.AF_UNIX), lambda: os.memfd_create('note'), lambda: os.mkfifo('note')]
if os.fork() == 0:
    parent = os.getppid()
    actions += [lambda: resource.prlimit(parent, resource.RLIMIT_NOFILE, (100, 100))]
    actions += [lambda: os.setpriority(os.PRIO_PROCESS, parent, 5), lambda: os.sched_setaffinity(parent, {0})]
    actions += [lambda name=name: open(f'/proc/{parent}/{name}', 'r+b') for name in ('mem', 'comm', 'oom_score_adj')]
    for number, action in enumerate(actions):
        try: action(); print('left', number)
        except OSError: pass
    os._exit(0)
os.wait()
""",
        sealed=True,
    )
    assert outcome.exit_code == 0
    assert said(outcome) == ""


def test_a_guest_of_one_process_has_threads_and_no_children(bubblewrap: Bubblewrap) -> None:
    code = """
import os, subprocess, threading
for start in (os.fork, os.forkpty, lambda: subprocess.run(['true']), lambda: os.posix_spawn('/bin/true', ['true'], {})):
    try: start(); print('started')
    except OSError: pass
thread = threading.Thread(target=lambda: print('thread')); thread.start(); thread.join()
"""
    with bubblewrap.start(Job(argv=lambda inside: [inside.python, "-c", code], one_process=True)) as guest:
        outcome, _ = guest.run()
    assert said(outcome) == "thread"


def test_what_programs_need_works(sandboxed: RunScript) -> None:
    outcome = sandboxed("""
import multiprocessing, os, socket, subprocess, tempfile, shutil
with tempfile.TemporaryDirectory() as folder: open(folder + '/x', 'w').write('x'); shutil.copy(folder + '/x', 'y')
print(subprocess.run(['sh', '-c', 'echo shell'], capture_output=True, text=True).stdout.strip())
if __name__ == '__main__':
    with multiprocessing.get_context('fork').Pool(2) as pool: print(sum(pool.map(abs, range(5))))
    a = socket.create_server(('127.0.0.1', 0)); b = socket.create_connection(a.getsockname()); print('loopback inside')
""")
    assert said(outcome).splitlines() == ["shell", "10", "loopback inside"]


def test_a_machine_without_bubblewrap_is_refused_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxUnavailable, match="apt install bubblewrap"):
        Bubblewrap(tmp_path)


def test_forbidden_namespaces_are_refused_with_the_remedy(
    sandboxed: RunScript, bubblewrap: Bubblewrap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text(
        "#!/bin/sh\necho 'bwrap: Creating new namespace failed: Operation not permitted' >&2\nexit 1\n", encoding="utf-8"
    )
    broken.chmod(0o755)
    monkeypatch.setattr(bubblewrap, "_program", str(broken))
    with pytest.raises(SandboxUnavailable, match="forbids namespaces") as refused:
        sandboxed("print(1)")
    assert "\n" not in str(refused.value)


@pytest.mark.slow
def test_an_ordinary_user_gets_the_same_walls() -> None:
    """Run as root only: the self-test once more under a user id without rights, with the system's Python."""
    root = Path(__file__).parents[4]
    if os.geteuid() != 0:
        pytest.skip("this test is about giving up root")
    state = Path("/var/tmp") / f"researchclaw-test-{secrets.token_hex(4)}"
    state.mkdir(mode=0o777)
    state.chmod(0o777)
    code = """
import sys, types
from pathlib import Path
from researchclaw.adapters.isolation.bubblewrap import Bubblewrap
from researchclaw.adapters.isolation.self_test import self_test
isolation = Bubblewrap(Path(sys.argv[1]))
print(isolation.name, [a.name for a in self_test(isolation) if not a.blocked])
"""
    try:
        done = subprocess.run(
            ["/usr/bin/python3", "-B", "-c", code, str(state)],
            env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin", "HOME": str(state)},
            cwd=state,
            user=64099,
            group=64099,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
        )
    except (FileNotFoundError, PermissionError) as exc:
        pytest.skip(f"no Python that an ordinary user can run: {exc}")
    finally:
        subprocess.run(["rm", "-rf", str(state)], check=True)
    if "PermissionError" in done.stderr or "ModuleNotFoundError" in done.stderr:
        pytest.skip("an ordinary user cannot read this checkout")
    assert done.stdout.strip() == "bubblewrap (user namespaces) []", done.stderr
