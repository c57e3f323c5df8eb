"""Typesetting: pdflatex and bibtex held on a short lead, else a marked preview by typst.

TeX is a programming language that reads and writes files. Measured on pdfTeX 1.40.24: without `openin_any=p` a paper can print
/etc/passwd into itself, whatever -no-shell-escape says; without a limit on time and size a loop fills the disk. So it works in
a temporary copy with a bare environment, restricted file access, a time limit for each pass and a limit on file size.
Not covered: the processor of the sources, not a sandbox; memory is not limited.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path, PurePosixPath
from typing import Literal

from stages.errors import ManuscriptRefused, SettingsError
from stages.ports import Typeset

logger = logging.getLogger(__name__)

PASS_TIMEOUT_S = 60
"""A pass over a 12-page paper takes 0.4-0.8 s on two cores (2026-11)."""
MOST_PASSES = 5
FILE_BLOCKS = 131_072
"""Limit of `ulimit -f`: 64 MB in blocks of 512 bytes, 128 MB where the shell counts in kilobytes."""
OVERFULL_PT = 5.0
"""Narrower overfull boxes cannot be seen in print (a third of an em)."""
EPOCH = "1577836800"
"""Date inside the PDF, 2020-01-01: the same sources give the same bytes."""
_TEX_PACKAGES = "texlive-latex-base, texlive-latex-recommended and texlive-fonts-recommended"


class Typesetter:
    """Implements `stages.ports.Typesetter`. The style files that the frame loads come in `figures` under their file names."""

    def __init__(self, prefer: Literal["auto", "latex", "typst"] = "auto") -> None:
        """prefer: 'auto' takes LaTeX where it is installed with what the layouts need, else typst.

        Raises:
            SettingsError: LaTeX is asked for and not installed.
        """
        self.prefer = prefer
        self.has_latex = shutil.which("pdflatex") is not None and shutil.which("bibtex") is not None
        if prefer == "latex" and not self.has_latex:
            raise SettingsError(f"export.typesetter: 'latex' is not installed ({_TEX_PACKAGES}); allowed without it: auto, typst")

    def typeset(self, tex: str, typst: str, bib: str, figures: dict[str, bytes]) -> Typeset:
        """The PDF, by LaTeX or as a preview by typst.

        figures: path as in the sources -> bytes; besides 'charts/x.pdf' also the style files ('rcpaper.sty').
        Raises:
            ManuscriptRefused: the sources do not compile, or hold an undefined reference or citation; with the line.
            SettingsError: LaTeX is asked for and a package of it is missing.
        """
        with tempfile.TemporaryDirectory(prefix="researchclaw-tex-") as name:
            folder = Path(name)
            files = {"paper.tex": tex.encode(), "paper.typ": typst.encode(), "references.bib": bib.encode()} | figures
            for path, content in files.items():
                _write(folder, path, content)
            if self.prefer == "typst" or not self.has_latex:
                return _by_typst(folder, ())
            try:
                return _by_latex(folder, tex)
            except _TexPackageMissing as exc:
                if self.prefer == "latex":
                    raise SettingsError(f"export.typesetter: LaTeX lacks {exc}; install {_TEX_PACKAGES}") from exc
                logger.info("LaTeX lacks %s; typst typesets a preview", exc)
                return _by_typst(folder, (f"LaTeX lacks {exc}, so the paper was typeset by typst; install {_TEX_PACKAGES}.",))


def _write(folder: Path, path: str, content: bytes) -> None:
    relative = PurePosixPath(path)
    if relative.is_absolute() or ".." in relative.parts:
        raise ManuscriptRefused(f"the file {path!r} of the paper lies outside its folder")
    target = folder / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


# ---------------------------------------------------------------- LaTeX


class _TexPackageMissing(Exception):
    """A file of the TeX distribution is not installed."""


def _by_latex(folder: Path, tex: str) -> Typeset:
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-file-line-error", "-halt-on-error", "paper.tex"]
    bibliography: tuple[str, ...] = ()
    before = ""
    for number in range(MOST_PASSES):
        status = _run(command, folder)
        log = _read(folder / "paper.log")
        _refuse_errors(log, tex, status)
        aux = _read(folder / "paper.aux")
        if number == 0 and "\\bibdata" in aux:
            bibliography = _bibtex(folder)
            continue
        if aux == before and "Rerun to get" not in log and "Rerun LaTeX" not in log:
            break
        before = aux
    _refuse_undefined(log, tex)
    written = re.search(r"Output written on paper\.pdf \((\d+) page", log)
    if written is None:
        raise ManuscriptRefused("pdflatex wrote no page; the body of the paper is empty")
    return Typeset(
        pdf=(folder / "paper.pdf").read_bytes(),
        pages=int(written[1]),
        by="latex",
        complaints=(*_complaints(log), *bibliography),
        main_pages=int(counted[1]) if (counted := re.search(r"^\\gdef ?\\rcmainpages\{(\d+)\}", aux, re.MULTILINE)) else None,
    )


def _bibtex(folder: Path) -> tuple[str, ...]:
    """Run bibtex; its warnings.

    Raises:
        ManuscriptRefused: an error, e.g. a cited key without an entry.
    """
    status = _run(["bibtex", "paper"], folder)
    log = _read(folder / "paper.blg")
    warnings = tuple(f"BibTeX: {line.removeprefix('Warning--')}" for line in log.splitlines() if line.startswith("Warning--"))
    missing = re.findall(r"I didn't find a database entry for \"([^\"]+)\"", log)
    if missing:
        raise ManuscriptRefused(f"references.bib has no entry for {', '.join(missing)}")
    if status > 1:
        first = next((line for line in log.splitlines() if "---line" in line or line.startswith("I ")), log[-200:])
        raise ManuscriptRefused(f"BibTeX: {first}")
    return warnings


def _run(command: list[str], folder: Path) -> int:
    """Exit status under the limits; a shell sets them because a child of a threaded process must not run Python first.

    Raises:
        ManuscriptRefused: the time limit is over.
    """
    limits = f'ulimit -f {FILE_BLOCKS}; ulimit -t {PASS_TIMEOUT_S}; exec "$@"'
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "TEXMFHOME": str(folder / "texmf"),
        "TEXMFVAR": str(folder / "texmf-var"),
        "openin_any": "p",
        "openout_any": "p",
        "SOURCE_DATE_EPOCH": EPOCH,
        "FORCE_SOURCE_DATE": "1",
        "max_print_line": "1000",
        "LC_ALL": "C.UTF-8",
    }
    try:
        done = subprocess.run(
            ["sh", "-c", limits, "sh", *command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PASS_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise ManuscriptRefused(f"{command[0]} did not end within {PASS_TIMEOUT_S} s; the sources loop") from exc
    return done.returncode


def _read(path: Path) -> str:
    return path.read_text("utf-8", errors="replace") if path.exists() else ""


def _refuse_errors(log: str, tex: str, status: int) -> None:
    missing = re.search(r"LaTeX Error: File `([^']+\.(?:sty|cls|fd|def))' not found", log) or re.search(
        r"Font [^\s=]+=(\S+) .*not loadable: Metric \(TFM\) file", log,
    )  # fmt: skip
    if missing:
        raise _TexPackageMissing(missing[1])
    error = re.search(r"^(?:\./)?([\w./-]+):(\d+): (.+)$", log, re.MULTILINE)
    if error:
        raise ManuscriptRefused(f"LaTeX: {error[1]} line {error[2]}: {error[3]}{_quoted(tex, error[1], int(error[2]))}")
    general = re.search(r"^! (.+)$", log, re.MULTILINE)
    if general:
        raise ManuscriptRefused(f"LaTeX: {general[1]}")
    if status != 0:
        raise ManuscriptRefused(f"pdflatex ended with status {status}: {log[-300:].strip() or 'it wrote no log'}")


def _quoted(tex: str, file: str, line: int) -> str:
    lines = tex.splitlines()
    if not file.endswith("paper.tex") or not 0 < line <= len(lines):
        return ""
    return f" (near {lines[line - 1].strip()[:120]!r})"


def _refuse_undefined(log: str, tex: str) -> None:
    for pattern, what in (
        (r"Citation [`']([^']+)' (?:on page \d+ )?undefined", "citation"),
        (r"Reference [`']([^']+)' on page \d+ undefined", "reference"),
        (r"Label [`']([^']+)' multiply defined", "label, defined twice:"),
    ):
        found = re.search(pattern, log)
        if found:
            line = next((number for number, text in enumerate(tex.splitlines(), 1) if found[1] in text), 0)
            raise ManuscriptRefused(f"LaTeX: undefined {what} {found[1]} (paper.tex line {line})")


def _complaints(log: str) -> tuple[str, ...]:
    """What a careful typesetter would mend: boxes that stick out visibly, signs that the fonts lack."""
    found = []
    for match in re.finditer(r"^Overfull \\[hv]box \((\d+\.?\d*)pt too (?:wide|high)\)(.*)$", log, re.MULTILINE):
        if float(match[1]) > OVERFULL_PT:
            found.append(f"overfull box: {match[1]} pt{match[2]}")
    found += [f"missing character: {match[1]}" for match in re.finditer(r"^Missing character: There is no (.+)$", log, re.MULTILINE)]
    return tuple(dict.fromkeys(found))


# ---------------------------------------------------------------- typst


def _by_typst(folder: Path, notes: tuple[str, ...]) -> Typeset:
    import typst

    try:
        pdf = typst.compile(str(folder / "paper.typ"), root=str(folder), format="pdf")
        pages = json.loads(typst.query(str(folder / "paper.typ"), "<pages>", field="value", one=True, root=str(folder)))
    except typst.TypstError as exc:
        raise ManuscriptRefused(f"typst: {str(exc).splitlines()[0]}") from exc
    assert isinstance(pdf, bytes)
    return Typeset(pdf=pdf, pages=int(pages), by="typst preview", complaints=notes)
