"""What kind of repository this is, and which number it could improve: proposals for `loop plan`, from tracked files alone."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from researchclaw.loop.contracts import Direction
from researchclaw.loop.proposers.search_space import knobs
from stages.contracts import Contract


class Offer(Contract):
    """A metric that the repository seems to have."""

    reason: str
    scope: tuple[str, ...]
    verify: str
    metric: str
    direction: Direction
    guards: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


class Stack(Contract):
    languages: tuple[str, ...]
    offers: tuple[Offer, ...]


_BENCH = re.compile(r"(^|/)(bench\w*|\w*_bench|measure\w*|perf\w*|score|coverage_of)\.(py|sh|js)$")
_RUNS = {"py": "python", "sh": "sh", "js": "node"}
_LOWER = re.compile(r"\b(ms|seconds|time|latency|bytes|size|loss|error|rank|bpb)\b", re.IGNORECASE)
_HIGHER = re.compile(r"\b(coverage|accuracy|score|throughput|per second|f1|auc)\b", re.IGNORECASE)


def detect(files: Mapping[str, str], present: frozenset[str] = frozenset()) -> Stack:
    """files: path -> text of tracked files. present: untracked names at the top, e.g. 'node_modules'."""
    languages = []
    if any(path.endswith(".py") for path in files):
        languages.append("Python")
    if "package.json" in files:
        languages.append("JavaScript")
    languages += [name for marker, name in (("Cargo.toml", "Rust"), ("go.mod", "Go"), ("CMakeLists.txt", "C/C++")) if marker in files]
    guards = _tests(files)
    scope = _scope(files)
    offers = [_measured(path, files[path], scope, guards) for path in sorted(files) if _BENCH.search(path)]
    if "package.json" in files and (script := _build_script(files["package.json"])):
        sources = ("src/**",) if any(path.startswith("src/") for path in files) else ("*.js",)
        offers.append(
            Offer(
                reason=f"package.json has a build script ({script}): the size of what it builds",
                scope=sources,
                verify="npm run --silent build >&2 && find dist build -type f -exec cat {} + 2>/dev/null | wc -c",
                metric="bytes",
                direction="lower",
                needs=("node_modules",) if "node_modules" in present else (),
            )
        )
    return Stack(languages=tuple(languages), offers=tuple(offers))


def _tests(files: Mapping[str, str]) -> tuple[str, ...]:
    tests = [path for path in files if re.search(r"(^|/)(test_\w+|\w+_test)\.py$", path)]
    if not tests:
        return ()
    if any("import pytest" in files[path] or re.search(r"^def test_", files[path], re.MULTILINE) for path in tests):
        return ("python -m pytest -q -x -p no:cacheprovider",)
    top = sorted({path.split("/")[0] if "/" in path else "." for path in tests})
    return tuple(f"python -m unittest discover -s {folder}" for folder in top)


def _scope(files: Mapping[str, str]) -> tuple[str, ...]:
    """Files with annotated constants; else the source folder; else the Python files that are neither tests nor measures."""
    annotated = sorted({knob.path for knob in knobs(files) if not _judges(knob.path)})
    if annotated:
        return tuple(annotated)
    if any(path.startswith("src/") for path in files):
        return ("src/**",)
    plain = sorted(path for path in files if path.endswith(".py") and not _judges(path))
    return tuple(sorted({path.split("/")[0] + "/**" if "/" in path else path for path in plain}))[:20]


def _judges(path: str) -> bool:
    return bool(_BENCH.search(path) or re.search(r"(^|/)(tests?|conftest\.py|test_\w+\.py|\w+_test\.py|setup\.py)(/|$)", path))


def _measured(path: str, text: str, scope: tuple[str, ...], guards: tuple[str, ...]) -> Offer:
    names = re.findall(r"METRIC\s+([A-Za-z_]\w*)\s*=", text)
    metric = names[0] if names else "metric"
    said = f"{metric.replace('_', ' ')} {path} {text[:2000]}"
    lower, higher = _LOWER.search(metric.replace("_", " ")), _HIGHER.search(metric.replace("_", " "))
    direction: Direction = "higher" if higher and not lower else "lower"
    if not lower and not higher and _HIGHER.search(said) and not _LOWER.search(said):
        direction = "higher"
    return Offer(
        reason=f"{path} looks like a measurement",
        scope=scope,
        verify=f"{_RUNS[path.rsplit('.', 1)[1]]} {path}",
        metric=metric,
        direction=direction,
        guards=guards,
    )


def _build_script(text: str) -> str | None:
    try:
        scripts = json.loads(text).get("scripts", {})
    except (ValueError, AttributeError, RecursionError):
        return None
    build = scripts.get("build") if isinstance(scripts, dict) else None
    return build if isinstance(build, str) else None
