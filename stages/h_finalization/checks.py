"""Every check of a deliverables folder that needs nothing but the folder; stage 23 and `researchclaw audit` share them.

Each check finds its faults without the manifest: the text is written again from the manuscript and the results, the results are
computed again from the measurements, the references are written again from the confirmed works. The manifest is one more check.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping

from pydantic import JsonValue, TypeAdapter, ValidationError

from stages.contracts import Check, ExperimentPlan, KnowledgeCard, Manuscript, Results, Work
from stages.errors import ManuscriptRefused, ResearchError
from stages.f_analysis.results import dump_results, load_results
from stages.g_writing.claims import claims_table
from stages.g_writing.document import Document, Figure, blocks, cited_keys
from stages.g_writing.markdown import parse
from stages.g_writing.values import at_pointer, holds
from stages.h_finalization.decimals import code_decimals, decimals_in, printed_decimals
from stages.h_finalization.manifest import check_manifest
from stages.h_finalization.quality_gate import manuscript_sha256
from stages.h_finalization.recomputed import INDEX, RUNS, departures, disagreements, measurements
from stages.h_finalization.rendering import Edition, Rendered, provenance_json, read_provenance, render
from stages.h_finalization.reports import ReviewRecord, reviews_markdown
from stages.h_finalization.ro_crate import METADATA, undescribed
from stages.h_finalization.tex_characters import escape
from stages.h_finalization.tex_content import first_difference

MANUSCRIPT, WORKS, EDITION, PLAN = "record/manuscript.json", "record/works.json", "record/edition.json", "record/plan.json"
CARDS = "record/cards.json"
CARD_LIST = TypeAdapter(tuple[KnowledgeCard, ...])
WORK_LIST = TypeAdapter(tuple[Work, ...])

Files = Mapping[str, bytes]
Faults = Iterator[str]


def verify_files(files: Files, *, not_yet: Collection[str] = ()) -> tuple[Check, ...]:
    """All checks, in the order in which a reader trusts them; a check that fails says what is false.

    not_yet: files that the manifest may list although they are still to be written.
    """
    return (
        *check_manifest(files, not_yet=not_yet),
        _checked("text frozen at the gate", "the manuscript is the one that passed the quality gate", lambda: _frozen(files)),
        _checked("results from measurements", "every aggregate comes out again from experiment_runs/", lambda: _results(files)),
        _checked("registered plan", "the results hold what was planned before the first run, all of it", lambda: _plan(files)),
        _checked("values", "every entry of provenance.json holds", lambda: _provenance(files)),
        _checked("decimals", "every decimal of paper.tex is in provenance.json", lambda: _decimals(files)),
        _checked("text", "paper.tex and paper_draft.md come out again from the manuscript and the results", lambda: _text(files)),
        _checked("agreement", "paper.tex, paper_draft.md and references.bib agree", lambda: _agreement(files)),
        _checked("references", "references.bib comes out again from the confirmed works", lambda: _references(files)),
        _checked("claims", "every comparing sentence says what results.json says", lambda: _claims(files)),
        _checked("figures", "every number drawn is in results.json", lambda: _figures(files)),
        _checked("code", "the delivered code is the code that ran", lambda: _code(files)),
        _checked("metadata", f"{METADATA} describes the files that are there", lambda: _metadata(files)),
        _checked("reviews", "reviews.md says what reviews.json says", lambda: _reviews(files)),
    )


def _checked(name: str, fine: str, look: Callable[[], Faults]) -> Check:
    """A check from its faults; what cannot be read is a fault as well."""
    try:
        faults = list(look())
    except KeyError as error:
        faults = [f"there is no {error.args[0]}"]
    except ValidationError as error:
        faults = [f"{error.title} is not what it should be: {error.errors()[0]['msg']} at {error.errors()[0]['loc']}"]
    except (ResearchError, json.JSONDecodeError, UnicodeDecodeError) as error:
        faults = [str(error)]
    return Check(name=name, passed=not faults, detail="; ".join(faults) if faults else fine)


def read_manuscript(files: Files) -> Manuscript:
    return Manuscript.model_validate_json(files[MANUSCRIPT])


def read_results(files: Files) -> Results:
    return load_results(files["results.json"].decode())


def read_works(files: Files) -> tuple[Work, ...]:
    return WORK_LIST.validate_json(files[WORKS])


def read_cards(files: Files) -> tuple[KnowledgeCard, ...]:
    return CARD_LIST.validate_json(files[CARDS])


def read_document(files: Files) -> Document:
    manuscript = read_manuscript(files)
    return parse(manuscript.markdown, manuscript.authors)


def _rendered(files: Files) -> Rendered:
    edition = Edition.model_validate_json(files[EDITION])
    return render(read_manuscript(files), read_results(files), read_works(files), edition)


def _frozen(files: Files) -> Faults:
    record = ReviewRecord.model_validate_json(files["reviews.json"])
    if not record.quality.passed:
        yield "the manuscript did not pass the quality gate"
    if record.quality.manuscript_sha256 != manuscript_sha256(read_manuscript(files)):
        yield f"{MANUSCRIPT} is not the text that passed the quality gate"


def _results(files: Files) -> Faults:
    results = read_results(files)
    if dump_results(results).encode() != files["results.json"]:
        yield "results.json is not in the form in which it was written"
    yield from (f"results.json: {fault}" for fault in disagreements(results, measurements(files)))


def _plan(files: Files) -> Faults:
    plan = ExperimentPlan.model_validate_json(files[PLAN])
    yield from departures(read_results(files), plan, measurements(files))


def _provenance(files: Files) -> Faults:
    record: JsonValue = json.loads(files["results.json"])
    entries = read_provenance(files["provenance.json"])
    for entry in entries:
        try:
            if not holds(entry, record):
                given = at_pointer(record, entry.path)
                yield f"{entry.place}: {entry.text!r} is not what results.json gives at {entry.path} ({given!r})"
        except ManuscriptRefused as error:
            yield f"{entry.place}: {entry.text!r}: {error}"
    if provenance_json(_rendered(files).provenance).encode() != files["provenance.json"]:
        yield "provenance.json does not list the values that the manuscript prints"


def _decimals(files: Files) -> Faults:
    yield from untraced(
        files["paper.tex"].decode(),
        (entry.text for entry in read_provenance(files["provenance.json"])),
        (files[name].decode() for name in (PLAN, "results.json", "reproduce.md")),
    )


def untraced(tex: str, printed: Iterator[str], settings: Iterator[str]) -> Faults:
    """Decimals of the paper that no printed value holds, and decimals in its code that no setting or command holds."""
    known = decimals_in(printed)
    for decimal in dict.fromkeys(printed_decimals(tex)):
        if decimal not in known:
            yield f"paper.tex prints {decimal}, which is in no entry of provenance.json"
    known |= decimals_in(settings)
    for decimal in dict.fromkeys(code_decimals(tex)):
        if decimal not in known:
            yield f"paper.tex prints {decimal} as code, which is no setting, result or command of the study"


def _text(files: Files) -> Faults:
    """What the two texts say, not how wide their columns are: a later version of the program may set them otherwise."""
    rendered = _rendered(files)
    if difference := first_difference(files["paper.tex"].decode(), rendered.tex):
        yield f"paper.tex differs from the record: {difference}"
    draft = files["paper_draft.md"].decode()
    if draft != rendered.draft:
        yield f"paper_draft.md differs from the record {_first_difference(draft, rendered.draft)}"
    edition = Edition.model_validate_json(files[EDITION])
    if files[edition.template.style_file].decode() != edition.template.style:
        yield f"{edition.template.style_file} is not the style that the paper was set with"
    for file in edition.official.files if edition.official else ():
        if files[file.name].decode() != file.text:
            yield f"{file.name} is not the venue's style that the paper was set with"


def _first_difference(found: str, again: str) -> str:
    for number, (one, other) in enumerate(zip(found.splitlines(), again.splitlines(), strict=False), 1):
        if one != other:
            start = next(
                (place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other))
            )
            left = max(0, start - 30)
            return f"in line {number}: it says {one[left : start + 30]!r}, the record gives {other[left : start + 30]!r}"
    return f"in length: {len(found.splitlines())} lines, the record gives {len(again.splitlines())}"


def _metadata(files: Files) -> Faults:
    yield from undescribed(files[METADATA], files)


def _agreement(files: Files) -> Faults:
    """Title, section titles and citation keys of the three texts, read from each on its own."""
    tex, draft, bib = (files[name].decode() for name in ("paper.tex", "paper_draft.md", "references.bib"))
    document = read_document(files)
    if f"title{{{escape(document.title)}}}" not in tex:  # \title, or \icmltitle of the venue's own style
        yield "paper.tex has another title than the manuscript"
    if not draft.startswith("# ") or escape(document.title) != escape(_unescaped(draft.splitlines()[0][2:])):
        yield "paper_draft.md has another title than the manuscript"
    in_tex = re.findall(r"\\label\{(sec:[a-z0-9_-]+)\}", tex)
    in_draft = re.findall(r"^#{2,4} .*\{#(sec:[a-z0-9_-]+)(?: \.appendix)?\}$", draft, re.MULTILINE)
    if sorted(in_tex) != sorted(in_draft):
        yield f"sections differ between paper.tex and paper_draft.md: {sorted(set(in_tex) ^ set(in_draft))}"
    tex_keys = {key for group in re.findall(r"\\cite[pt]\{([^}]*)\}", tex) for key in group.split(",")}
    bib_keys = set(re.findall(r"^@[a-z]+\{([^,\s]+),", bib, re.MULTILINE))
    for key in sorted(tex_keys - bib_keys):
        yield f"paper.tex cites {key}, which references.bib lacks"
    for key in sorted(bib_keys - tex_keys):
        yield f"references.bib holds {key}, which paper.tex does not cite"
    for key in sorted(tex_keys ^ set(cited_keys(document))):
        yield f"{key} is cited in only one of paper.tex and the manuscript"


def _unescaped(text: str) -> str:
    return re.sub(r"\\([^A-Za-z0-9\s])", r"\1", text)


def _references(files: Files) -> Faults:
    works = read_works(files)
    for work in works:
        if not work.confirmed_by:
            yield f"{work.key} is confirmed by no source"
    found, again = files["references.bib"].decode(), _rendered(files).bib
    if found != again:
        yield f"references.bib differs from the confirmed works {_first_difference(found, again)}"


def _claims(files: Files) -> Faults:
    called = Edition.model_validate_json(files[EDITION]).called
    for claim in claims_table(read_document(files), read_results(files), called):
        if claim.verdict != "supported":
            yield f"{claim.place}: {claim.verdict}: {claim.sentence!r} ({claim.reason})"


def _figures(files: Files) -> Faults:
    """The files of each figure, and each number that was drawn against results.json; derived numbers need an existing source."""
    record: JsonValue = json.loads(files["results.json"])
    for _, block in blocks(read_document(files)):
        if not isinstance(block, Figure):
            continue
        stem = block.path.rpartition(".")[0]
        for ending in ("pdf", "png"):
            if not files.get(f"{stem}.{ending}"):
                yield f"there is no {stem}.{ending}"
        data = json.loads(files[f"{stem}.data.json"])
        if not isinstance(data, dict) or not isinstance(data.get("numbers"), list):
            yield f"{stem}.data.json does not hold the numbers that were drawn"
            continue
        for number in data["numbers"]:
            value = at_pointer(record, number["pointer"])
            if "derived" not in number and value != number["value"]:
                yield f"{stem} draws {number['value']}, results.json holds {value} at {number['pointer']}"


def _code(files: Files) -> Faults:
    """code/<condition>/train.py is what every run of that condition was given."""
    for run in RUNS.validate_json(files[INDEX]):
        ran = files.get(f"{run.folder}/train.py")
        delivered = files.get(f"code/{run.condition}/train.py")
        if run.verdict == "ok" and (ran is None or delivered is None):
            yield f"the code of {run.condition}, seed {run.seed}, is missing"
        elif ran is not None and delivered is not None and hashlib.sha256(ran).digest() != hashlib.sha256(delivered).digest():
            yield f"{run.folder}/train.py is not code/{run.condition}/train.py"


def _reviews(files: Files) -> Faults:
    if reviews_markdown(ReviewRecord.model_validate_json(files["reviews.json"]), read_results(files)).encode() != files["reviews.md"]:
        yield "reviews.md differs from reviews.json"
