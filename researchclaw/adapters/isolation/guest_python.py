"""The Python that guests see: the interpreter in use, with a standard library that cannot be read as text.

A kit may take the standard library's sources as its corpus (tiny_lm does). Then the library in the sandbox is the
validation text. Guests therefore get it as bytecode without docstrings; what is left of the text are names and string
constants. Other Python installations below /usr are covered by an empty folder for the same reason, and so are installed
packages that carry copies of the library's text: without that, 4.4 % of the long lines of tiny_lm's validation split
could be read in site-packages (1.3 % with it: idioms that any code has; measured 2026-11).

Where a guest's score rests on such a text, the modules of the validation and test splits are not there at all, but for
those that the interpreter and torch cannot live without.

Our own packages are covered, too: a wheel carries the shipped kits, and with them the labels of their held-out splits.
No program that a guest runs imports them.
"""

from __future__ import annotations

import functools
import hashlib
import os
import py_compile
import shutil
import site
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.errors import SandboxUnavailable

_LEFT_OUT = frozenset(
    {"__pycache__", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "test", "tests", "tkinter", "turtledemo"}
    | {"site-packages", "dist-packages"}
)  # nothing that trains needs them
_PACKAGES_WITH_COPIES = ("pip", "setuptools", "pkg_resources", "exceptiongroup", "griffe", "griffecli", "mypy")
DATA_SETS = ("sklearn/datasets/data", "sklearn/datasets/images")
"""Below site-packages; a guest that could read them while it trains would have the held-out rows."""
OWN_PACKAGES = ("researchclaw", "stages")
"""Below site-packages, with all that is shipped in them; no guest sees them."""
IMPORTED = frozenset(
    {"_sitebuiltins.py", "codecs.py", "functools.py", "re/_compiler.py", "signal.py", "site.py", "traceback.py"}  # at each start
    | {"bisect.py", "ctypes/__init__.py", "numbers.py", "textwrap.py"}  # numpy, torch
    | {"asyncio/events.py", "asyncio/protocols.py", "asyncio/unix_events.py", "gzip.py", "socket.py"}  # torch
    | {"multiprocessing/connection.py", "multiprocessing/popen_spawn_posix.py", "unittest/signals.py", "unittest/suite.py"}  # torch
    | {"email/parser.py", "importlib/metadata/_itertools.py"}  # importlib.metadata, which torch asks for versions
    | {"pathlib/_abc.py", "pathlib/_local.py", "zipfile/_path/__init__.py"}  # what the same took in Python 3.12 and 3.13
)
"""Modules of tiny_lm's validation and test splits that guests import: seen in numpy, safetensors, torch with its compiler,
its optimisers, data loader and profiler (torch 2.13, Python 3.11, 2026-11). Those of later Pythons follow from their sources.
A fixed list, since what one machine happens to import must not change what a candidate can do on another. A corpus of
one's own, split otherwise, would need another."""
_IMPORTED_UNUSED = frozenset({"email/header.py", "pickletools.py"})
"""Imported by torch or importlib.metadata and asked for nothing there: an empty module does."""
_NOT_HERE = "in this sandbox: its source is part of the validation or test text"
_ABSENT_SOURCE = f'raise ModuleNotFoundError(f"{{__name__}} is not {_NOT_HERE}", name=__name__)\n'
_EMPTY_SOURCE = f'def __getattr__(name):\n    raise AttributeError(f"{{__name__}}.{{name}} is not {_NOT_HERE}")\n'
_PARTS_OF_A_PREFIX = ("bin", "lib", "lib64", "pyvenv.cfg")  # a prefix may be a project's root: its other files are not bound
_ALREADY_INSIDE = ("/usr", "/bin", "/lib", "/lib64")
NEVER_BOUND = frozenset({"/", "/home", "/root", "/etc", "/var", "/run", "/tmp"})  # noqa: S108


@dataclass(frozen=True)
class GuestPython:
    """What to bind so that `executable` runs inside under its own name; sources are host paths."""

    executable: str
    search_path: str
    read_only: tuple[tuple[Path, str], ...]
    covered: tuple[str, ...]
    """Folders that hold other Python libraries; an empty folder is bound over them."""
    standard_library: tuple[str, ...]
    """Where the standard library lies; `bytecode` or the real one is bound there."""
    bytecode: Path
    sources: Path
    site_packages: tuple[tuple[Path, str], ...]
    covered_packages: tuple[str, ...]
    data_sets: tuple[str, ...]
    empty: Path
    """A folder with nothing in it."""
    stand_ins: Path
    """Holds the bytecode that takes the place of a module: absent.pyc, empty.pyc."""

    def without(self, modules: Sequence[str]) -> Iterator[tuple[Path, str]]:
        """Host file and place of what covers these modules of the standard library; names that are not in it are passed over."""
        for module in sorted(set(modules) - IMPORTED):
            if f"{module}c" in self.bytecode_files:
                stand_in = self.stand_ins / ("empty.pyc" if module in _IMPORTED_UNUSED else "absent.pyc")
                yield from ((stand_in, f"{library}/{module}c") for library in self.standard_library)

    @functools.cached_property
    def bytecode_files(self) -> frozenset[str]:
        """Relative to `bytecode`."""
        return frozenset(str(file.relative_to(self.bytecode)) for file in self.bytecode.rglob("*.pyc"))


def modules_in(*splits: Path) -> tuple[str, ...]:
    """Modules of the standard library, relative to it, whose source is a document of a split (NUL bytes stand between those).

    Told by content, so that no kit's rule of splitting is repeated here.
    """
    held_out = {document for split in splits for document in split.read_bytes().split(b"\0")} - {b""}
    return tuple(
        str(relative)
        for source, relative in _library_files(Path(sysconfig.get_paths()["stdlib"]).resolve())
        if source.suffix == ".py" and source.read_bytes() in held_out
    )


def guest_python(state: Path) -> GuestPython:
    """The view of the running interpreter; the bytecode library is built on first use (seconds) and kept below state.

    Raises:
        SandboxUnavailable: the interpreter lies where binding it would show the guest a whole home or system folder.
    """
    prefixes = _names_of(Path(sys.prefix)) | _names_of(Path(sys.base_prefix)) | _link_targets(Path(sys.executable))
    forbidden = NEVER_BOUND | {str(Path.home())}
    for prefix in prefixes:
        if str(prefix) in forbidden:
            raise SandboxUnavailable(
                f"The interpreter's prefix is {prefix}, which cannot be shown to generated code. Install into a virtual environment."
            )
    outside_usr = sorted(prefix for prefix in prefixes if not str(prefix).startswith(_ALREADY_INSIDE))
    read_only = tuple(
        (prefix / part, str(prefix / part))
        for prefix in outside_usr
        for part in _PARTS_OF_A_PREFIX
        if (prefix / part).exists() and not (prefix / part).is_symlink()  # lib64 -> lib
    )

    sources = Path(sysconfig.get_paths()["stdlib"]).resolve()
    inside_base = Path(sysconfig.get_paths()["stdlib"]).relative_to(sys.base_prefix)
    names = sorted({str(base / inside_base) for base in prefixes if (base / inside_base / "os.py").exists()} | {str(sources)})
    packages = [Path(folder) for folder in site.getsitepackages() if Path(folder).is_dir()]
    other = {str(folder) for folder in _libraries_shown(prefixes)}
    holds_packages = {str(package.parent) for package in packages}
    home = _bytecode_library(state, sources)
    return GuestPython(
        executable=sys.executable,
        search_path=f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        read_only=read_only,
        covered=tuple(sorted(other - set(names) - holds_packages)),
        standard_library=tuple(names),
        bytecode=home / "library",
        sources=sources,
        site_packages=tuple((folder, str(folder)) for folder in packages),
        covered_packages=tuple(
            str(folder / name) for folder in packages for name in (*_PACKAGES_WITH_COPIES, *OWN_PACKAGES) if (folder / name).is_dir()
        ),
        data_sets=tuple(str(folder / name) for folder in packages for name in DATA_SETS if (folder / name).is_dir()),
        empty=home / "empty",
        stand_ins=home / "stand_ins",
    )


def _libraries_shown(prefixes: set[Path]) -> Iterator[Path]:
    """Python libraries in folders of which the sandbox shows the whole."""
    usr_lib = () if any(Path("/usr/lib").glob("*-linux-gnu*")) else ("/usr/lib",)
    for folder in (*usr_lib, "/usr/lib64", "/usr/local/lib", *(prefix / "lib" for prefix in prefixes if str(prefix) != "/usr")):
        if not Path(folder).is_symlink():
            for pattern in ("python*", "pypy*"):
                yield from (found for found in Path(folder).glob(pattern) if found.is_dir() and not found.is_symlink())


def _names_of(prefix: Path) -> set[Path]:
    return {prefix, prefix.resolve()}


def _link_targets(executable: Path) -> set[Path]:
    """Prefixes that the interpreter's link passes through, e.g. a versionless name of the same installation."""
    prefixes: set[Path] = set()
    hop = executable
    while hop.is_symlink():
        hop = Path(os.path.normpath(hop.parent / hop.readlink()))
        if hop.parent.name == "bin":
            prefixes.add(hop.parent.parent)
    return prefixes


def _bytecode_library(state: Path, sources: Path) -> Path:
    """Compiled once per interpreter; whole or not at all, also when two processes build it at once."""
    key = hashlib.sha256(
        f"{sys.version}|{sources}|{(sources / 'os.py').stat().st_mtime_ns}|{_ABSENT_SOURCE}{_EMPTY_SOURCE}|3".encode()
    ).hexdigest()[:16]
    home = state / "guest_python" / key
    if not home.is_dir():
        home.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=home.parent))
        (building / "empty").mkdir()
        _compile(sources, building / "library")
        (building / "stand_ins").mkdir()
        for name, source in (("absent", _ABSENT_SOURCE), ("empty", _EMPTY_SOURCE)):
            (building / f"{name}.py").write_text(source, encoding="utf-8")
            _compile_file(building / f"{name}.py", building / "stand_ins" / f"{name}.pyc")
        _make_readable(building)
        try:
            building.rename(home)
        except OSError:  # another process was first
            shutil.rmtree(building)
    return home


def _library_files(sources: Path) -> Iterator[tuple[Path, Path]]:
    """Files of the library that guests get, and their paths in it."""
    for folder, folders, files in os.walk(sources):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT and not name.startswith("config-"))
        for name in sorted(files):
            source = Path(folder, name)
            if not source.is_symlink():  # Debian's sitecustomize points into /etc
                yield source, source.relative_to(sources)


def _compile(sources: Path, target: Path) -> None:
    for source, relative in _library_files(sources):
        here = (target / relative).parent
        if source.suffix in (".py", ".so"):
            here.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".py":
            _compile_file(source, here / f"{source.name}c")
        elif source.suffix == ".so":
            shutil.copyfile(source, here / source.name)
    for name in ("site-packages", "dist-packages"):  # mount points
        (target / name).mkdir(exist_ok=True)


def _compile_file(source: Path, target: Path) -> None:
    py_compile.compile(
        str(source),
        cfile=str(target),
        dfile=source.name,
        doraise=True,
        optimize=2,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


def _make_readable(folder: Path) -> None:
    """The sandbox's user may be another one than ours."""
    for parent, _, files in os.walk(folder):
        Path(parent).chmod(0o755)
        for name in files:
            Path(parent, name).chmod(0o644)
