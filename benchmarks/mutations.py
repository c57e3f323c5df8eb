"""How well changed references are told apart: `python benchmarks/mutations.py [--count N] [--seed S] [--json] [--wrong]`.

References are made from works of the embedded catalogue by a seeded generator: N harmless variants, as bibliographies write them
(initials, accents in LaTeX, another spelling, a short venue, the preprint's year …), and N false ones (another author, a wrong
year, a title that does not exist, two works mixed, somebody else's identifier …). Prints how many of the first were verified and
how many of the second passed. Exit code 1 when a harmless one was not verified or a false one passed.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Callable

from pylatexenc.latexencode import unicode_to_latex

from researchclaw.adapters.catalogue import works
from researchclaw.adapters.user_library import library_of
from stages.contracts import CitedWork, Work
from stages.h_finalization.references.identifiers import arxiv_year
from stages.h_finalization.references.reference import reference_of_fields

Fields = dict[str, str]
Change = Callable[[Work, random.Random], Fields | None]

SHORT_VENUES = {
    "Neural Information Processing Systems": ("NeurIPS", "NIPS", "Adv. Neural Inf. Process. Syst."),
    "International Conference on Learning Representations": ("ICLR", "Int. Conf. on Learning Representations"),
    "International Conference on Machine Learning": ("ICML", "Proc. ICML"),
    "Journal of Machine Learning Research": ("JMLR", "J. Mach. Learn. Res."),
    "Empirical Methods": ("EMNLP",),
    "Computer Vision and Pattern Recognition": ("CVPR", "Proc. IEEE CVPR"),
}
OTHER_VENUES = ("Journal of Fluid Mechanics", "SIGGRAPH", "The Lancet", "International Conference on Robotics and Automation")
BRITISH = (("ization", "isation"), ("izing", "ising"), ("imizer", "imiser"), ("avior", "aviour"), ("eling", "elling"))
FRONTS = ("Robust", "Adaptive", "Revisiting", "Provably Efficient", "Towards Scalable")
ENDS = ("via Gated Consensus", "with Rhythmic Priors", "under Ferromagnetic Noise", "for Notarised Agents")


def plain(work: Work) -> Fields:
    """The record as a BibTeX entry."""
    fields = {"title": work.title, "author": " and ".join((*work.authors, *(["others"] if work.authors_truncated else [])))}
    fields |= {"year": str(work.year), "booktitle" if work.type == "conference" else "journal": work.venue}
    if work.doi:
        fields["doi"] = work.doi
    if work.arxiv_id:
        fields |= {"eprint": work.arxiv_id, "archiveprefix": "arXiv"}
    return fields


def _named(work: Work) -> list[list[str]] | None:
    """The authors' names as words, where all are persons with a given name."""
    names = [name.split() for name in work.authors]
    return names if all(len(name) >= 2 for name in names) and not work.groups else None


def _without_ids(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if name not in {"doi", "eprint", "archiveprefix"}}


# ---------------------------------------------------------------- what bibliographies do


def initials(work: Work, _: random.Random) -> Fields | None:
    if (names := _named(work)) is None or any(len(name) != 2 for name in names):
        return None
    others = ["others"] if work.authors_truncated else []
    return plain(work) | {"author": " and ".join([f"{name[1]}, {name[0][0]}." for name in names] + others)}


def family_first(work: Work, _: random.Random) -> Fields | None:
    if (names := _named(work)) is None or any(len(name) != 2 for name in names):
        return None
    others = ["others"] if work.authors_truncated else []
    return plain(work) | {"author": " and ".join([f"{name[1]}, {name[0]}" for name in names] + others)}


def cut_list(work: Work, rng: random.Random) -> Fields | None:
    if len(work.authors) < 3:
        return None
    kept = rng.randint(1, min(5, len(work.authors) - 1))
    ending = rng.choice((" and others", " et al.", " and et al."))
    return plain(work) | {"author": " and ".join(work.authors[:kept]) + ending}


def latex_accents(work: Work, _: random.Random) -> Fields | None:
    fields = plain(work)
    if fields["author"].isascii() and fields["title"].isascii():
        return None
    return fields | {name: unicode_to_latex(fields[name], non_ascii_only=True) for name in ("author", "title")}


def no_accents(work: Work, _: random.Random) -> Fields | None:
    import unicodedata

    fields = plain(work)
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", fields["author"]) if not unicodedata.combining(sign))
    return None if bare == fields["author"] or not bare.isascii() else fields | {"author": bare}


def subtitle_dropped(work: Work, _: random.Random) -> Fields | None:
    front, colon, _rest = work.title.partition(": ")
    return plain(work) | {"title": front} if colon and len(front.split()) >= 2 else None


def lower_case(work: Work, _: random.Random) -> Fields | None:
    return plain(work) | {"title": work.title.capitalize()}


def protected(work: Work, _: random.Random) -> Fields | None:
    capitals = re.sub(r"([A-Z]+)", r"{\1}", work.title)
    return plain(work) | {"title": f"{{{capitals}}}."}


def hyphens(work: Work, _: random.Random) -> Fields | None:
    return plain(work) | {"title": work.title.replace("-", " ")} if "-" in work.title else None


def british(work: Work, _: random.Random) -> Fields | None:
    title = work.title
    for american, other in BRITISH:
        title = title.replace(american, other)
    return None if title == work.title else plain(work) | {"title": title}


def short_venue(work: Work, rng: random.Random) -> Fields | None:
    found = next((short for words, short in SHORT_VENUES.items() if words in work.venue and "Workshop" not in work.venue), None)
    place = "booktitle" if work.type == "conference" else "journal"
    return plain(work) | {place: rng.choice(found)} if found else None


def numbered_venue(work: Work, rng: random.Random) -> Fields | None:
    if work.type != "conference":
        return None
    nth = f"{rng.randint(4, 40)}th "
    return plain(work) | {"booktitle": rng.choice((f"Proceedings of the {nth}{work.venue}", f"{work.venue} {work.year}"))}


def preprint(work: Work, _: random.Random) -> Fields | None:
    if not work.arxiv_id or (year := arxiv_year(work.arxiv_id)) is None:
        return None
    fields = {"title": work.title, "author": plain(work)["author"], "year": str(year)}
    return fields | {"journal": f"arXiv preprint arXiv:{work.arxiv_id}"}


def id_forms(work: Work, rng: random.Random) -> Fields | None:
    fields = plain(work)
    if work.arxiv_id:
        forms = (f"{work.arxiv_id}v3", f"https://arxiv.org/abs/{work.arxiv_id}v1", f"arXiv:{work.arxiv_id}")
        return fields | {"eprint": rng.choice(forms)}
    if work.doi:
        return fields | {
            "doi": rng.choice((f"https://doi.org/{work.doi.upper()}", f"doi:{work.doi}", f"http://dx.doi.org/{work.doi}"))
        }
    return None


def bare(work: Work, _: random.Random) -> Fields | None:
    return {name: value for name, value in plain(work).items() if name in {"title", "author", "year"}}


# ---------------------------------------------------------------- what makes a reference false


def wrong_year(work: Work, rng: random.Random) -> Fields | None:
    years = {work.year, *work.other_years} | ({year} if work.arxiv_id and (year := arxiv_year(work.arxiv_id)) else set())
    wrong = rng.choice((max(years) + 2, max(years) + 5, min(years) - 2, min(years) - 6))
    return plain(work) | {"year": str(wrong)}


def swapped_authors(work: Work, rng: random.Random) -> Fields | None:
    families = [name.split()[-1] for name in work.authors]
    if not 2 <= len(families) <= 12 or len(set(families)) < len(families) or (len(families) >= 5 and families == sorted(families)):
        return None
    names = list(work.authors)
    other = rng.randrange(1, len(names))
    names[0], names[other] = names[other], names[0]
    return plain(work) | {"author": " and ".join(names)}


def dropped_author(work: Work, rng: random.Random) -> Fields | None:
    if not len(work.authors) >= 2 or work.authors_truncated:
        return None
    gone = rng.randrange(len(work.authors))
    return plain(work) | {"author": " and ".join(name for place, name in enumerate(work.authors) if place != gone)}


def added_author(work: Work, rng: random.Random) -> Fields | None:
    stranger = rng.choice(works()).authors[0]
    if work.authors_truncated or stranger.split()[-1] in " ".join(work.authors):
        return None
    return plain(work) | {"author": " and ".join((*work.authors, stranger))}


def one_author_changed(work: Work, rng: random.Random) -> Fields | None:
    stranger = rng.choice(works()).authors[0]
    if stranger.split()[-1] in " ".join(work.authors):
        return None
    names = list(work.authors)
    names[rng.randrange(len(names))] = stranger
    return plain(work) | {"author": " and ".join(names)}


def others_authors(work: Work, rng: random.Random) -> Fields | None:
    other = rng.choice(works())
    if {name.split()[-1] for name in other.authors} & {name.split()[-1] for name in work.authors}:
        return None
    return plain(work) | {"author": " and ".join(other.authors)}


def invented_title(work: Work, rng: random.Random) -> Fields | None:
    title = f"{rng.choice(FRONTS)} {work.title.partition(': ')[0]} {rng.choice(ENDS)}"
    return (plain(work) if rng.random() < 0.5 else _without_ids(plain(work))) | {"title": title}


def changed_word(work: Work, rng: random.Random) -> Fields | None:
    words = work.title.split()
    places = [place for place, word in enumerate(words) if len(word) >= 5 and word.isalpha()]
    if len(words) < 4 or not places:
        return None
    words[rng.choice(places)] = rng.choice(("Entropic", "Prosodic", "Lattice", "Harmonic", "Sparse"))
    return (plain(work) if rng.random() < 0.5 else _without_ids(plain(work))) | {"title": " ".join(words)}


def chimera(work: Work, rng: random.Random) -> Fields | None:
    other = rng.choice(works())
    front, back = work.title.partition(": ")[0], other.title.rpartition(": ")[2]
    if other.key == work.key or front == work.title or back == other.title:
        return None
    return {"title": f"{front}: {back}", "author": " and ".join((*work.authors[:2], *other.authors[:2])), "year": str(work.year)}


def wrong_venue(work: Work, rng: random.Random) -> Fields | None:
    if work.type == "preprint":
        return None
    return _without_ids(plain(work)) | {"booktitle" if work.type == "conference" else "journal": rng.choice(OTHER_VENUES)}


def somebodys_doi(work: Work, rng: random.Random) -> Fields | None:
    other = rng.choice([one for one in works() if one.doi and one.key != work.key])
    return _without_ids(plain(work)) | {"doi": other.doi or ""}


def near_number(work: Work, rng: random.Random) -> Fields | None:
    if not work.arxiv_id or not re.fullmatch(r"\d{4}\.\d{5}", work.arxiv_id):
        return None
    last = int(work.arxiv_id[-1])
    return plain(work) | {"eprint": work.arxiv_id[:-1] + str((last + rng.choice((1, 9))) % 10)}


def impossible_number(work: Work, rng: random.Random) -> Fields | None:
    return _without_ids(plain(work)) | {
        "eprint": rng.choice(("2313.04567", "2400.01234", "1508.0799", "2306.XXXXX")),
        "archiveprefix": "arXiv",
    }


def placeholder(work: Work, rng: random.Random) -> Fields | None:
    return plain(work) | {
        "author": rng.choice(("Firstname Lastname and Others", "John Doe and Jane Doe", "Author One and Author Two"))
    }


HARMLESS: tuple[Change, ...] = (
    initials, family_first, cut_list, latex_accents, no_accents, subtitle_dropped, lower_case, protected, hyphens, british,
    short_venue, numbered_venue, preprint, id_forms, bare,
)  # fmt: skip
FALSE: tuple[Change, ...] = (
    wrong_year, swapped_authors, dropped_author, added_author, one_author_changed, others_authors, invented_title, changed_word,
    chimera, wrong_venue, somebodys_doi, near_number, impossible_number, placeholder,
)  # fmt: skip


def made(changes: tuple[Change, ...], count: int, rng: random.Random) -> list[tuple[str, Work, Fields]]:
    """As many references as asked for, the kinds in turn; a work to which a change does not apply is passed over."""
    found: list[tuple[str, Work, Fields]] = []
    while len(found) < count:
        change, work = changes[len(found) % len(changes)], rng.choice(works())
        if (fields := change(work, rng)) is not None:
            found.append((change.__name__, work, fields))
    return found


def verdicts(cases: list[tuple[str, Work, Fields]]) -> list[CitedWork]:
    return list(library_of().check([reference_of_fields(f"m{n}", fields) for n, (_, _, fields) in enumerate(cases)]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    parser.add_argument("--wrong", action="store_true", help="List what went wrong.")
    given = parser.parse_args()

    rng = random.Random(given.seed)
    figures: dict[str, int] = {}
    wrong = []
    kinds: Counter[tuple[str, str, str]] = Counter()
    for label, changes in (("harmless", HARMLESS), ("false", FALSE)):
        cases = made(changes, given.count, rng)
        judged = verdicts(cases)
        kinds.update((label, kind, cited.verdict) for (kind, _, _), cited in zip(cases, judged, strict=True))
        passed = sum(cited.verdict == "verified" for cited in judged)
        figures |= {label: len(cases), f"{label}_verified": passed}
        wrong += [
            (label, *case, cited)
            for case, cited in zip(cases, judged, strict=True)
            if (cited.verdict == "verified") != (label == "harmless")
        ]
    if given.json:
        print(json.dumps(figures, indent=1))
    else:
        for (label, kind, verdict), number in sorted(kinds.items()):
            print(f"{label:<9} {kind:<20} {verdict:<12} {number}")
        for label, kind, work, fields, cited in wrong if given.wrong else ():
            print(f"WRONG {label} {kind} {work.key}: {cited.verdict}: {'; '.join(cited.evidence)}\n      {fields}")
        print(f"harmless verified: {figures['harmless_verified']} of {figures['harmless']}")
        print(f"false passed: {figures['false_verified']} of {figures['false']}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
