import pytest

from researchclaw.loop.metric_text import NoMetricError, metric_in


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("hello\n3.5\n", 3.5),
        ("METRIC ms=12.5\nbye 7\n", 12.5),
        ("METRIC other=1\nMETRIC ms = 2e-3\n", 0.002),
        ('{"ms": 4, "other": 5}\n', 4.0),
        ("-7", -7.0),
    ],
)
def test_the_three_forms_are_read(printed: str, value: float) -> None:
    assert metric_in(printed, "ms") == value


@pytest.mark.parametrize(
    ("printed", "why"),
    [
        ("", "printed nothing"),
        ("all good\n", "no finite decimal number"),
        ("nan\n", "no finite decimal number"),
        ("METRIC ms=inf\n", "no finite decimal number"),
        ("METRIC ms=1e999\n", "no finite decimal number"),
        ("METRIC ms=٣\n", "no finite decimal number"),
        ("METRIC ms=0.1\nMETRIC ms=9\n", "stands 2 times"),
        ("METRIC ms=9\n" + "x" * 70_000 + "\nMETRIC ms=-5\n", "stands 2 times"),
        ("METRIC bytes=1\nMETRIC size=2\n", "no METRIC line names 'ms'"),
        ('{"a": 1, "b": 2}', "has no number 'ms'"),
        ('{"ms": true}', "has no number 'ms'"),
        ("{" * 5000, "begins like JSON"),
        ('{"ms": NaN}', "no finite decimal number"),
        ("METRIC ms=1.7e308", "beyond 1e\\+100"),
        ('{"ms": 1' + "0" * 5000 + "}", "begins like JSON"),
    ],
)
def test_what_is_ambiguous_or_no_number_is_refused(printed: str, why: str) -> None:
    with pytest.raises(NoMetricError, match=why):
        metric_in(printed, "ms")


def test_a_long_line_costs_no_time() -> None:
    with pytest.raises(NoMetricError):
        metric_in("x: 9" + "9" * 3_000_000, "ms")


def test_what_a_refusal_repeats_of_the_output_is_one_plain_line() -> None:
    """A name in JSON may hold half a character or an escape; neither may reach a log or a terminal."""
    with pytest.raises(NoMetricError) as refused:
        metric_in('{"\\ud800": 1, "\\u001b[2J\\nforged": 2}', "ms")
    assert str(refused.value).isprintable()
