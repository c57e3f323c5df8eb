"""The command line. Heavy parts are imported where they are used: help must come at once.

Exit codes: 0 done, 1 failed, 2 bad settings or arguments, 3 waiting at a gate, 4 stopped by budget, 5 evidence missing,
130 interrupted. An error is one line with its remedy; --debug adds the traceback.
"""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn, cast

import typer

from researchclaw.cli.plain_stream import as_plain
from researchclaw.interruption import interrupted
from researchclaw.secret_values import SECRET_NAMES, WithoutSecrets, masked
from stages.errors import ResearchError

app = typer.Typer(
    name="researchclaw",
    help="From one sentence to a research paper that can be checked.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


UsageError = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[1])
"""What typer raises for every wrong word on the line; some of its versions carry their own copy of click."""


_debug = False


def main(arguments: Sequence[str]) -> int:
    """Run a command; the exit code of the process."""
    _mend_streams()
    with contextlib.redirect_stdout(as_plain(sys.stdout)), contextlib.redirect_stderr(as_plain(sys.stderr)):
        return _run(arguments)


def _run(arguments: Sequence[str]) -> int:
    global _debug  # noqa: PLW0603 (the one switch of the command line itself)
    _debug = "--debug" in arguments  # anywhere on the line, before or after the command's name
    arguments = [word for word in arguments if word != "--debug"] or ["--help"]
    interrupted.clear()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    try:
        code = app(arguments, standalone_mode=False, prog_name="researchclaw")
    except UsageError as exc:
        return _fail(exc.format_message(), 2)
    except (typer.Abort, KeyboardInterrupt):
        return _fail("interrupted.", Interrupted.exit_code)
    except ResearchError as exc:
        return _fail(str(exc), exc.exit_code)
    except BrokenPipeError:  # `researchclaw stages | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as exc:
        remedy = "free some space" if exc.errno == errno.ENOSPC else "mend it"
        then = "`researchclaw resume`" if arguments[0] in ("run", "resume") else "do this again"
        return _fail(f"{exc.strerror or exc}: {exc.filename or 'the machine'}; {remedy}, then {then}.", 1)
    except Exception as exc:  # noqa: BLE001 (the edge of the program: one line, or the traceback with --debug)
        return _fail(f"{type(exc).__name__}: {' '.join(str(exc).split()) or 'no message'} (a bug; --debug shows where).", 1)
    return code if isinstance(code, int) else 0


def _mend_streams() -> None:
    """A stream that is closed or that cannot hold our letters must not end a run; nor may a run's files get its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # started with `<&-`, `>&-` or `2>&-`
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 (open as long as the process)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


class Interrupted(ResearchError):
    """Ctrl-C or SIGTERM; the run can be resumed."""

    exit_code = 130


def _fail(message: str, code: int) -> int:
    if _debug and sys.exc_info()[1] is not None:
        print(masked(traceback.format_exc()), end="", file=sys.stderr)
    print(f"researchclaw: {masked(message.strip())}", file=sys.stderr)
    return code


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    """SIGTERM ends a run as Ctrl-C does: recorded, resumable, no process left behind, no thread that waits for an answer."""
    interrupted.set()
    raise KeyboardInterrupt


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"researchclaw {version('researchclaw')}")
        except PackageNotFoundError:
            print("researchclaw (a checkout that is not installed)")
        raise typer.Exit


@app.callback()
def _everywhere(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error, and the log.")] = False,
) -> None:
    if _debug:
        shown = logging.StreamHandler(sys.stderr)
        secrets = [value for name, value in os.environ.items() if SECRET_NAMES.search(name)]
        shown.setFormatter(WithoutSecrets(logging.Formatter("%(asctime)s %(name)s %(message)s"), secrets))
        logging.basicConfig(level=logging.WARNING, handlers=[shown])
        for ours in ("researchclaw", "stages"):
            logging.getLogger(ours).setLevel(logging.INFO)
