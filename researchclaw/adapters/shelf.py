"""The deliverables folder of one run: made beside the old one, swapped in whole."""

from __future__ import annotations

import os
import shutil
from pathlib import Path, PurePosixPath

from stages.errors import EvidenceMissing, SettingsError

RUN_FILES = ("measurement.json", "request.json", "train.py", "patch.diff", "log.txt", "results.tsv")
"""What a training run leaves that a reader can use; checkpoints and scratch files stay in the run folder."""


class FolderShelf:
    """Implements the port `Shelf` below `<run folder>/deliverables`.

    `deliverables.new` exists only while an export is going on; a killed export leaves the published folder untouched.
    """

    def __init__(self, run_folder: Path) -> None:
        self.run_folder = run_folder
        self.published = run_folder / "deliverables"
        self.begun = run_folder / "deliverables.new"
        self.replaced = run_folder / "deliverables.old"

    def begin(self) -> None:
        if self.begun.exists():
            shutil.rmtree(self.begun)
        self.begun.mkdir(parents=True)

    def put(self, path: str, content: bytes) -> None:
        place = self._place(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_name(place.name + ".part")
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(place)

    def get(self, path: str) -> bytes:
        try:
            return self._place(path).read_bytes()
        except FileNotFoundError as error:
            raise EvidenceMissing(f"the deliverables hold no {path}; export them again with --from-stage export_publish") from error

    def list(self) -> tuple[str, ...]:
        root = self._root
        return tuple(sorted(file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file()))

    def copy_runs(self) -> tuple[str, ...]:
        source = self.run_folder / "experiment_runs"
        found = sorted(file for file in source.rglob("*") if file.is_file() and file.name in RUN_FILES)
        if not found:
            raise EvidenceMissing(f"{source} holds no training run to deliver; redo the runs with --from-stage experiment_run")
        paths = tuple(file.relative_to(self.run_folder).as_posix() for file in found)
        for file, path in zip(found, paths, strict=True):
            self.put(path, file.read_bytes())
        return paths

    def publish(self) -> None:
        if not self.begun.is_dir():
            raise EvidenceMissing("there is no new deliverables folder to publish; export first")
        if self.replaced.exists():
            shutil.rmtree(self.replaced)
        if self.published.exists():
            self.published.rename(self.replaced)
        self.begun.rename(self.published)
        if self.replaced.exists():
            shutil.rmtree(self.replaced)

    @property
    def _root(self) -> Path:
        return self.begun if self.begun.is_dir() else self.published

    def _place(self, path: str) -> Path:
        parts = PurePosixPath(path)
        if parts.is_absolute() or ".." in parts.parts or not parts.parts:
            raise SettingsError(f"{path!r} leaves the deliverables folder; use a relative path without '..'")
        return self._root / parts
