"""Git as the loop's memory, by plumbing alone: objects and refs are written, files, index and HEAD of the user never.

A version is a tree; a change is made in a private index. So no hook, filter, attribute, signature or file-system monitor of
the repository has a part in it, and uncommitted work cannot be lost. Refs of a run:

    refs/heads/researchclaw/<run>                the incumbent: the baseline with everything that was kept
    refs/researchclaw/<run>/attempts/<n>.<r>     every attempt and its repairs, kept or not
    refs/researchclaw/<run>/log/<n>.<sha>        the head of the log, see anchor.py
"""

from __future__ import annotations

import functools
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from researchclaw.adapters.isolation.streams import plain
from stages.errors import ResearchError, SettingsError

_QUIET = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.attributesFile=/dev/null"),
    *("-c", "commit.gpgSign=false", "-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.pager=cat"),
    *("-c", "protocol.allow=never", "-c", "core.quotePath=false", "-c", "advice.detachedHead=false", "-c", "core.autocrlf=false"),
)
_FILTERS = r"^filter\..*\.(clean|smudge|process|required)$"
_IDENTITY = "researchclaw loop"
_TIMEOUT_S = 120


class GitRefusedError(ResearchError):
    """Git would not do it; one line of what it said."""


@dataclass(frozen=True)
class Entry:
    """A file of a tree."""

    mode: str
    kind: str
    id: str
    path: str

    @property
    def is_file(self) -> bool:
        return self.kind == "blob" and self.mode in ("100644", "100755")


@dataclass(frozen=True)
class Change:
    """A path that differs between two trees."""

    path: str
    status: str
    mode: str
    """Of the new version; '000000' when it is gone."""
    old_mode: str
    id: str


class Repository:
    """A repository through its git folder; the work tree is only looked at, by `dirty`."""

    def __init__(self, git_dir: Path) -> None:
        self.git_dir = git_dir
        self._trees: dict[str, str] = {}

    @classmethod
    def of(cls, folder: Path) -> Repository:
        """The repository that a folder lies in; of a linked work tree, the common one.

        Raises:
            SettingsError: there is none, or git is not installed.
        """
        try:
            done = _git(("rev-parse", "--path-format=absolute", "--git-common-dir"), cwd=folder)
        except FileNotFoundError as exc:
            raise SettingsError("git is not installed; on Debian: apt install git.") from exc
        except GitRefusedError as exc:
            raise SettingsError(f"{folder} is no usable git repository ({exc}); go to one, or `git init`.") from exc
        return cls(Path(done.decode().rstrip("\n")))

    @classmethod
    def create(cls, git_dir: Path) -> Repository:
        """A new repository without a work tree."""
        _git(("init", "-q", "--bare", "--template=", str(git_dir)), cwd=git_dir.parent)
        return cls(git_dir)

    def run(self, *words: str, given: bytes | None = None, index: Path | None = None) -> bytes:
        """Standard output of a git command on this repository.

        Raises:
            GitRefusedError
        """
        extra = {"GIT_INDEX_FILE": str(index)} if index else {}
        return _git(("--git-dir", str(self.git_dir), "-c", "core.bare=true", *words), cwd=self.git_dir, given=given, extra=extra)

    # ------------------------------------------------------------ reading

    def commit_of(self, name: str) -> str:
        """Raises: GitRefusedError: no such commit."""
        return self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").decode().strip()

    def tree_of(self, commit: str) -> str:
        """commit: its full id. Raises: GitRefusedError: it is gone."""
        if commit not in self._trees:
            self._trees[commit] = self.run("rev-parse", "--verify", "--quiet", f"{commit}^{{tree}}").decode().strip()
        return self._trees[commit]

    def entries(self, tree: str) -> tuple[Entry, ...]:
        found = []
        for line in self.run("ls-tree", "-r", "-z", "--full-tree", tree).split(b"\0"):
            if line:
                facts, _, path = line.partition(b"\t")
                mode, kind, object_id = facts.decode().split(" ")
                found.append(Entry(mode, kind, object_id, path.decode("utf-8", "surrogateescape")))
        return tuple(found)

    def blobs(self, ids: Sequence[str]) -> Iterator[bytes]:
        """Contents in order."""
        if not ids:
            return
        data = self.run("cat-file", "--batch", given="".join(f"{name}\n" for name in ids).encode())
        at = 0
        for _ in ids:
            end = data.index(b"\n", at)
            size = int(data[at:end].split(b" ")[2])
            yield data[end + 1 : end + 1 + size]
            at = end + 2 + size

    def sizes(self, ids: Sequence[str]) -> tuple[int, ...]:
        """Bytes of blobs, in order; nothing is read."""
        if not ids:
            return ()
        lines = self.run("cat-file", "--batch-check", given="".join(f"{name}\n" for name in ids).encode()).splitlines()
        return tuple(int(line.split(b" ")[2]) for line in lines)

    def changes(self, old: str, new: str) -> tuple[Change, ...]:
        """Paths that differ, without guessing at renames."""
        parts = self.run("diff-tree", "-r", "-z", "--raw", "--no-renames", "--full-index", old, new).split(b"\0")
        found = []
        for facts, path in zip(parts[0::2], parts[1::2], strict=False):
            old_mode, mode, _, object_id, status = facts.decode().lstrip(":").split(" ")
            found.append(Change(path.decode("utf-8", "surrogateescape"), status, mode, old_mode, object_id))
        return tuple(found)

    def lines_changed(self, old: str, new: str) -> tuple[int, int]:
        """Lines added and removed; binary files count as none."""
        added = removed = 0
        for line in self.run("diff-tree", "-r", "--numstat", "--no-renames", "--no-textconv", "--no-ext-diff", old, new).splitlines():
            plus, minus, _ = line.split(b"\t", 2)
            if plus != b"-":
                added, removed = added + int(plus), removed + int(minus)
        return added, removed

    def patch(self, old: str, new: str) -> str:
        """Unified difference."""
        words = ("diff-tree", "-r", "-p", "--no-renames", "--no-textconv", "--no-ext-diff", "--no-color")
        return self.run(*words, old, new).decode("utf-8", "replace")

    def ref(self, name: str) -> str | None:
        try:
            return self.run("rev-parse", "--verify", "--quiet", "--end-of-options", name).decode().strip()
        except GitRefusedError:
            return None

    def refs(self, prefix: str) -> dict[str, str]:
        """Name -> object of the refs below a prefix, which ends in '/'."""
        lines = self.run("for-each-ref", "--format=%(refname) %(objectname)", prefix).decode().splitlines()
        return {name: value for name, _, value in (line.partition(" ") for line in lines)}

    # ------------------------------------------------------------ writing

    def written(self, tree: str | None, files: Mapping[str, bytes | None]) -> str:
        """The tree with these files in place of the old ones; None removes. Modes stay, new files are 100644.

        Raises:
            GitRefusedError: a path is one that git does not take ('..', '.git', an empty part).
        """
        modes = {entry.path: entry.mode for entry in self.entries(tree)} if tree else {}
        lines = []
        for path, content in files.items():
            if content is None:
                lines.append(b"0 " + b"0" * 40 + b"\t" + os.fsencode(path))
                continue
            blob = self.run("hash-object", "-w", "--no-filters", "--stdin", given=content).decode().strip()
            mode = modes.get(path, "100644")
            lines.append(f"{mode if mode in ('100644', '100755') else '100644'} {blob}\t".encode() + os.fsencode(path))
        with self._index(tree) as index:
            self.run("update-index", "-z", "--index-info", given=b"".join(line + b"\0" for line in lines), index=index)
            return self.run("write-tree", index=index).decode().strip()

    def patched(self, tree: str, patch: str) -> str:
        """The tree with a patch applied to it.

        Raises:
            GitRefusedError: it does not apply.
        """
        with self._index(tree) as index:
            self.run("apply", "--cached", "--whitespace=nowarn", "-", given=patch.encode("utf-8", "surrogateescape"), index=index)
            return self.run("write-tree", index=index).decode().strip()

    def commit(self, tree: str, parent: str | None, message: str) -> str:
        """message: a proposer's words may stand in it; what would steer a terminal that shows the log is left out."""
        parents = ("-p", parent) if parent else ()
        return (
            self.run("commit-tree", "--no-gpg-sign", tree, *parents, given=plain(message).encode("utf-8", "replace")).decode().strip()
        )

    def point(self, ref: str, commit: str) -> None:
        self.run("update-ref", "--no-deref", ref, commit)

    def replace_refs(self, old: Sequence[str], new: str, commit: str) -> None:
        """In one transaction; git makes the new one before it removes the old ones."""
        lines = [f"update {new} {commit}", *(f"delete {name}" for name in old)]
        self.run("update-ref", "--no-deref", "--stdin", given="".join(f"{line}\n" for line in lines).encode())

    @contextmanager
    def _index(self, tree: str | None) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="researchclaw-index-") as folder:
            index = Path(folder, "index")
            if tree:
                self.run("read-tree", tree, index=index)
            yield index


# ---------------------------------------------------------------- the user's work tree, looked at


def top_folder(folder: Path) -> Path:
    """Raises: SettingsError: a repository without files."""
    if not folder.is_dir():
        raise SettingsError(f"--repository: {folder} is no folder; name one of a git repository.")
    try:
        return Path(_git(("rev-parse", "--path-format=absolute", "--show-toplevel"), cwd=folder).decode().rstrip("\n"))
    except GitRefusedError as exc:
        if "dubious ownership" in str(exc):
            hint = "git config --global --add safe.directory FOLDER"
            raise SettingsError(f"{folder} belongs to another user, and git does not trust it; if you do: `{hint}`.") from exc
        raise SettingsError(
            f"{folder} is no work tree of a git repository ({exc}); go to one. Runs on a kit need none: --kit NAME."
        ) from exc


def dirty(top: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tracked files with uncommitted changes, and untracked files that are not ignored. Configured filters are not run."""
    words = ("status", "--porcelain", "-z", "--no-renames", "--ignore-submodules=dirty")
    lines = _git(words, cwd=top, extra=_without_filters(top)).split(b"\0")
    changed = tuple(os.fsdecode(line[3:]) for line in lines if line and not line.startswith(b"??"))
    return changed, tuple(os.fsdecode(line[3:]) for line in lines if line.startswith(b"??"))


def _without_filters(top: Path) -> dict[str, str]:
    """Settings that switch off every filter that git would find: also in included files and in those of one work tree.

    Through the environment, since `-c` takes the first '=' of a filter's name for the end of the key.
    """
    try:
        listed = _git(("config", "--includes", "--name-only", "-z", "--get-regexp", _FILTERS), cwd=top)
    except GitRefusedError:
        return {}  # no filter is configured
    names = [os.fsdecode(name) for name in listed.split(b"\0") if name]
    settings = {"GIT_CONFIG_COUNT": str(len(names))}
    for number, name in enumerate(names):
        settings[f"GIT_CONFIG_KEY_{number}"] = name
        settings[f"GIT_CONFIG_VALUE_{number}"] = "false" if name.endswith(".required") else ""
    return settings


def branch_of(top: Path) -> str | None:
    """The branch that is checked out; None for a detached HEAD."""
    try:
        return _git(("symbolic-ref", "--quiet", "--short", "HEAD"), cwd=top).decode().strip()
    except GitRefusedError:
        return None


def ignored(top: Path, path: Path) -> bool:
    try:
        _git(("check-ignore", "--quiet", "--", str(path)), cwd=top)
    except GitRefusedError:
        return False
    return True


@functools.cache
def _trusted(home: str) -> tuple[str, ...]:
    """Options for the folders that the user told git to trust (containers need it); nothing else of the user's settings counts."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "LC_ALL": "C"}
    done = subprocess.run(
        ["git", "config", "--includes", "-z", "--get-all", "safe.directory"],
        cwd="/",
        env=environment,
        capture_output=True,
        check=False,
    )
    return tuple(word for folder in os.fsdecode(done.stdout).split("\0") if folder for word in ("-c", f"safe.directory={folder}"))


def _git(words: Sequence[str], *, cwd: Path, given: bytes | None = None, extra: Mapping[str, str] | None = None) -> bytes:
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        # A partial clone fetches missing objects by commands that its own settings name; this list overrides all settings.
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_AUTHOR_NAME": _IDENTITY,
        "GIT_AUTHOR_EMAIL": "loop@researchclaw.invalid",
        "GIT_COMMITTER_NAME": _IDENTITY,
        "GIT_COMMITTER_EMAIL": "loop@researchclaw.invalid",
        **(extra or {}),
    }
    done = subprocess.run(
        ["git", *_trusted(os.environ.get("HOME", "/")), *_QUIET, *words],
        cwd=cwd,
        env=environment,
        input=given if given is not None else b"",
        capture_output=True,
        check=False,
        timeout=_TIMEOUT_S,
    )
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        fatal = next((line for line in said if line.startswith(("fatal:", "error:"))), said[-1] if said else "")
        raise GitRefusedError((fatal or f"git {words[0]} ended with {done.returncode}")[:300])
    return done.stdout
