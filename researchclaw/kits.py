"""Kits as files: kit.yaml, factors.yaml, train.py, prepare.py -> the typed `Kit`, checked against each other.

Whatever is wrong in a kit is a SettingsError that names file and key: a kit is written by a person and is read before
anything is spent. torch is never imported here; train.py is read by its syntax tree.
"""

import ast
import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, TypeVar

import yaml
from pydantic import PositiveFloat, TypeAdapter, ValidationError

from researchclaw.given_files import text_given
from researchclaw.shipped import shipped
from stages import python_source
from stages.contracts import Contract, Factor, Kit, Metric, Slug
from stages.errors import SettingsError

Read = TypeVar("Read")


class KitFile(Contract):
    """What kit.yaml holds."""

    name: Slug
    title: str
    domain: str
    summary: str
    metric: Metric
    default_budget_s: PositiveFloat
    answers: tuple[str, ...]
    scope_words: tuple[str, ...]
    tunable: dict[str, tuple[str, ...]]
    factors_file: Literal["factors.yaml"]


def kits_folder() -> Path:
    """Where the shipped kits lie."""
    return shipped("sandbox") / "kits"


def kit_folder(name: str) -> Path:
    """The folder of a shipped kit.

    Raises:
        SettingsError: no kit has that name.
    """
    names = kit_names()
    if name not in names:
        raise SettingsError(f"no kit is named {name!r}; there are: {', '.join(names)}")
    return kits_folder() / name


def kit_names() -> tuple[str, ...]:
    """Names of the shipped kits, sorted."""
    return tuple(sorted(file.parent.name for file in kits_folder().glob("*/kit.yaml")))


def shipped_kits() -> tuple[Kit, ...]:
    """Every shipped kit, by name."""
    return tuple(load_kit(kit_folder(name)) for name in kit_names())


def load_kit(folder: Path) -> Kit:
    """The kit in that folder, complete and free of contradictions.

    Raises:
        SettingsError: a file is missing or wrong, or two files contradict each other; names file and key.
    """
    kit_file, train, prepare = folder / "kit.yaml", folder / "train.py", folder / "prepare.py"
    described = read_contract(kit_file, TypeAdapter(KitFile))
    if described.name != folder.name:
        raise SettingsError(f"{kit_file}: name: {described.name!r} must be the folder's name, {folder.name!r}")
    factors_file = folder / described.factors_file
    factors = read_contract(factors_file, TypeAdapter(tuple[Factor, ...]))
    train_py = read_text(train)
    constants = annotated_constants(train_py, train)
    check_tunable(described.tunable, constants, kit_file)
    check_factors(factors, constants, factors_file)
    return Kit(
        **described.model_dump(exclude={"factors_file", "metric"}),
        metric=described.metric,
        factors=factors,
        constants=constants,
        train_py=train_py,
        prepare_sha256=hashlib.sha256(read_text(prepare).encode()).hexdigest(),
        kit_sha256=kit_sha256(folder),
    )


def read_text(file: Path) -> str:
    return text_given(file, "the kit")


def read_contract(file: Path, adapter: TypeAdapter[Read]) -> Read:
    """The file's YAML as the contract; the first fault is named with its key."""
    try:
        return adapter.validate_python(yaml.safe_load(read_text(file)))
    except yaml.YAMLError as exc:
        raise SettingsError(f"{file}: is not YAML: {' '.join(str(exc).split())}") from exc
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"])) or "the whole file"
        raise SettingsError(f"{file}: {key}: {first['msg']}") from exc


def annotated_constants(train_py: str, file: Path) -> dict[str, str]:
    """Constant -> literal as written, for each top-level `NAME = literal  # search: …` of one line.

    Raises:
        SettingsError: the source does not parse, there is no such constant, or an annotated value is not a literal.
    """
    try:
        tree = python_source.parse(train_py)
    except SyntaxError as exc:
        raise SettingsError(f"{file}: line {exc.lineno}: does not parse: {exc.msg}") from exc
    lines = train_py.splitlines()
    found: dict[str, str] = {}
    for node in tree.body:
        if not (isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)):
            continue
        name = node.targets[0].id
        if not re.search(r"#\s*search:", lines[node.lineno - 1]):
            continue
        literal = ast.get_source_segment(train_py, node.value)
        if literal is None or node.end_lineno != node.lineno or not is_literal(literal):
            raise SettingsError(f"{file}: {name}: must be a literal on one line")
        if name in found:
            raise SettingsError(f"{file}: {name}: is assigned twice")
        found[name] = literal
    if not found:
        raise SettingsError(f"{file}: has no constant with a '# search:' comment; nothing could be studied")
    return found


def is_literal(text: str) -> bool:
    try:
        python_source.literal(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False
    return True


def check_settings(settings: Mapping[str, str], constants: Mapping[str, str], where: str) -> None:
    """Refuse constants that train.py does not have and values that are no Python literal."""
    for name, literal in settings.items():
        if name not in constants:
            raise SettingsError(f"{where}.{name}: train.py has no such constant; it has: {', '.join(constants)}")
        if not is_literal(literal):
            raise SettingsError(f"{where}.{name}: {literal!r} is not a Python literal (a string needs quotes of its own: \"'adamw'\")")


def check_tunable(tunable: Mapping[str, tuple[str, ...]], constants: Mapping[str, str], file: Path) -> None:
    for name, literals in tunable.items():
        for literal in literals:
            check_settings({name: literal}, constants, f"{file}: tunable")


def check_factors(factors: tuple[Factor, ...], constants: Mapping[str, str], file: Path) -> None:
    """Refuse factors that contradict themselves or train.py."""
    for name in repeated(factor.name for factor in factors):
        raise SettingsError(f"{file}: {name}: the factor stands there twice")
    for factor in factors:
        where = f"{file}: {factor.name}"
        names = [level.name for level in factor.levels]
        for name in repeated(iter(names)):
            raise SettingsError(f"{where}.levels.{name}: the level stands there twice")
        baselines = [level for level in factor.levels if level.is_baseline]
        if len(baselines) != 1:
            raise SettingsError(f"{where}.levels: exactly one level must have is_baseline: true, {len(baselines)} have")
        for level in factor.levels:
            check_settings(level.settings, constants, f"{where}.levels.{level.name}.settings")
        for name, literal in baselines[0].settings.items():
            if not same_literal(literal, constants[name]):
                key = f"{where}.levels.{baselines[0].name}.settings.{name}"
                raise SettingsError(f"{key}: the baseline level says {literal}, train.py says {constants[name]}")
        check_settings(factor.ablation.settings, constants, f"{where}.ablation.settings")
        if unknown := [name for group in factor.groups for name in group.levels if name not in names]:
            raise SettingsError(f"{where}.groups: there is no level {unknown[0]!r}; there are: {', '.join(names)}")
        if unknown := [name for name in factor.ablation.void_for if name not in names]:
            raise SettingsError(f"{where}.ablation.void_for: there is no level {unknown[0]!r}; there are: {', '.join(names)}")
        if unknown := [name for name in factor.default_contrasts if name not in names]:
            raise SettingsError(f"{where}.default_contrasts: there is no level {unknown[0]!r}; there are: {', '.join(names)}")


def same_literal(a: str, b: str) -> bool:
    """Equal in value and type: 1 is not True, and 1.0 is not 1."""
    left, right = python_source.literal(a), python_source.literal(b)
    return type(left) is type(right) and bool(left == right)


def repeated(names: Iterator[str]) -> list[str]:
    seen: set[str] = set()
    return [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]


def shipped_hashes() -> dict[Slug, str]:
    """Name of each shipped kit -> its hash."""
    return {name: kit_sha256(kit_folder(name)) for name in kit_names()}


def kit_sha256(folder: Path) -> str:
    """Hash over every file of the kit and of the harness, in the order of their relative paths; caches do not count."""
    return kit_sha256_of(file_hashes(folder))


def kit_sha256_of(kit_files: Mapping[str, str]) -> str:
    """The same from the hashes of the kit's files and the harness that is installed here. kit_files: path in the kit -> SHA-256."""
    files = {f"kit/{name}": digest for name, digest in kit_files.items()}
    files |= {f"harness/{name}": digest for name, digest in file_hashes(shipped("sandbox") / "harness").items()}
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(hashlib.sha256(name.encode()).digest())
        whole.update(bytes.fromhex(files[name]))
    return whole.hexdigest()


def file_hashes(folder: Path) -> dict[str, str]:
    """Path in the folder -> SHA-256 of the file."""
    return {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files_of(folder)}


def files_of(root: Path) -> Iterator[Path]:
    for file in root.rglob("*"):
        parts = file.relative_to(root).parts
        if file.is_file() and "__pycache__" not in parts and not any(part.startswith(".") for part in parts):
            yield file
