"""Rules that are read from the source, without running it."""

import pytest

from researchclaw.adapters.candidate_rules import DATA_MAX, SOURCE_MAX, TEXT_MAX, fault
from researchclaw.kits import kit_names, kits_folder


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
