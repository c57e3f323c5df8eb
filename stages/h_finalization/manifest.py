"""manifest.json: size and SHA-256 of every delivered file but the manifest itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping

from pydantic import TypeAdapter, ValidationError

from stages.contracts import Check, DeliveredFile

MANIFEST = "manifest.json"
_FILES = TypeAdapter(tuple[DeliveredFile, ...])


def delivered(files: Mapping[str, bytes]) -> tuple[DeliveredFile, ...]:
    """Path, hash and size of each file, by path; the manifest is left out, for it cannot hold its own hash."""
    return tuple(
        DeliveredFile(path=path, sha256=hashlib.sha256(files[path]).hexdigest(), bytes=len(files[path]))
        for path in sorted(files)
        if path != MANIFEST
    )


def manifest_bytes(files: Mapping[str, bytes]) -> bytes:
    """The manifest of the files, as JSON with a line for each field."""
    entries = [entry.model_dump() for entry in delivered(files)]
    return (json.dumps(entries, indent=1, ensure_ascii=False) + "\n").encode()


def check_manifest(files: Mapping[str, bytes], *, not_yet: Collection[str] = ()) -> tuple[Check, ...]:
    """One failed check for each file that is changed, missing or not listed; one passed check when there is none.

    not_yet: files that may be listed and are still to be written (by an earlier attempt that was stopped).
    """
    if MANIFEST not in files:
        return (Check(name="manifest", passed=False, detail=f"there is no {MANIFEST}"),)
    try:
        listed = {entry.path: entry for entry in _FILES.validate_json(files[MANIFEST])}
    except ValidationError as error:
        return (Check(name="manifest", passed=False, detail=f"{MANIFEST} is not a list of files: {error.error_count()} errors"),)
    present = {entry.path: entry for entry in delivered(files)}
    wrong = [
        *(f"{path} is listed but missing" for path in listed.keys() - present.keys() - set(not_yet)),
        *(f"{path} is not listed" for path in present.keys() - listed.keys()),
        *(
            f"{path} has other bytes than when it was delivered"
            for path in listed.keys() & present.keys()
            if listed[path] != present[path]
        ),
    ]
    if wrong:
        return tuple(Check(name="manifest", passed=False, detail=detail) for detail in sorted(wrong))
    return (Check(name="manifest", passed=True, detail=f"{len(present)} files have the recorded size and SHA-256"),)
