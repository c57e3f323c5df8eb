"""A repository's own settings name commands in more places than its hooks; looking at it runs none of them."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from researchclaw.loop.repository import GitRefusedError, Repository, dirty


def git(folder: Path, *words: str) -> str:
    identity = {f"GIT_{who}_{what}": "someone@example.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {**os.environ, **identity, "GIT_CONFIG_GLOBAL": os.devnull}
    return subprocess.run(["git", *words], cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository of one file, which has changed since."""
    top = tmp_path / "repository"
    top.mkdir()
    git(top, "init", "-q", "-b", "main")
    (top / "app.py").write_text("X = 1\n")
    git(top, "add", ".")
    git(top, "commit", "-qm", "base")
    (top / "app.py").write_text("X = 2\n")
    return top


@pytest.mark.parametrize(
    ("name", "file"),
    [("evil", "included"), ("evil", "config.worktree"), ("a=b", "config"), ('a".b', "config")],
    ids=["included", "of one work tree", "with an equals sign", "with a quote"],
)
def test_no_filter_runs_wherever_it_is_configured(folder: Path, tmp_path: Path, name: str, file: str) -> None:
    fired = tmp_path / "fired"
    quoted = name.replace('"', '\\"')
    git(folder, "config", "include.path", "included")
    git(folder, "config", "extensions.worktreeConfig", "true")
    with (folder / ".git" / file).open("a") as settings:
        settings.write(f'[filter "{quoted}"]\n clean = "touch {fired}; cat"\n process = "touch {fired}"\n required\n')
    (folder / ".git" / "info" / "attributes").write_text(f"*.py filter={name}\n")
    assert dirty(folder) == (("app.py",), ())
    assert not fired.exists()


@pytest.mark.parametrize("remote", ["ext::sh -c touch% {fired}", "{folder}"], ids=["an ext url", "a server program"])
@pytest.mark.parametrize("newer", [True, False], ids=["git >= 2.45", "git without GIT_NO_LAZY_FETCH"])
def test_a_partial_clone_fetches_nothing(
    folder: Path, tmp_path: Path, remote: str, newer: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fired = tmp_path / "fired"
    tree = git(folder, "rev-parse", "HEAD^{tree}")
    for key, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", remote.format(fired=fired, folder=folder)),
        ("remote.origin.uploadpack", f"touch {fired}; false"),
        ("protocol.ext.allow", "always"),
        ("protocol.file.allow", "always"),
    ):
        git(folder, "config", key, value)
    (folder / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    repository = Repository.of(folder)
    if not newer:
        run = subprocess.run

        def older(*words: object, env: dict[str, str], **options: object) -> object:
            return run(*words, env={k: v for k, v in env.items() if k != "GIT_NO_LAZY_FETCH"}, **options)  # type: ignore[call-overload]

        monkeypatch.setattr(subprocess, "run", older)
    with suppress(GitRefusedError):
        dirty(folder)
    with pytest.raises(GitRefusedError):
        repository.entries(tree)
    assert not fired.exists()
