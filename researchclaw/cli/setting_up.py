"""`init`: three questions, one file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from researchclaw.cli.program import app
from stages.errors import SettingsError


@app.command()
def init(
    mind: Annotated[
        str | None, typer.Option("--mind", help="Who thinks: openai, anthropic, ollama, claude-code, codex, … or offline.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="The model's name as its endpoint knows it.")] = None,
    base_url: Annotated[str | None, typer.Option("--base-url", help="Where it is, if not at its usual address.")] = None,
    api_key_env: Annotated[str | None, typer.Option("--api-key-env", help="Environment variable that holds the key.")] = None,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The file to write.")] = Path("config.arc.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Name the language model that thinks; asks for what no option says, and writes config.arc.yaml."""
    from researchclaw.initial import MINDS, Choice, written

    if to.is_dir() or not to.absolute().parent.is_dir():
        raise SettingsError(f"--to: {to} is no file that could be written; name one in a folder that is there.")
    if to.exists() and not force and not _yes(f"{to} is there; write over it? [y/N] ", f"{to} is there; write over it with --force."):
        print(f"{to} is left as it is.")
        return
    names = ", ".join(MINDS)
    mind = mind or _answer(f"Who thinks? {names} [offline]: ", "--mind", "offline" if sys.stdin.isatty() else None)
    if mind not in MINDS:
        raise SettingsError(f"--mind: there is no {mind!r}; known: {names}.")
    known = MINDS[mind]
    if known.agent is None and known.provider != "offline":
        model = model or _answer(f"Which model? e.g. {known.example}: ", "--model", None)
        if known.key_env is not None and base_url is None:
            api_key_env = api_key_env or _answer(f"Which environment variable holds the key? [{known.key_env}]: ", "", known.key_env)
        else:
            base_url = base_url or _answer(f"Where is it? [{known.base_url}]: ", "", known.base_url)
    elif known.agent is not None and (base_url or api_key_env):
        raise SettingsError(f"--base-url and --api-key-env: {mind} is a coding agent that is signed in by itself; leave them out.")
    text = written(Choice(mind=mind, model=model, base_url=base_url, api_key_env=api_key_env))
    to.write_text(text, encoding="utf-8")
    print(f"{to} is written. `researchclaw doctor` proves the connection.")


def _answer(prompt: str, option: str, default: str | None) -> str:
    """What a person types; without a terminal the default, or an error that names the option.

    Raises:
        SettingsError: nobody can be asked, or nothing was said, and there is no default.
    """
    said = _line(prompt) if sys.stdin.isatty() else ""
    if said or default:
        return said or str(default)
    raise SettingsError(f"init: nothing was said; give {option}.")


def _yes(prompt: str, remedy: str) -> bool:
    if not sys.stdin.isatty():
        raise SettingsError(remedy)
    return _line(prompt).lower() in ("y", "yes")


def _line(prompt: str) -> str:
    try:
        return input(prompt).strip()
    except EOFError:
        return ""
