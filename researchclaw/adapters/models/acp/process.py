"""One agent that runs: started, greeted, and ended with everything that it has started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from researchclaw.adapters.models.acp.agents import Agent
from researchclaw.adapters.models.acp.peer import Gone, Peer, Refused, Unknown, shown
from researchclaw.adapters.models.faults import Fault
from researchclaw.adapters.models.wire import listing, mapping
from researchclaw.settings import without_keys

PROTOCOL_VERSION = 1
"""What every agent speaks; version 2 was a draft in 2026-11."""
START_S = 60.0
"""For the handshake and for a session: 0.4 to 15 s measured, up to 46 s reported (acpx, 2026)."""
END_S = 3.0
SIGNED_OUT = -32000
"""JSON-RPC code of ACP for 'authentication required'."""
STDERR_BYTES = 4096
KEEPER = Path(__file__).with_name("keeper.py")

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


class Turn:
    """What comes in one session between a prompt and its end."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.letters = 0
        self.tools: list[str] = []
        self.after_tools = 0
        """Pieces that had come when the last tool was used."""
        self.thought = False
        self.stirred = asyncio.Event()

    def take(self, update: dict[str, Any]) -> None:
        kind = update.get("sessionUpdate")
        self.stirred.set()
        if kind == "agent_message_chunk":
            content = mapping(update.get("content"))
            if content.get("type") == "text" and isinstance(content.get("text"), str):
                self.pieces.append(content["text"])
                self.letters += len(content["text"])
        elif kind == "agent_thought_chunk":
            self.thought = True
        elif kind == "tool_call":
            self.used(str(update.get("title") or update.get("kind") or "a tool"))

    def used(self, tool: str) -> None:
        self.after_tools = len(self.pieces)
        if len(self.tools) < 100:
            self.tools.append(shown(tool, 80))

    @property
    def text(self) -> str:
        """What was said; of a turn with tools what was said after the last one, if an object stands there."""
        last = "".join(self.pieces[self.after_tools :])
        said = last if "{" in last else "".join(self.pieces)
        # JavaScript may cut a letter in two halves, one to a piece; half a letter alone is none
        return said.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class AgentProcess:
    """`start` before anything else. One session at a time; `turn` is that of the session at work."""

    def __init__(self, agent: Agent, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._agent, self._command, self._environment = agent, tuple(command), environment
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._stderr = bytearray()
        self._folder = Path()
        self._session: str | None = None
        self.turn = Turn()
        self.sessions = 0
        self.cancelled = False
        """The turn at work was cancelled: what becomes of the process is being found out."""
        self.closes = False
        """The agent can close a session; else each one stays in its memory."""
        self.version = ""
        self._methods: tuple[dict[str, Any], ...] = ()

    async def start(self) -> None:
        """Raises:
        Fault: it cannot be started, or it is no agent of this protocol.
        """
        self._folder = Path(tempfile.mkdtemp(prefix="researchclaw-agent-"))
        for name, text in self._agent.files.items():
            (self._folder / name).write_text(text, encoding="utf-8")
        environment = {name: value.replace("{folder}", str(self._folder)) for name, value in self._environment.items()}
        keeper = (sys.executable, "-I", "-S", str(KEEPER), str(os.getpid()), str(self._folder))
        self._process = await asyncio.create_subprocess_exec(
            *(*keeper, *(word.replace("{folder}", str(self._folder)) for word in self._command)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=self._workspace(),
            env=environment,
            start_new_session=True,
        )
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._peer = Peer(self._process.stdout, self._process.stdin, self._noticed, self._asked)
        self._tasks = [asyncio.create_task(self._peer.listen()), asyncio.create_task(self._keep_stderr(self._process.stderr))]
        hello: dict[str, JsonValue] = {
            "protocolVersion": PROTOCOL_VERSION,
            "clientCapabilities": {"fs": {"readTextFile": False, "writeTextFile": False}, "terminal": False},
            "clientInfo": {"name": "researchclaw", "title": "researchclaw", "version": "0.1"},
        }
        try:
            async with asyncio.timeout(START_S):
                answer = await self._peer.request("initialize", hello)
        except TimeoutError as exc:
            raise Fault("no agent", f"`{self._words}` did not answer the handshake of ACP within {START_S:g} s{self._said()}") from exc
        except Refused as exc:
            raise Fault("no agent", f"`{self._words}` refused the handshake of ACP: {exc}") from exc
        except Gone as exc:
            raise Fault("no agent", f"`{self._words}` is no agent of ACP: {await self.ending(exc)}") from exc
        version = answer.get("protocolVersion")
        info = mapping(answer.get("agentInfo"))
        self.version = shown(f"{info.get('name') or ''} {info.get('version') or ''}", 80)
        if version != PROTOCOL_VERSION:
            raise Fault(
                "no agent",
                f"{self.version or self._agent.name} speaks version {shown(repr(version), 20)} of ACP, "
                f"and researchclaw speaks version {PROTOCOL_VERSION}; install a version of it that speaks both",
            )
        capabilities = mapping(answer.get("agentCapabilities"))
        self.closes = mapping(capabilities.get("sessionCapabilities")).get("close") is not None
        self._methods = listing(answer.get("authMethods"))

    async def open(self, model: str | None) -> None:
        """A fresh session in an empty folder.

        Raises:
            Fault: the agent is not signed in, does not have the model, or opens none in time.
        """
        try:
            async with asyncio.timeout(START_S):
                answer = await self._new_session()
                self._session = str(answer.get("sessionId"))
                if model is not None:
                    await self._choose(model, answer)
        except TimeoutError as exc:
            raise Fault("silent", f"no session within {START_S:g} s{self._said()}") from exc
        except Refused as exc:
            raise self.fault(exc) from exc
        except Gone as exc:
            raise Fault("broken", await self.ending(exc)) from exc

    async def prompt(self, text: str) -> dict[str, Any]:
        """The end of the turn; its pieces are in `turn`.

        Raises:
            Refused: the agent answered with an error.
            Gone: it ended.
        """
        return await self._peer.request("session/prompt", {"sessionId": self._session, "prompt": [{"type": "text", "text": text}]})

    def cancel(self) -> None:
        self._peer.notify("session/cancel", {"sessionId": self._session})

    async def close_session(self) -> None:
        """Raises:
        Refused: the agent keeps it.
        Gone: it has ended.
        """
        if self.closes and self._session is not None:
            await self._peer.request("session/close", {"sessionId": self._session})
        self._session = None

    def fault(self, error: Refused) -> Fault:
        """What an error of the agent means."""
        if error.code == SIGNED_OUT:
            ways = ", ".join(shown(str(method.get("name") or method.get("id")), 40) for method in self._methods[:4])
            offers = f" (it offers: {ways})" if ways and self._agent.sign_in is None else ""
            return Fault("signed out", f"it is not signed in{offers}; {self._agent.to_sign_in}")
        return meaning(str(error), self._agent) or Fault("broken", f"the agent answered with error {error.code}: {error}")

    async def ending(self, gone: Gone) -> str:
        """How the process ended, in words; waits a moment for its code."""
        process = self._process
        assert process is not None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 1.0)
        code = "" if process.returncode is None else f" with code {process.returncode}"
        how = f"the agent ended{code}" if process.returncode is not None else f"the agent cannot be heard ({gone})"
        return how + self._said()

    async def end(self) -> None:
        """Ask it to end, then see to it that it does, with all that it started."""
        process = self._process
        if process is not None and process.returncode is None:
            if process.stdin is not None:
                process.stdin.close()
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), END_S)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if process is not None:
            process._transport.close()  # type: ignore[attr-defined]  # a grandchild may have kept a stream open
        if self._folder != Path():
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    # ------------------------------------------------------------ the handshake's parts

    async def _new_session(self) -> dict[str, Any]:
        self.turn, self._session = Turn(), None
        self.sessions += 1
        wanted: dict[str, JsonValue] = {"cwd": self._workspace(), "mcpServers": []}
        if self._agent.session_meta:
            wanted["_meta"] = dict(self._agent.session_meta)
        try:
            return await self._peer.request("session/new", wanted)
        except Refused as exc:
            method = self._method_by_environment() if exc.code == SIGNED_OUT else None
            if method is None:
                raise
            await self._peer.request("authenticate", {"methodId": method})
            return await self._peer.request("session/new", wanted)

    def _method_by_environment(self) -> str | None:
        """A way to sign in that asks nobody: its variables are set (and named in llm.agent_env). Browsers are never opened."""
        for method in self._methods:
            names = [str(variable.get("name")) for variable in listing(method.get("vars"))]
            if method.get("type") == "env_var" and names and all(name in self._environment for name in names):
                return str(method.get("id"))
        return None

    async def _choose(self, model: str, session: dict[str, Any]) -> None:
        """Raises:
        Fault: the agent does not offer it.
        """
        for option in listing(session.get("configOptions")):
            if option.get("category") == "model" and option.get("type") == "select":
                rows = [row for entry in listing(option.get("options")) for row in (entry, *listing(entry.get("options")))]
                self._must_have(model, [str(row["value"]) for row in rows if "value" in row])
                chosen: dict[str, JsonValue] = {"sessionId": self._session, "configId": str(option.get("id")), "value": model}
                await self._peer.request("session/set_config_option", chosen)
                return
        offered = [str(row.get("modelId")) for row in listing(mapping(session.get("models")).get("availableModels"))]
        if not offered:
            raise Fault(
                "no model", "this agent does not let a client choose its model; leave llm.model out and choose it in the agent"
            )
        self._must_have(model, offered)
        await self._peer.request("session/set_model", {"sessionId": self._session, "modelId": model})

    def _must_have(self, model: str, offered: Sequence[str]) -> None:
        if model not in offered:
            few = ", ".join(shown(name, 60) for name in offered[:8])
            raise Fault("no model", f"the agent has no model {model!r}; it offers {few or 'none'}")

    # ------------------------------------------------------------ what the agent says

    def _noticed(self, method: str, params: dict[str, Any]) -> None:
        if method == "session/update" and params.get("sessionId") == self._session:
            self.turn.take(mapping(params.get("update")))

    def _asked(self, method: str, params: dict[str, Any]) -> JsonValue:
        """Nothing is allowed: no file, no terminal, no tool.

        Raises:
            Unknown: everything but a request for a permission.
        """
        self.turn.stirred.set()
        if method != "session/request_permission":
            raise Unknown
        self.turn.used(str(mapping(params.get("toolCall")).get("title") or "a tool"))
        for wanted in ("reject_once", "reject_always"):
            for option in listing(params.get("options")):
                if option.get("kind") == wanted and isinstance(option.get("optionId"), str):
                    return {"outcome": {"outcome": "selected", "optionId": option["optionId"]}}
        return {"outcome": {"outcome": "cancelled"}}

    async def _keep_stderr(self, stream: asyncio.StreamReader) -> None:
        """Its last words; the rest is let go, so that the agent never waits for a reader."""
        while chunk := await stream.read(2**14):
            self._stderr += chunk
            del self._stderr[:-STDERR_BYTES]

    def _said(self) -> str:
        text = without_keys(_ESCAPES.sub("", self._stderr.decode(errors="replace")))
        lines = [line for line in text.splitlines() if line.strip()]
        last = shown(" / ".join(lines[-3:]), 240) or shown(without_keys(self._peer.noise), 120)
        return f"; it said: {last}" if last else ""

    @property
    def _words(self) -> str:
        return shown(" ".join(self._command), 80)

    def _workspace(self) -> str:
        """A new empty folder: the agent finds no repository and no instructions in it."""
        return tempfile.mkdtemp(prefix="empty-", dir=self._folder)


_MEANINGS = (
    (
        "signed out",
        r"not (logged|signed) in|please (log|sign) in|run /login|/login\b|\b401\b|unauthori[sz]ed|authentication|invalid api key",
    ),
    (
        "quota",
        r"(usage|session|weekly|hourly|spending) limit|hit your .{0,20}limit|credit balance|quota|billing|out of credits|\b402\b",
    ),
    ("throttled", r"rate.?limit|too many requests|\b429\b"),
    ("length", r"output token (maximum|limit)|maximum output|max_output_tokens"),
    ("context", r"context.{0,3}(length|window)|prompt is too long|too many tokens"),
    (
        "busy",
        r"overloaded|internal server error|bad gateway|service unavailable|\b5\d\d\b|econnrefused|connection error|disconnected",
    ),
)
_AN_ERROR = re.compile(r"\s*(API Error|Error\b|Info:|\[?error\]?:|unexpected status)", re.IGNORECASE)
LONGEST_ERROR = 600
"""Letters; what agents print in place of an answer is a sentence or two."""


def meaning(said: str, agent: Agent) -> Fault | None:
    """The fault behind an agent's words about its provider; None: the words name none.

    Codex, Copilot and Claude Code give errors of their provider as ordinary text with a proper end (measured 2026-11).
    """
    if len(said) > LONGEST_ERROR:
        return None
    words = without_keys(shown(said, 200))
    for kind, pattern in _MEANINGS:
        if re.search(pattern, said, re.IGNORECASE):
            if kind == "signed out":
                return Fault("signed out", f"it is not signed in ({words}); {agent.to_sign_in}")
            return Fault(kind, f"the agent says: {words}")  # type: ignore[arg-type]
    return None


def instead_of_an_answer(text: str, agent: Agent) -> Fault | None:
    """The fault when a text that ended properly is an error message; a text with an object in it may be an answer."""
    return meaning(text, agent) if "{" not in text or _AN_ERROR.match(text) else None
