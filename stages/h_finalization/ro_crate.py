"""ro-crate-metadata.json: the delivered folder described for machines, after RO-Crate 1.1 (https://w3id.org/ro/crate/1.1).

Only what the record holds is said: files with size, type and SHA-256, the paper's title and references, and an action for each
training run with its code, its seed and its files. No licence is claimed; that is the authors' to choose.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from urllib.parse import quote

from pydantic import BaseModel, Field, JsonValue, TypeAdapter

from stages.contracts import RunRecord, Work
from stages.h_finalization.manifest import MANIFEST, delivered

METADATA = "ro-crate-metadata.json"
_SPECIFICATION = "https://w3id.org/ro/crate/1.1"
_TYPES = {
    ".bib": "application/x-bibtex",
    ".diff": "text/x-diff",
    ".html": "text/html",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".log": "text/plain",
    ".md": "text/markdown",
    ".npz": "application/zip",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".py": "text/x-python",
    ".sty": "application/x-tex",
    ".tex": "application/x-tex",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
}
"""Media types by the end of a file's name; others are left unsaid."""

Entity = dict[str, JsonValue]


class _Crate(BaseModel):
    graph: list[Entity] = Field(alias="@graph")


_GRAPH = TypeAdapter(_Crate)
_AFTERWARDS = (METADATA, MANIFEST, "verification_report.json")
"""Files about the whole folder, which are written when it is described."""


def ro_crate(
    files: Mapping[str, bytes], *, title: str, authors: Sequence[str], date: str, works: Sequence[Work], runs: Sequence[RunRecord]
) -> bytes:
    """The metadata of the folder that holds `files`; the same files give the same bytes.

    authors: as they are printed. date: ISO, when the study began. works: the cited ones. runs: those whose files are delivered.
    """
    people: list[Entity] = [{"@id": f"#author-{n}", "@type": "Person", "name": name} for n, name in enumerate(authors, 1)]
    listed = list(_files(files))
    actions = list(_actions(files, runs))
    cited: list[Entity] = [{"@id": _address(work), "@type": "ScholarlyArticle", "name": work.title} for work in works]
    root: Entity = {
        "@id": "./",
        "@type": "Dataset",
        "name": title,
        "description": "A research paper with the code, the training runs and the record that its numbers and citations rest on.",
        "datePublished": date,
        "license": "No licence was chosen; ask the authors.",
        "author": [_to(person) for person in people],
        "hasPart": [_to(entity) for entity in listed],
        "mainEntity": {"@id": "paper.pdf"},
        "mentions": [_to(action) for action in actions],
        "citation": [_to(work) for work in cited],
    }
    descriptor: Entity = {
        "@id": METADATA,
        "@type": "CreativeWork",
        "conformsTo": {"@id": _SPECIFICATION},
        "about": {"@id": "./"},
    }
    graph = [descriptor, root, *people, *listed, *actions, *cited]
    text = json.dumps({"@context": f"{_SPECIFICATION}/context", "@graph": graph}, indent=1, ensure_ascii=False)
    return f"{text}\n".encode()


def undescribed(content: bytes, files: Mapping[str, bytes]) -> Iterator[str]:
    """Where the description and the folder differ: full sentences.

    Raises:
        ValidationError: the content is no JSON with a graph of entities.
    """
    described = {str(entity.get("@id")): entity for entity in _GRAPH.validate_json(content).graph if entity.get("@type") == "File"}
    present = {str(entity["@id"]): entity for entity in _files(files)}
    for path in sorted(described.keys() ^ present.keys()):
        yield f"{path} is {'described but missing' if path in described else 'not described'}"
    yield from (f"{path} is described wrongly" for path in sorted(described.keys() & present) if described[path] != present[path])


def _files(files: Mapping[str, bytes]) -> Iterator[Entity]:
    for file in delivered(files):
        if file.path in _AFTERWARDS:
            continue
        entity: Entity = {
            "@id": file.path,
            "@type": "File",
            "name": PurePosixPath(file.path).name,
            "contentSize": str(file.bytes),
            "sha256": file.sha256,
        }
        if (kind := _TYPES.get(PurePosixPath(file.path).suffix)) is not None:
            entity["encodingFormat"] = kind
        yield entity


def _actions(files: Mapping[str, bytes], runs: Sequence[RunRecord]) -> Iterator[Entity]:
    """A training run each: what was run, on which seed, and what it left."""
    for run in runs:
        left = sorted(path for path in files if path.startswith(f"{run.folder}/"))
        yield {
            "@id": f"#run-{run.request_sha256[:16]}",
            "@type": "CreateAction",
            "name": f"{run.condition}, seed {run.seed} ({run.purpose}: {run.verdict})",
            "instrument": {"@id": f"code/{run.condition}/train.py"},
            "result": [{"@id": path} for path in left],
        }


def _address(work: Work) -> str:
    if work.doi:
        return f"https://doi.org/{quote(work.doi)}"
    if work.arxiv_id:
        return f"https://arxiv.org/abs/{quote(work.arxiv_id)}"
    return f"#{work.key}"


def _to(entity: Entity) -> Entity:
    return {"@id": entity["@id"]}
