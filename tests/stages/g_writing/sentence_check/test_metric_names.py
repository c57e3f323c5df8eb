"""Which phrases name a metric: abbreviations with digits and signs, rates, percentiles, complements."""

import pytest
from pydantic import JsonValue

from stages.g_writing.sentence_check.metric_names import is_complement, metrics_in, split_of
from stages.g_writing.sentence_check.study import MetricFacts, Scores, Study

SCORES = Scores(seeds={"0": 0.5}, n=1, mean=0.5, std=None, min=0.5, max=0.5, median=0.5)


def named(text: str, metrics: dict[str, str], **config: JsonValue) -> list[tuple[str, str]]:
    facts = {name: MetricFacts(unit=unit, direction="min" if unit == "nats" else "max") for name, unit in metrics.items()}
    conditions = {"a": dict.fromkeys(metrics, SCORES)}
    study = Study(metrics=facts, conditions=conditions, comparisons={}, config=dict(config))
    return [(mention.name, text[mention.start : mention.end]) for mention in metrics_in(text, study)]


@pytest.mark.parametrize(
    ("text", "metric", "unit", "said"),
    [
        ("a reaches an HR@10 of 0.8", "test_hit_rate", "fraction", "HR@10"),
        ("a reaches an NDCG@10 of 0.5", "test_ndcg", "fraction", "NDCG@10"),
        ("the mean reciprocal rank at 10 is 0.3", "mrr_at_10", "fraction", "mean reciprocal rank at 10"),
        ("its 95th-percentile latency is 4 ms", "p95_latency_ms", "ms", "95th-percentile latency"),
        ("the query throughput is 61", "queries_per_s", "queries/s", "query throughput"),
        ("52k characters per second", "chars_per_s", "chars/s", "characters per second"),
        ("the on-time rate is 0.7", "on_time_rate", "fraction", "on-time rate"),
        ("the negative log-likelihood is 1.2", "val_nll", "nats", "negative log-likelihood"),
        ("a validation loss of 1.2", "val_nll", "nats", "loss"),
        ("a perplexity of 3.3", "val_nll", "nats", "perplexity"),
        ("a macro-averaged F1 of 0.7", "f1_macro", "fraction", "macro-averaged F1"),
    ],
)
def test_metrics_are_named_as_papers_name_them(text: str, metric: str, unit: str, said: str) -> None:
    assert named(text, {metric: unit}, top_k=10) == [(metric, said)]


def test_another_cutoff_is_not_part_of_the_name() -> None:
    assert named("an NDCG@5 of 0.5", {"ndcg": "fraction"}, top_k=10) == [("ndcg", "NDCG")]
    assert named("an MRR@100 of 0.5", {"mrr_at_10": "fraction"}) == []


def test_one_minus_a_metric_is_its_complement() -> None:
    assert is_complement("error rate", "test_accuracy")
    assert is_complement("miss rate", "hit_rate")
    assert is_complement("one minus HR@10", "hit_rate")
    assert not is_complement("error", "mean_squared_error")
    assert named("the miss rate (one minus HR@10) is 0.2", {"hit_rate": "fraction"}, top_k=10) == [
        ("hit_rate", "miss rate (one minus HR@10)")
    ]


def test_the_id_says_the_split() -> None:
    assert [split_of(metric) for metric in ("dev_ppl", "test_nll", "train_loss", "bleu")] == ["val", "test", "train", None]
