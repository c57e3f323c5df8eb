"""Host side of the attack suite: every payload through the function behind `researchclaw sandbox exec`, judged from outside.

    python suite.py STATE [docker|podman IMAGE]

Prints one JSON object {attack: [withstood, detail]}. The guest's word counts against the sandbox only: what a guest says it
won is a failure, and what it is silent about is looked for on the host (canaries, listeners, processes, settings).
"""

# The lists of the host are read across.

import json
import os
import re
import resource
import secrets
import socket
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from loud import LOUD

from researchclaw.adapters.isolation.limits import Limits
from researchclaw.experiment_cli import sandbox_exec

SMALL = Limits(
    wall_s=3, cpu_s=1, memory_mb=256, processes=32, scratch_mb=16, scratch_files=500, tmp_mb=8, shm_mb=8, output_kb=64, nice=5
)
Found = dict[str, tuple[bool, str]]
BACKEND, IMAGE = sys.argv[2:4] if len(sys.argv) > 3 else ("auto", None)


def execute(state: Path, argv: list[str], limits: Limits, files: tuple[Path, ...] = ()) -> tuple[int, str, str]:
    """Exit code, what the guest printed, what the sandbox said."""
    shown: list[str] = []
    said: list[str] = []
    code = sandbox_exec(
        argv,
        state=state,
        echo=said.append,
        limits=limits,
        with_files=files,
        write=lambda _, text: shown.append(text),
        backend=BACKEND,  # type: ignore[arg-type]
        image=IMAGE,
    )
    return code, "".join(shown), " ".join(said)


def quiet(state: Path) -> Found:
    """All attempts that make no noise, in one guest."""
    secret = secrets.token_hex(16)
    os.environ["RESEARCHCLAW_TEST_SECRET"] = secret
    names: list[Path] = []
    with (
        tempfile.TemporaryDirectory(prefix="attack-") as name,
        tempfile.TemporaryDirectory(prefix="attack-", dir="/dev/shm") as memory,
    ):
        for folder in (Path(name), Path(memory), state):
            folder.chmod(0o777)
            names.append(folder / "canary.txt")
            names[-1].write_text(secret, encoding="utf-8")
            names[-1].chmod(0o666)
        inherited = os.open(names[0], os.O_RDONLY)
        os.set_inheritable(inherited, True)
        tcp, tcp6 = socket.create_server(("0.0.0.0", 0)), socket.socket(socket.AF_INET6)
        six = socket.has_ipv6 and Path("/proc/net/if_inet6").exists()
        if six:
            tcp6.bind(("::1", 0))
            tcp6.listen(1)
        udp, abstract, path = socket.socket(type=socket.SOCK_DGRAM), socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        udp.bind(("127.0.0.1", 0))
        token = "attack-" + secrets.token_hex(8)
        abstract.bind("\0" + token)
        path.bind(f"{name}/socket")
        for listener in (abstract, path):
            listener.listen(1)
        target = {
            "canaries": [str(canary) for canary in names] + [f"/proc/{os.getpid()}/environ", f"/proc/{os.getpid()}/fd/{inherited}"],
            "folders": [name, memory, str(state), "/var/tmp", str(Path.home())],
            "secret": secret, "tcp": tcp.getsockname()[1], "tcp6": tcp6.getsockname()[1] if six else 1, "udp": udp.getsockname()[1],
            "address": host_address(), "abstract": token, "unix": f"{name}/socket", "pid": os.getpid(),
        }  # fmt: skip
        before = settings_of_the_host()
        script = Path(__file__).with_name("quiet.py")
        limits = Limits(wall_s=60, memory_mb=512, processes=64, scratch_mb=16, tmp_mb=16, shm_mb=16, nice=0, output_kb=256)
        code, shown, said = execute(state, ["python3", str(script), json.dumps(target)], limits)
        found: Found = {}
        lines = shown.splitlines()
        for line in lines:
            if line.startswith("["):
                attack, got = json.loads(line)
                found[attack] = (got is None, str(got)[:300])
        found["the quiet attacks come to their end"] = ('"end"' in lines and code == 0, f"{code} {said} {shown[-200:]}")
        for listener in (tcp, tcp6, udp, abstract, path):
            listener.setblocking(False)
            try:
                came = listener.recv(10) if listener is udp else listener.accept()
            except OSError:
                came = None
            found[f"nothing comes to a listener of the host ({listener.family.name}, {listener.type.name})"] = (
                came is None,
                str(came),
            )
            listener.close()
        os.close(inherited)
        found["canaries are untouched"] = (all(canary.read_text(encoding="utf-8") == secret for canary in names), "")
        left = [str(file) for folder in (name, memory, str(state)) for file in Path(folder).glob("left*")]
        found["nothing is left on the host"] = (not left, str(left))
        found["settings of the host are the same"] = (settings_of_the_host() == before, "")
        names[2].unlink()
    return found


def settings_of_the_host() -> list[str]:
    """What an attempt would have changed."""
    files = ("kernel/core_pattern", "kernel/hostname", "fs/lease-break-time", "vm/overcommit_memory", "kernel/randomize_va_space")
    values = [Path("/proc/sys", file).read_text(encoding="utf-8") for file in files if os.access(Path("/proc/sys", file), os.R_OK)]
    return [
        *values,
        str(os.getpriority(os.PRIO_PROCESS, 0)),
        str(resource.getrlimit(resource.RLIMIT_NOFILE)),
        str(os.sched_getaffinity(0)),
    ]


def host_address() -> str:
    """An address of this machine other than loopback, if it has one."""
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # no packet is sent
        except OSError:
            return "127.0.0.2"
        return str(probe.getsockname()[0])


def loud(state: Path) -> Found:
    """Attacks that use things up, several at a time."""
    token = str(10_000 + secrets.randbelow(10**9))

    def one(name: str) -> tuple[bool, str]:
        source, expected = LOUD[name]
        began = time.monotonic()
        code, _, said = execute(state, ["python3", "-c", source.replace("TOKEN", token)], SMALL)
        verdict = said if said else f"exit {code}"
        good = re.search(expected, verdict) is not None and (said != "" or code != 0)
        return good and time.monotonic() - began < 20, f"{verdict} after {time.monotonic() - began:.1f} s"

    with ThreadPoolExecutor(3) as pool:
        found: Found = dict(zip(LOUD, pool.map(one, LOUD), strict=True))
    running = [file for file in Path("/proc").glob("[0-9]*/cmdline") if token.encode() in command_line(file)]
    found["no daemon outlives its sandbox"] = (not running, str(running))
    # ru_maxrss would hold the peak of whoever started this process: it survives exec (getrusage(2))
    status = Path("/proc/self/status").read_text()
    peak_mb = int(re.search(r"VmHWM:\s*(\d+)", status)[1]) / 1024  # type: ignore[index]
    found["the parent's memory stays small"] = (peak_mb < 400, f"{peak_mb:.0f} MB")
    return found


def command_line(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return b""


def main() -> None:
    state = Path(sys.argv[1])
    state.mkdir(parents=True, exist_ok=True)
    sys.stdout.write(json.dumps({**quiet(state), **loud(state)}) + "\n")


if __name__ == "__main__":
    main()
