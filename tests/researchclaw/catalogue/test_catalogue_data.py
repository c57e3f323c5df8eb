"""Checks of the embedded catalogue: records, gists and study-factor tags."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

CATALOGUE = Path(__file__).resolve().parents[3] / "researchclaw" / "catalogue"

FACTORS = (
    "optimizer learning_rate schedule warmup batch_size width depth activation normalisation "
    "position tying dropout label_smoothing weight_decay grad_clip initialisation ngram_tables "
    "context data_amount byte_level transformers language_models evaluation statistics "
    "reproducibility scaling compression short_budget systems research_agents generalisation "
    "tuning"
).split()

FIELDS = {
    "key",
    "title",
    "authors",
    "year",
    "venue",
    "type",
    "arxiv_id",
    "doi",
    "url",
    "topics",
    "check",
}


@pytest.fixture(scope="module")
def works():
    return json.loads((CATALOGUE / "works.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def gists():
    return yaml.safe_load((CATALOGUE / "gists.yaml").read_text(encoding="utf-8"))


def _texts(gists):
    return [(k, e[f]) for k, e in gists.items() for f in ("gist", "also") if f in e]


def test_records_are_complete_and_unique(works):
    keys = [w["key"] for w in works]
    assert len(keys) == 566
    assert len(set(keys)) == 566
    assert keys == sorted(keys)
    for w in works:
        assert set(w) - {"authors_truncated"} == FIELDS, w["key"]
        assert w["title"] and w["authors"] and w["topics"], w["key"]
        assert isinstance(w["year"], int) and 1900 <= w["year"] <= 2026, w["key"]


def test_one_record_per_line():
    lines = (CATALOGUE / "works.json").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "[" and lines[-1] == "]"
    assert len(lines) == 568
    for line in lines[1:-1]:
        assert isinstance(json.loads(line.rstrip(",")), dict)


def test_gist_file_has_no_repeated_key(gists):
    text = (CATALOGUE / "gists.yaml").read_text(encoding="utf-8")
    heads = re.findall(r"^([a-z0-9]\S*):$", text, flags=re.M)
    assert len(heads) == len(set(heads)) == len(gists)


def test_every_gist_belongs_to_a_work(works, gists):
    assert len(gists) >= 230
    assert set(gists) <= {w["key"] for w in works}


def test_gist_entries_have_the_agreed_shape(gists):
    for key, entry in gists.items():
        assert {"gist", "about"} <= set(entry) <= {"gist", "also", "about"}, key


def test_gist_texts_can_follow_an_author_name(gists):
    for key, text in _texts(gists):
        assert text == text.strip() and text.isascii(), key
        assert not re.search(r"\d", text), key
        assert text[0].islower(), key
        assert not text.endswith("."), key
        assert len(text.split()) <= 45, key
        assert not re.search(r"[\\$@\[\]{}\n]", text), key


def test_gist_texts_differ(gists):
    repeated = [t for t, n in Counter(t for _, t in _texts(gists)).items() if n > 1]
    assert repeated == []


def test_tags_come_from_the_closed_list(gists):
    for key, entry in gists.items():
        assert entry["about"], key
        assert len(set(entry["about"])) == len(entry["about"]), key
        assert set(entry["about"]) <= set(FACTORS), key


@pytest.mark.parametrize("factor", FACTORS)
def test_each_factor_has_enough_works(gists, factor):
    study = FACTORS.index(factor) <= FACTORS.index("data_amount")
    assert sum(factor in e["about"] for e in gists.values()) >= (8 if study else 6)
