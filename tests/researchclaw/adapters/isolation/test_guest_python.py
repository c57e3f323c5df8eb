"""What guests get of the standard library where it is the text that they are scored on."""

import sysconfig
from pathlib import Path

import pytest

from researchclaw.adapters.isolation.bubblewrap import Bubblewrap
from researchclaw.adapters.isolation.guest_python import IMPORTED, modules_in
from researchclaw.adapters.isolation.job import Job

LIBRARY = Path(sysconfig.get_paths()["stdlib"])


def split(path: Path, *documents: bytes) -> Path:
    path.write_bytes(b"\0".join(documents))
    return path


def test_modules_are_told_by_the_documents_of_a_split(tmp_path: Path) -> None:
    text = {name: (LIBRARY / name).read_bytes() for name in ("imaplib.py", "functools.py", "xml/dom/minidom.py")}
    val = split(tmp_path / "val.bin", text["imaplib.py"], b"text of somebody else's", text["xml/dom/minidom.py"])
    test = split(tmp_path / "test.bin", text["functools.py"], text["imaplib.py"][:5000])
    assert set(modules_in(val, test)) == set(text)
    assert modules_in(split(tmp_path / "other.bin", b"", b"our own text")) == ()  # the library has empty files


READ = """
import functools, glob, importlib, marshal, os
print(functools.reduce(max, [1, 2]))
for name in ('imaplib', 'xml.dom.minidom'):
    try: importlib.import_module(name)
    except ImportError as exc: print(exc)
import pickletools
print(hasattr(pickletools, 'genops'))
library = os.path.dirname(os.__file__)
for file in ('imaplib.pyc', 'xml/dom/minidom.pyc', 'pickletools.pyc', 'functools.pyc'):
    print(len(marshal.loads(open(os.path.join(library, file), 'rb').read()[16:]).co_names) > 3)
print(glob.glob(library + '/**/imaplib*', recursive=True) == [library + '/imaplib.pyc'])
"""
HELD_OUT = ("functools.py", "imaplib.py", "no such module.py", "../../escape.py", "pickletools.py", "xml/dom/minidom.py")


@pytest.mark.parametrize("sealed", [False, True])
def test_held_out_modules_can_be_neither_imported_nor_read_but_for_those_that_everything_imports(
    bubblewrap: Bubblewrap, sealed: bool
) -> None:
    job = Job(
        argv=lambda inside: [inside.python, "-I", "-B", f"{inside.inputs}/script.py"],
        inputs={"script.py": READ.encode()},
        sealed=sealed,
        held_out=HELD_OUT,
    )
    with bubblewrap.start(job) as guest:
        outcome, _ = guest.run()
    why = "is not in this sandbox: its source is part of the validation or test text"
    wanted = ["2", f"imaplib {why}", f"xml.dom.minidom {why}", "False", "False", "False", "False", "True", "True"]
    assert outcome.stdout.decode().splitlines() == wanted, outcome.stderr
    assert "functools.py" in IMPORTED


def test_where_nothing_is_held_out_the_whole_library_is_there(bubblewrap: Bubblewrap) -> None:
    job = Job(argv=lambda inside: [inside.python, "-I", "-c", "import imaplib, pickletools; print(pickletools.genops, imaplib.IMAP4)"])
    with bubblewrap.start(job) as guest:
        outcome, _ = guest.run()
    assert (outcome.exit_code, outcome.stderr) == (0, b"")
