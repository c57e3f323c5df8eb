"""How well the catalogue is searched: `python benchmarks/retrieval.py [--json] [--each]`.

One query for each topic of the embedded records, in the words of a study's question; the works that bear the topic are the
relevant ones. Measured twice: on the index that a run uses, in which topic and tag words are text (optimistic, the label is part
of what is searched), and on one without topics and tags (titles and summaries only). P@10, recall@20 and @60 (what stage 4 asks
for), nDCG@10 with equal gains, MRR, all as means over the queries.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence

from researchclaw.adapters.catalogue import Catalogue, works
from stages.contracts import SearchQuery

QUERIES = {
    "transformers": "transformer language models",
    "optimisers": "adaptive gradient optimisers for neural networks",
    "learning-rate-schedules": "learning rate schedule warmup and decay",
    "initialisation": "weight initialisation of deep networks",
    "normalisation": "normalisation layers in deep networks",
    "activations": "activation functions",
    "attention": "efficient attention mechanisms",
    "position-encodings": "position encodings for transformers",
    "tokenisation": "tokenisation subword and byte-level models",
    "regularisation": "regularisation dropout and weight decay",
    "scaling-laws": "scaling laws for language models",
    "data": "training data selection and quality",
    "distillation": "knowledge distillation",
    "quantisation": "quantisation low-bit training and inference",
    "pruning": "pruning and sparse networks",
    "small-models": "small language models trained on little compute",
    "systems": "systems for distributed training",
    "evaluation": "evaluation and reproducibility benchmarks",
    "statistics": "statistical tests for comparing classifiers",
    "hyperparameter-search": "hyperparameter optimisation and neural architecture search",
    "research-agents": "agents that do research automatically",
    "robustness": "robustness and adversarial examples",
    "vision": "image classification with convolutional networks",
    "generative": "generative models diffusion and adversarial networks",
    "reinforcement-learning": "deep reinforcement learning",
    "graphs": "graph neural networks",
    "time-series": "time series forecasting",
    "numerical-optimisation": "numerical optimisation gradient methods",
    "biology": "protein structure and biology",
}


def metrics(found: Sequence[str], relevant: set[str]) -> dict[str, float]:
    """The five figures of one ranked list of keys."""
    hits = [key in relevant for key in found]
    ideal = sum(1 / math.log2(place + 2) for place in range(min(10, len(relevant))))
    return {
        "P@10": sum(hits[:10]) / 10,
        "recall@20": sum(hits[:20]) / len(relevant),
        "recall@60": sum(hits[:60]) / len(relevant),
        "nDCG@10": sum(hit / math.log2(place + 2) for place, hit in enumerate(hits[:10])) / ideal,
        "MRR": next((1 / (place + 1) for place, hit in enumerate(hits) if hit), 0.0),
    }


def measured(library: Catalogue) -> dict[str, dict[str, float]]:
    """Topic -> its figures."""
    rows = {}
    for topic, text in QUERIES.items():
        query = SearchQuery(id="q", text=text, about=(), sub_question="q", sources=("catalogue",))
        relevant = {work.key for work in works() if topic in work.topics}
        rows[topic] = metrics([work.key for work, _ in library.search(query, 60).works], relevant)
    return rows


def mean(rows: dict[str, dict[str, float]]) -> dict[str, float]:
    return {name: sum(row[name] for row in rows.values()) / len(rows) for name in next(iter(rows.values()))}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    parser.add_argument("--each", action="store_true", help="Print each topic as well.")
    given = parser.parse_args()

    unlabelled = [work.model_copy(update={"topics": (), "about": ()}) for work in works()]
    libraries = {"as searched": Catalogue(), "without labels": Catalogue(unlabelled)}
    rows = {name: measured(library) for name, library in libraries.items()}
    began = time.perf_counter()
    measured(libraries["as searched"])
    each_ms = 1000 * (time.perf_counter() - began) / len(QUERIES)
    if given.json:
        means = {name: mean(row) for name, row in rows.items()}
        print(json.dumps({"queries": len(QUERIES), "ms_per_query": each_ms, **means}, indent=1))
        return 0
    for name, row in rows.items():
        print(f"{name:<16} " + "  ".join(f"{metric} {value:.3f}" for metric, value in mean(row).items()))
        for topic, values in row.items() if given.each else ():
            print(f"  {topic:<24} " + "  ".join(f"{metric} {value:.3f}" for metric, value in values.items()))
    print(f"{len(QUERIES)} queries, {len(works())} works, {each_ms:.1f} ms a query")
    return 0


if __name__ == "__main__":
    sys.exit(main())
