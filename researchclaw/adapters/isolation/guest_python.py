"""The Python that guests see: the interpreter in use, with a standard library that cannot be read as text.

A kit may take the standard library's sources as its corpus (tiny_lm does). Then the library in the sandbox is the
validation text. Guests therefore get it as bytecode without docstrings; what is left of the text are names and string
constants. Other Python installations below /usr are covered by an empty folder for the same reason, and so are installed
packages that carry copies of the library's text: without that, 4.4 % of the long lines of tiny_lm's validation split
could be read in site-packages (1.3 % with it: idioms that any code has; measured 2026-11).
"""

from __future__ import annotations

import hashlib
import os
import py_compile
import shutil
import site
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
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
_PARTS_OF_A_PREFIX = ("bin", "lib", "lib64", "pyvenv.cfg")  # a prefix may be a project's root: its other files are not bound
_ALREADY_INSIDE = ("/usr", "/bin", "/lib", "/lib64")
_NEVER_BOUND = frozenset({"/", "/home", "/root", "/etc", "/var", "/run", "/tmp"})  # noqa: S108


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


def guest_python(state: Path) -> GuestPython:
    """The view of the running interpreter; the bytecode library is built on first use (seconds) and kept below state.

    Raises:
        SandboxUnavailable: the interpreter lies where binding it would show the guest a whole home or system folder.
    """
    prefixes = _names_of(Path(sys.prefix)) | _names_of(Path(sys.base_prefix)) | _link_targets(Path(sys.executable))
    forbidden = _NEVER_BOUND | {str(Path.home())}
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
    bytecode, empty = _bytecode_library(state, sources)
    return GuestPython(
        executable=sys.executable,
        search_path=f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        read_only=read_only,
        covered=tuple(sorted(other - set(names) - holds_packages)),
        standard_library=tuple(names),
        bytecode=bytecode,
        sources=sources,
        site_packages=tuple((folder, str(folder)) for folder in packages),
        covered_packages=tuple(
            str(folder / name) for folder in packages for name in _PACKAGES_WITH_COPIES if (folder / name).is_dir()
        ),
        data_sets=tuple(str(folder / name) for folder in packages for name in DATA_SETS if (folder / name).is_dir()),
        empty=empty,
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


def _bytecode_library(state: Path, sources: Path) -> tuple[Path, Path]:
    """Compiled once per interpreter; whole or not at all, also when two processes build it at once."""
    key = hashlib.sha256(f"{sys.version}|{sources}|{(sources / 'os.py').stat().st_mtime_ns}|2".encode()).hexdigest()[:16]
    home = state / "guest_python" / key
    if not home.is_dir():
        home.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=home.parent))
        (building / "empty").mkdir()
        _compile(sources, building / "library")
        _make_readable(building)
        try:
            building.rename(home)
        except OSError:  # another process was first
            shutil.rmtree(building)
    return home / "library", home / "empty"


def _compile(sources: Path, target: Path) -> None:
    for folder, folders, files in os.walk(sources):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT and not name.startswith("config-"))
        here = target / Path(folder).relative_to(sources)
        here.mkdir(parents=True, exist_ok=True)
        for name in sorted(files):
            source = Path(folder, name)
            if source.is_symlink():
                continue  # Debian's sitecustomize points into /etc
            if name.endswith(".py"):
                py_compile.compile(
                    str(source),
                    cfile=str(here / f"{name}c"),
                    dfile=name,
                    doraise=True,
                    optimize=2,
                    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
                )
            elif name.endswith(".so"):
                shutil.copyfile(source, here / name)
    for name in ("site-packages", "dist-packages"):  # mount points
        (target / name).mkdir(exist_ok=True)


def _make_readable(folder: Path) -> None:
    """The sandbox's user may be another one than ours."""
    for parent, _, files in os.walk(folder):
        Path(parent).chmod(0o755)
        for name in files:
            Path(parent, name).chmod(0o644)
