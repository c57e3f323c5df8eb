"""A coding agent in the place of an endpoint: each request is one prompt of a fresh session; nothing but its text comes out."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from researchclaw.adapters.models.acp.agents import Agent
from researchclaw.adapters.models.acp.peer import Gone, Refused, shown
from researchclaw.adapters.models.acp.process import AgentProcess, Turn, instead_of_an_answer
from researchclaw.adapters.models.dialect import Manners, Received, worded
from researchclaw.adapters.models.exchange import Exchange, Usage
from researchclaw.adapters.models.faults import Fault
from researchclaw.adapters.models.wire import LARGEST_BODY, Wire, count, mapping

logger = logging.getLogger(__name__)

NO_TOOLS = "Answer from what is written here alone: use no tool, read no file, run no command, search nothing."
QUIET_S = 0.15
"""Pieces may come after the end of a turn (OpenCode, Claude Code; reported 2026): so much silence ends it for good."""
LATEST_S = 2.0
"""Nothing that comes later than this after the end of a turn is waited for."""
GRACE_S = 5.0
"""For a turn to end after it was cancelled; then its process is ended."""
MOST_SESSIONS = 16
"""Of one process that cannot close them: each may hold a process of its own (Claude Code). A guess."""


class AcpDialect:
    """`Dialect` over a small crew of processes, one question at a time in each: a crash or a kill takes one question with it."""

    def __init__(
        self,
        wire: Wire,
        agent: Agent,
        command: Sequence[str],
        environment: Mapping[str, str],
        model: str | None,
        idle_s: float,
        most: int,
    ) -> None:
        """model: one that the agent offers; None: its own choice. idle_s: silence after which a turn is cancelled.
        most: limit of tokens after which nobody asks for more; no agent can be told one.
        """
        self.agent = agent
        self._command, self._environment = command, environment
        self._model, self._idle_s, self._most = model, idle_s, most
        self._idle: list[AgentProcess] = []
        self._all: set[AgentProcess] = set()
        self._later: set[asyncio.Task[None]] = set()
        self.version = ""
        wire.at_end.append(self.end)

    @property
    def manners(self) -> Manners:
        return Manners(strategies=("prompted",), most_tokens=self._most)

    async def models(self) -> tuple[str, ...]:
        raise Fault("rejected", "an agent is not asked for its models")

    async def send(self, exchange: Exchange, manners: Manners, received: Received) -> None:
        """One prompt in a session of its own. A process that dies, hangs or is in doubt is ended and replaced by the next request."""
        process = await self._taken()
        settled = False
        try:
            await process.open(self._model)
            await self._one_turn(process, _prompt(exchange), received)
            settled = True
        except Fault as fault:
            settled = fault.kind not in ("broken", "silent", "no agent")
            raise
        finally:
            if settled:
                await self._back(process)
            elif not process.cancelled:
                self._soon(self._dismiss(process))

    async def end(self) -> None:
        """End every process."""
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
        self._idle.clear()
        await asyncio.gather(*(process.end() for process in self._all))
        self._all.clear()

    # ------------------------------------------------------------ one turn

    async def _one_turn(self, process: AgentProcess, text: str, received: Received) -> None:
        turn = process.turn
        answer = asyncio.create_task(process.prompt(text))
        try:
            await self._ended(answer, turn)
            result = answer.result()
            await self._quiet(turn)
        except Refused as exc:
            raise process.fault(exc) from exc
        except Gone as exc:
            raise Fault("broken", await process.ending(exc)) from exc
        except (TimeoutError, asyncio.CancelledError) as exc:
            process.cancelled = True
            process.cancel()
            self._soon(self._cancelled(process, answer))
            if isinstance(exc, asyncio.CancelledError):
                raise
            raise Fault("silent", f"no word for {self._idle_s:g} s; the agent may be waiting for its own provider") from exc
        finally:
            received.begun = received.begun or bool(turn.pieces) or turn.thought or answer.done()
            received.pieces[:] = [turn.text]
            received.tools[:] = turn.tools
        received.usage = _usage(result)
        if turn.tools:
            logger.warning("%s used tools in its turn: %s; its answer is read as data", self.agent.name, ", ".join(turn.tools[:5]))
        self._judge(str(result.get("stopReason")), turn)

    async def _ended(self, answer: asyncio.Task[dict[str, Any]], turn: Turn) -> None:
        """Wait for the end of the turn, as long as something is heard.

        Raises:
            TimeoutError: nothing is.
            Fault: more is said than any answer has.
        """
        while not answer.done():
            turn.stirred.clear()
            stirred = asyncio.create_task(turn.stirred.wait())
            try:
                done, _ = await asyncio.wait({answer, stirred}, timeout=self._idle_s, return_when=asyncio.FIRST_COMPLETED)
            finally:
                stirred.cancel()
            if not done:
                raise TimeoutError
            if turn.letters > LARGEST_BODY:
                answer.cancel()
                raise Fault("broken", f"an answer of more than {LARGEST_BODY // 2**20} MB")

    async def _quiet(self, turn: Turn) -> None:
        until = time.monotonic() + LATEST_S
        with contextlib.suppress(TimeoutError):
            while time.monotonic() < until:
                turn.stirred.clear()
                await asyncio.wait_for(turn.stirred.wait(), QUIET_S)

    def _judge(self, stop: str, turn: Turn) -> None:
        """Raises:
        Fault: the turn ended otherwise than with a whole answer.
        """
        if stop == "max_tokens":
            raise Fault("length", "the agent's own limit of tokens cut the answer, and no client can raise it")
        if stop == "refusal":
            raise Fault("refused", "the agent refuses")
        if stop == "max_turn_requests":
            raise Fault("empty", "the agent gave up after too many requests of its own")
        if stop == "cancelled":
            raise Fault("broken", "the agent cancelled the turn by itself")
        if stop != "end_turn":
            raise Fault("broken", f"the turn stopped for another reason ({shown(stop, 40)})")
        if not turn.text.strip():
            raise Fault("broken", "nothing but reasoning" if turn.thought else "an empty answer")
        fault = instead_of_an_answer(turn.text, self.agent)
        if fault is not None:
            raise fault

    # ------------------------------------------------------------ the crew

    async def _taken(self) -> AgentProcess:
        """A process that waits for work, else a new one; how many there are is the matter of `Turns`."""
        while self._idle:
            process = self._idle.pop()
            if process.alive:
                return process
            self._soon(self._dismiss(process))
        process = AgentProcess(self.agent, self._command, self._environment)
        self._all.add(process)
        try:
            await process.start()
        except BaseException:
            self._soon(self._dismiss(process))
            raise
        self.version = process.version
        return process

    async def _back(self, process: AgentProcess) -> None:
        """Its session is over; it waits for the next, unless it is full of old ones."""
        try:
            async with asyncio.timeout(GRACE_S):
                await process.close_session()
        except (TimeoutError, Refused, Gone) as exc:
            logger.info("%s did not close a session (%s); its process is ended", self.agent.name, type(exc).__name__)
            self._soon(self._dismiss(process))
            return
        except asyncio.CancelledError:
            self._soon(self._dismiss(process))
            raise
        if process.closes or process.sessions < MOST_SESSIONS:
            process.cancelled = False
            self._idle.append(process)
        else:
            self._soon(self._dismiss(process))

    async def _cancelled(self, process: AgentProcess, answer: asyncio.Task[dict[str, Any]]) -> None:
        """What was cancelled may end by itself; if not, the process is ended."""
        done, _ = await asyncio.wait({answer}, timeout=GRACE_S)
        answer.cancel()
        if done and not answer.cancelled() and answer.exception() is None:
            await self._back(process)
        else:
            await self._dismiss(process)

    async def _dismiss(self, process: AgentProcess) -> None:
        await process.end()
        self._all.discard(process)

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        """In the background: nobody waits for an agent's manners at a deadline."""
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)


def _prompt(exchange: Exchange) -> str:
    """All turns in one text: each request has a session of its own, so that a resumed run asks in the same words."""
    first, *rest = worded(exchange, "prompted")
    said = [NO_TOOLS, first.text]
    for turn in rest:
        said.append(f"You answered before:\n{turn.text}" if turn.role == "assistant" else turn.text)
    return "\n\n".join(said)


def _usage(result: Mapping[str, Any]) -> Usage | None:
    """As the agent counts; None: it does not say. The input may or may not hold what came from a cache, the total holds all."""
    counts = mapping(result.get("usage"))
    given, out = count(counts, "inputTokens"), count(counts, "outputTokens")
    total = max(count(counts, "totalTokens"), given + out)
    if not given:
        return None
    completion = min(total, out + count(counts, "thoughtTokens"))
    prompt = total - completion
    return Usage(prompt=prompt, cached=min(prompt, count(counts, "cachedReadTokens")), completion=completion)
