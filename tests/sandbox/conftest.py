"""Guest programs as the tests need them: as files to start, and as modules loaded by path."""

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

SANDBOX = Path(__file__).resolve().parents[2] / "sandbox"


@pytest.fixture(scope="session")
def sandbox() -> Path:
    return SANDBOX


@pytest.fixture(scope="session")
def guest_module() -> Callable[[str], ModuleType]:
    """Loads a guest file by its path below sandbox/; it is in no package and is imported by nobody else."""

    def load(path: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"guest_{Path(path).stem}", SANDBOX / path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def start() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a guest program as the laboratory does: isolated, without bytecode."""

    def run(program: str, *arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-B", str(SANDBOX / program), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **options)

    return run


def source_like_text(size: int) -> bytes:
    """Text with structure that a small model can learn, the same every time."""
    words = ["def", "return", "value", "index", "for", "in", "range", "print", "self", "None", "if", "else", "(", ")", ":", "\n"]
    state, parts, length = 12345, [], 0
    while length < size:
        state = (state * 1103515245 + 12345) % 2**31
        parts.append(words[(state >> 16) % len(words)] + " ")
        length += len(parts[-1])
    return "".join(parts).encode()[:size]


@pytest.fixture(scope="session")
def text() -> Callable[[int], bytes]:
    return source_like_text
