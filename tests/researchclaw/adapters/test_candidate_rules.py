"""Rules that are read from the source, without running it."""

import itertools
import random
import sys
from pathlib import Path

import pytest

from researchclaw.adapters.candidate_rules import DATA_MAX, INFORMATION_MAX, SOURCE_MAX, TEXT_MAX, fault, information
from researchclaw.kits import kit_names, kits_folder
from researchclaw.shipped import shipped
from stages.errors import SettingsError

PROGRAMS = sorted(path for path in shipped("sandbox").rglob("*.py") if path.name in ("train.py", "prepare.py"))


@pytest.mark.parametrize("kit", kit_names())
def test_the_shipped_candidates_break_no_rule(kit: str) -> None:
    assert fault((kits_folder() / kit / "train.py").read_text(encoding="utf-8")) is None


@pytest.mark.parametrize(
    "source",
    [
        "seed = 137",
        "SEED = 1",
        "torch.manual_seed(137)",
        "torch.Generator().manual_seed(4)",
        "random.seed(a=1)",
        "seed += 1",
        "seed: int = 3",
        "seed = int('137')",
        "seed = int(os.environ['SEED']) * 0 + 137",
        "seed += int(os.environ['SEED'])",
        "seed = int(os.environ['HOME'])",
    ],
)
def test_a_seed_of_its_own_is_named(source: str) -> None:
    assert "chooses its own seed" in str(fault(source))


@pytest.mark.parametrize(
    "source",
    [
        "torch.manual_seed(seed)", "g.manual_seed(seed * 3 + 1)", "x.seed()", "seeds = 1", "x = (",
        "seed = int(os.environ['SEED'])", "SEED = int(os.environ.get('SEED', '0'))", "seed: int = int(os.getenv('SEED', 0))",
        "seed = os.environ['SEED']",
    ],
)  # fmt: skip
def test_the_given_seed_may_be_used(source: str) -> None:
    assert fault(source) is None


def test_a_table_of_text_or_numbers_is_named_and_documentation_is_not() -> None:
    assert "carries data" in str(fault(f"x = {'a' * (DATA_MAX + 1)!r}"))
    assert "carries data" in str(fault(f"x = {list(range(1000, 1000 + DATA_MAX // 4 + 1))}"))
    assert fault(f'"""{"a" * (DATA_MAX + 1)}"""') is None
    assert "characters long" in str(fault("#" * (SOURCE_MAX + 1)))


@pytest.mark.parametrize(
    "text",
    ["# {0}", '"""{0}"""', "def f():\n    '{0}'", "x_{0} = 1", "f(x_{0}=1)", '"""{1}"""\nx = 1  # {1}'],
    ids=["comment", "docstring", "docstring of a function", "name", "keyword", "some of each"],
)
def test_text_beside_the_code_is_data_too_beyond_what_a_program_needs(text: str) -> None:
    long, half = "e" * (TEXT_MAX + 1), "e" * (TEXT_MAX // 2 + 1)
    assert "comments, documentation and names hold" in str(fault(text.format(long, half)))
    assert fault(text.format("e" * 2000, "e" * 2000)) is None


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_honest_programs_stay_far_below_what_may_be_held(program: Path) -> None:
    source = program.read_text(encoding="utf-8")
    assert fault(source) is None
    assert 3 * information(source) < INFORMATION_MAX


def test_a_python_without_lzma_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lzma", None)
    with pytest.raises(SettingsError, match="liblzma-dev"):
        information("x = 1")


def test_a_program_of_three_times_the_size_passes() -> None:
    parts = ["kits/tiny_lm/train.py", "gpu_kits/gpu_lm/train.py", "harness/run_training.py", "kits/tiny_lm/prepare.py"]
    rewritten = "\n".join((shipped("sandbox") / part).read_text(encoding="utf-8").split('"""', 2)[2] for part in parts)
    assert len(rewritten) > 40_000
    assert fault(rewritten) is None


def in_names(rng: random.Random) -> str:
    """A function that is never called; 64 names, so that each token tells six bits."""
    names = [f"{a}{b}" for a, b in itertools.product("abcdefgh", repeat=2)]
    return "def f():\n" + "\n".join("    " + "+".join(rng.choices(names, k=40)) for _ in range(39_000 // 40))


def in_white_space(rng: random.Random) -> str:
    return "".join("x" + "".join(rng.choices(" \t\f", k=12)) + "\n" for _ in range(9_000))


def in_other_scripts(rng: random.Random) -> str:
    """Few characters that each tell fourteen bits."""
    return "#" + "".join(chr(rng.randrange(0x4E00, 0x9FFF)) for _ in range(TEXT_MAX - 100))


@pytest.mark.parametrize("hide", [in_names, in_white_space, in_other_scripts])
def test_what_is_hidden_anywhere_in_a_source_counts(hide: object) -> None:
    assert callable(hide)
    source = hide(random.Random(1))
    assert len(source) < SOURCE_MAX
    assert "when compressed" in str(fault(source))


def test_a_large_program_of_the_users_may_be_changed() -> None:
    own = in_white_space(random.Random(1))
    assert information(own) > INFORMATION_MAX
    assert fault(own + "y = 1\n", "main.py", own) is None
    assert "when compressed" in str(fault(own + "y = 1\n", "main.py", own[:20_000]))


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (f"BATCH_SIZE = 0x{'f' * 4000}", "a number of 16000 bits"),  # Python refuses to print it
        ("BATCH_SIZE = 1" + "0" * 400, "a number of 1329 bits"),  # no float can hold it
        (f"seed = os.environ[{'1+' * 700}1]", "chooses its own seed"),  # too deep to be written down again
        (f"seed = os.environ[0x{'f' * 4000}]", "chooses its own seed"),
        (f"x = {'(' * 5000}", None),
        ("x = '\0'", None),
    ],
)
def test_sources_at_the_limits_of_the_parser_have_a_verdict(source: str, why: str | None) -> None:
    assert fault(source) is None if why is None else why in str(fault(source))


def test_a_mask_of_128_bits_is_no_data() -> None:
    assert fault(f"MASK = {2**128 - 1}") is None
