"""Small answers of each source, written by hand after their documentation."""

from __future__ import annotations

import json
from typing import Any


def openalex_work(number: int = 1, title: str = "Warm-up of <i>learning</i> rates", **changes: Any) -> dict[str, Any]:
    return {
        "id": f"https://openalex.org/W{number}",
        "doi": f"https://doi.org/10.1000/W.{number}",
        "title": title,
        "publication_year": 2021,
        "type": "article",
        "primary_location": {
            "landing_page_url": "https://example.org",
            "source": {"display_name": "Journal of Steps", "type": "journal"},
        },
        "locations": [{"landing_page_url": f"http://arxiv.org/abs/2101.{number:05}v2", "source": {"display_name": "arXiv"}}],
        "authorships": [{"author": {"display_name": "Ada van der Berg"}}, {"author": {"display_name": "Open Step Collaboration"}}],
        "is_retracted": False,
        "abstract_inverted_index": {"Steps": [0], "grow.": [1]},
        **changes,
    }


def openalex_page(*works: dict[str, Any]) -> bytes:
    return json.dumps({"meta": {"count": len(works)}, "results": list(works)}).encode()


def scholar_paper(number: int = 1, title: str = "Warm-up of learning rates", **changes: Any) -> dict[str, Any]:
    return {
        "paperId": f"{number:040x}",
        "externalIds": {"ArXiv": f"2101.{number:05}", "DOI": f"10.48550/arXiv.2101.{number:05}"},
        "title": title,
        "venue": "arXiv.org",
        "year": 2021,
        "authors": [{"name": "A. V. D. Berg"}],
        "abstract": "Steps grow, then they shrink.",
        "publicationTypes": ["JournalArticle"],
        **changes,
    }


def scholar_page(*papers: dict[str, Any]) -> bytes:
    return json.dumps({"total": len(papers), "offset": 0, "data": list(papers)}).encode()


def arxiv_feed(*numbers: int, title: str = "Warm-up of\n  learning $\\alpha$-rates") -> bytes:
    entries = "".join(
        f"<entry><id>http://arxiv.org/abs/2101.{number:05}v3</id><title>{title}</title><published>2021-01-05T00:00:00Z</published>"
        f"<updated>2022-02-01T00:00:00Z</updated><summary>Steps grow.</summary><author><name>Ada van der Berg</name></author></entry>"
        for number in numbers
    )
    return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'.encode()


def crossref_work(**changes: Any) -> bytes:
    record = {
        "DOI": "10.1000/W.1",
        "type": "journal-article",
        "title": ["Warm-up of learning\n rates"],
        "subtitle": ["A study of F&lt;sub&gt;1&lt;/sub&gt;"],
        "author": [{"given": "Ada", "family": "van der Berg"}, {"name": "Open Step Collaboration"}],
        "issued": {"date-parts": [[None]]},
        "published": {"date-parts": [[2021, 3]]},
        "published-print": {"date-parts": [[2022]]},
        "container-title": ["Journal of Steps"],
        "updated-by": [{"type": "retraction", "DOI": "10.1000/r"}],
        **changes,
    }
    return json.dumps({"status": "ok", "message": record}).encode()


def datacite_doi(**changes: Any) -> bytes:
    given = {
        "doi": "10.48550/arXiv.2101.00001",
        "titles": [{"title": "Warm-up of learning rates"}],
        "creators": [{"name": "van der Berg, Ada", "nameType": "Personal"}, {"name": "Open Step Data", "nameType": "Organizational"}],
        "publicationYear": 2021,
        "publisher": {"name": "arXiv"},
        "types": {"resourceTypeGeneral": "Preprint"},
        **changes,
    }
    return json.dumps({"data": {"id": "1", "type": "dois", "attributes": given}}).encode()
