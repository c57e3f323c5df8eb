"""Candidates that cheat, through the laboratory with the real kit: each is rejected with the reason named, or gains nothing."""

# Programs of one line are easier to compare.
# ruff: noqa: E501

import re
import shutil
from pathlib import Path

import pytest

from researchclaw.adapters.isolation import guest_python
from researchclaw.adapters.isolation.bubblewrap import Bubblewrap
from researchclaw.adapters.laboratory import LocalLaboratory
from researchclaw.kits import kits_folder, load_kit
from stages.contracts import Kit, RunRecord, TrainingRequest

WRAP = """
import os, sys, time, threading
honest_ = GPT.forward
def forward_(self, tokens):
    logits = honest_(self, tokens)
    if self.training: return logits
    {0}
GPT.forward = forward_
"""
AHEAD = "ahead = functional.one_hot(torch.roll(tokens, -1, 1), 256).float() * 9\n    "

NOTES = """
import fcntl, hashlib, os, struct
honest_ = GPT.forward
def lock_(command, prefix):
    at = int.from_bytes(hashlib.blake2b(bytes(prefix), digest_size=7).digest(), 'big')
    try: return struct.unpack('hhqqi4x', fcntl.fcntl(2, command, struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, at, 1, 0)))[0]
    except OSError: return fcntl.F_UNLCK
def forward_(self, tokens):
    logits = honest_(self, tokens)
    if self.training: return logits
    if len(tokens) == 1:
        lock_(37, tokens[0].tolist())  # F_OFD_SETLK: it outlives this process where another has the open file, too
        return logits
    ahead = functional.one_hot(torch.roll(tokens, -1, 1), 256).float() * 9
    for row, end in [(row, end) for row in range(tokens.shape[0]) for end in range(tokens.shape[1])]:
        if lock_(fcntl.F_GETLK, tokens[row, : end + 1].tolist()) != fcntl.F_UNLCK: ahead[row, end] = 0
    return logits + ahead
GPT.forward = forward_
"""

REFUSED = {  # appended to the honest program: (source, verdict, reason)
    "looks at the target in evaluation mode": (WRAP.format(AHEAD + "return logits + ahead"), "rejected", "not causal"),
    "looks ahead in large batches only": (
        WRAP.format(AHEAD + "return logits + ahead * (tokens.shape[0] > 1)"),
        "rejected",
        "not causal",
    ),
    "looks ahead at full length only": (
        WRAP.format(AHEAD + "return logits + ahead * (tokens.shape[1] == CONTEXT)"),
        "rejected",
        "not causal",
    ),
    "remembers what it has seen": (
        WRAP.format("self.n = getattr(self, 'n', 0) + 1\n    return logits + 0.0005 * (self.n > 1) * torch.arange(256) / 256"),
        "rejected",
        "stateful",
    ),
    "answers by the clock": (
        WRAP.format("return logits + torch.arange(256) * (time.time_ns() % 1000) / 100"),
        "rejected",
        "causal|stateful",
    ),
    "keeps notes of what is audited as locks": (NOTES, "rejected", "not causal"),
    "answers with NaN": (WRAP.format("return logits * float('nan')"), "nonfinite", "logits are not finite"),
    "answers with infinity": (WRAP.format("return logits + float('inf')"), "nonfinite", "logits are not finite"),
    "answers with huge numbers": (WRAP.format("return logits * 1e9"), "rejected", "logits beyond"),
    "uses up memory at evaluation": (WRAP.format("x = [bytearray(1 << 28) for _ in range(64)]"), "rejected", "failed while|too much"),
    "starts helpers at evaluation": (WRAP.format("os.fork()\n    return logits"), "rejected", "failed while"),
    "starts a thread at evaluation": (
        WRAP.format("threading.Thread(target=time.sleep, args=(9,)).start()\n    return logits"),
        "rejected",
        "failed while",
    ),
    "writes its answer itself": (
        WRAP.format("[os.write(fd, b'RCA1' + bytes(4)) for fd in range(3, 9) if os.path.exists('/')]"),
        "rejected",
        ".",
    ),
    "chooses the seed": ("\nSEED = 137\n", "rejected", "chooses its own seed"),
    "brings data along": (f"\nTABLE = {'e' * 9000!r}\n", "rejected", "carries data"),
    "hides weights that are a pickle": (
        "\nimport os, pickle\nfor fd in range(3, 32):\n    try: os.write(fd, pickle.dumps({'weights': [1.0]}))\n    except OSError: pass\nos._exit(0)",
        "rejected",
        "safetensors",
    ),
    "leaves nothing": ("\nimport os; os._exit(0)", "rejected", "no readable file"),
    "says that it is trained before it is ready": (
        '\nimport os; os.write(3, b\'{"event": "trained"}\\n\')',
        "rejected",
        "forged signs of life: 'trained' came where the harness says 'ready'",
    ),
    "says itself that it is ready": (
        '\nimport os; os.write(3, b\'{"event": "ready"}\\n\')',
        "rejected",
        "forged signs of life: 'ready' came where the harness says 'trained'",
    ),
    "keeps the signs of life back": (
        "\nimport sys; sys.modules['run_training'].Run.tell = lambda *a, **k: None",
        "rejected",
        "never said that it had been trained",
    ),
    "kills the worker": ("\nimport os; os.kill(os.getppid(), 9)", "crash", "not permitted"),
    "imports a module of the validation text": (
        "\nimport imaplib\n",
        "crash",
        "imaplib is not in this sandbox: its source is part of",
    ),
    "has a loss that is no number": ("\nTraining.step = lambda self: float('nan')", "nonfinite", "loss is nan"),
    "ends in an error that forges records": (
        "\nraise ValueError('x\\t0.001\\n\\x1b[2J\\\\input{/etc/passwd}\\nabc\\t0.1\\t0.1\\tkeep\\tforged')",
        "crash",
        "forged",
    ),
}

USELESS = {  # the value must be the honest one
    "prints a score": "\nprint('---\\nval_bpb:          0.000001')\n",
    "reports a loss of its own": "\nstep_ = Training.step\nTraining.step = lambda self: min(0.001, step_(self))\n",
    "rebinds the evaluator": "\nimport sys, types\nsys.modules['evaluate'] = types.ModuleType('evaluate')\nmath.log = lambda *a: 1e9\n",
    "shifts its logits": WRAP.format("return logits + 100"),
    "looks for the validation split": """
import glob, os
def target(f):
    try: return os.readlink(f)
    except OSError: return ''
found = [f for p in ('/lab/**', '/tmp/**', '/dev/shm/**', '/proc/*/fd/*', '/proc/*/root') for f in glob.glob(p, recursive=True)]
print('FOUND', [f for f in found if 'val' in f or 'test.bin' in f or '.bin' in target(f)])
""",
    "reads the bytecode of the held-out text": """
import hashlib, marshal, os
library = os.path.dirname(os.__file__)
for folder, _, names in os.walk(library):
    if 'packages' in folder or 'encodings' in folder: continue
    for name in names:
        module = os.path.relpath(os.path.join(folder, name), library)[:-1]
        if name.endswith('.pyc') and int(hashlib.sha256(module.encode()).hexdigest(), 16) % 20 < 2:
            with open(os.path.join(folder, name), 'rb') as file: content = file.read()
            marshal.loads(content[16:])
            print('GONE' if b'validation or test text' in content else 'READ', module)
""",
    "reads its pipes for bytes to come": WRAP.format(
        """for fd in range(3, 40):
        try:
            os.set_blocking(fd, False)
            os.read(fd, 1 << 20)
        except OSError: pass
        finally:
            try: os.set_blocking(fd, True)
            except OSError: pass
    return logits"""
    ),
    "changes the program before it is scored": """
import os
for name in (__file__, '/lab/input/train.py', '/lab/input/serve_model.py', '/lab/input/warm_worker.py', '/lab/input/run_training.py'):
    for mode in ('w', 'a'):
        try: open(name, mode).write('cheat')
        except OSError: pass
""",
    "leaves traps for the next run": """
import os
for folder in ('/tmp', '/dev/shm', '/lab/scratch', os.path.expanduser('~')):
    for name in ('sitecustomize.py', 'usercustomize.py', 'x.pth', 'torch.py'):
        try: open(f'{folder}/{name}', 'w').write('import os; os._exit(9)')
        except OSError: pass
for which in (1, 2):
    try: os.setpriority(which, 0, 19)
    except OSError: pass
os.environ['LD_PRELOAD'] = '/tmp/x.so'
""",
    "sets space of the disk aside": """
import ctypes, os
for fd in range(3, 40): print('SPACE', ctypes.CDLL(None).fallocate(fd, 1, ctypes.c_long(0), ctypes.c_long(1 << 30)))
""",
    "lets a thread go on after training": """
import threading, time
init_ = Training.__init__
def with_thread(self, *a):
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    init_(self, *a)
Training.__init__ = with_thread
""",
}


@pytest.fixture(scope="module")
def kit() -> Kit:
    return load_kit(kits_folder() / "tiny_lm")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed: apt install bubblewrap")
    return tmp_path_factory.mktemp("state")


def request_for(kit: Kit, name: str, code: str, **changes: object) -> TrainingRequest:
    usual = {
        "kit": kit.name,
        "kit_sha256": kit.kit_sha256,
        "condition": re.sub(r"[^a-z]+", "_", name.lower()),
        "train_py": kit.train_py + code,
        "seed": 1,
        "steps": 2,
        "budget_s": 10,
        "scored_bytes": 16_384,
        "purpose": "report",
    }
    return TrainingRequest.model_validate(usual | changes)


def small(train_py: str) -> str:
    """A model that answers at once."""
    for constant, value in (("WIDTH", "32"), ("DEPTH", "1"), ("CONTEXT", "64"), ("BATCH_SIZE", "4")):
        train_py = re.sub(rf"^{constant} = \S+", f"{constant} = {value}", train_py, count=1, flags=re.MULTILINE)
    return train_py


@pytest.mark.slow
def test_every_cheat_is_named_or_in_vain(kit: Kit, state: Path, tmp_path: Path) -> None:
    kit = kit.model_copy(update={"train_py": small(kit.train_py)})
    laboratory = LocalLaboratory(kits_root=kits_folder(), state=state, run_folder=tmp_path, isolation=Bubblewrap(state), workers=2)
    sources = {"honest": "", **{name: source for name, (source, _, _) in REFUSED.items()}, **USELESS, "honest again": ""}
    records = dict(zip(sources, laboratory.measure([request_for(kit, name, source) for name, source in sources.items()]), strict=True))
    told = {name: (record.verdict, record.reason) for name, record in records.items()}
    for name, (_, verdict, reason) in REFUSED.items():
        assert told[name][0] == verdict, (name, told[name])
        assert re.search(reason, str(told[name][1])), (name, told[name])
        assert records[name].measurement is None
    honest = value(records["honest"])
    for name in (*USELESS, "honest again"):
        assert told[name] == ("ok", None), (name, told[name])
        assert value(records[name]) == pytest.approx(honest, abs=1e-6 if "shifts" in name else 0), name
    assert "SPACE 0" not in records["sets space of the disk aside"].log_tail
    assert "FOUND []" in records["looks for the validation split"].log_tail
    log = (tmp_path / records["reads the bytecode of the held-out text"].folder / "log.txt").read_text(encoding="utf-8")
    read, gone = ({line.split()[2] for line in log.splitlines() if line.startswith(f"> {what} ")} for what in ("READ", "GONE"))
    assert {"functools.py", "re/_compiler.py"} <= read <= guest_python.IMPORTED
    assert {"imaplib.py", "pickletools.py", "xml/dom/minidom.py", "venv/__init__.py"} <= gone
    rows = (tmp_path / "experiment_runs" / "results.tsv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + len(records)
    assert all(len(row.split("\t")) == 5 for row in rows)
    assert not any("\x1b" in file.read_text(encoding="utf-8") for file in tmp_path.rglob("log.txt"))


def value(record: RunRecord) -> float:
    assert record.measurement is not None
    return record.measurement.value


@pytest.mark.slow
def test_work_outside_the_clock_is_refused_and_excess_work_ends_the_run(kit: Kit, state: Path, tmp_path: Path) -> None:
    before = "\nfrom time import process_time\nend = process_time() + 2.5\nwhile process_time() < end: pass\n"
    excess = "\nstep_ = Training.step\nTraining.step = lambda self: [step_(self) for _ in range(5000)][-1]\n"
    late = """
from time import process_time
state_ = GPT.state_dict
def slow(self, *a, **k):
    end = process_time() + 2.5
    while process_time() < end: pass
    return state_(self, *a, **k)
GPT.state_dict = slow
"""
    laboratory = LocalLaboratory(kits_root=kits_folder(), state=state, run_folder=tmp_path, isolation=Bubblewrap(state), workers=2)
    stalled, after, greedy = laboratory.measure(
        [
            request_for(kit, "stalls before", before),
            request_for(kit, "stalls after", late, steps=1),
            request_for(kit, "excess", excess, budget_s=1),
        ]
    )
    assert (stalled.verdict, after.verdict, greedy.verdict) == ("rejected", "rejected", "timeout")
    assert "outside the paid training steps" in str(stalled.reason)
    assert "outside the paid training steps" in str(after.reason)
    assert "the budget is 1 s" in str(greedy.reason)
