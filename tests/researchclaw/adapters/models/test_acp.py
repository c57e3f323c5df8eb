"""What a coding agent may do wrong, and how a question to it ends: right, or with the right error, and within its deadline."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from researchclaw.adapters.models.acp import dialect, process
from researchclaw.adapters.models.acp.agents import AGENTS, environment_for
from researchclaw.adapters.models.choice import http_model
from researchclaw.adapters.models.exchange import EXCHANGE
from researchclaw.adapters.models.greeting import greet
from researchclaw.adapters.models.memory import Memory
from researchclaw.adapters.models.model import HttpModel
from researchclaw.journal import Journal, ModelRequestFailed, entries
from researchclaw.settings import LlmSettings, Settings, load
from researchclaw.spending import spending
from researchclaw.wiring import researcher_of
from stages.a_scoping.topic_init import TopicQuestion, TopicReading
from stages.errors import BudgetSpent, MalformedAnswer, ModelRefused, ModelUnavailable, QuestionTooLong, ResearchError, SettingsError

PYTHON = (sys.executable, "-I", "-S")
AGENT = Path(__file__).with_name("acp_agent.py")
OURS = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "OPENAI_API_KEY": "sk-ours", "SSH_AUTH_SOCK": "/s", "AGENT_KEY": "its-key"}


class Scripted:
    """The agent's folder as its director and witness."""

    def __init__(self, folder: Path, answer: str) -> None:
        self.folder = folder
        self.write("answer", answer)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def lines(self, name: str) -> list[Any]:
        path = self.folder / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def methods(self) -> list[str]:
        return [message["method"] for message in self.lines("seen") if "method" in message]

    @property
    def prompts(self) -> list[str]:
        return [m["params"]["prompt"][0]["text"] for m in self.lines("seen") if m.get("method") == "session/prompt"]

    @property
    def pids(self) -> list[int]:
        return self.lines("pids")


@pytest.fixture
def agent(tmp_path: Path, truth: TopicReading) -> Scripted:
    folder = tmp_path / "agent"
    folder.mkdir()
    return Scripted(folder, truth.model_dump_json())


Mind = Callable[..., HttpModel]


@pytest.fixture
def acp(agent: Scripted, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mind]:
    """Makes a model over `agent` and `journal`; afterwards no process of the agent is left."""
    monkeypatch.setattr(dialect, "GRACE_S", 0.3)
    monkeypatch.setattr(dialect, "QUIET_S", 0.06)
    monkeypatch.setattr(process, "START_S", 5)
    made: list[HttpModel] = []

    def make(environment: dict[str, str] | None = None, **settings: Any) -> HttpModel:
        short = {"deadline_sec": 8, "idle_sec": 0.35, "retry_sec": 0.02, "agent": (*PYTHON, str(AGENT), str(agent.folder))}
        llm = LlmSettings.model_validate({"provider": "acp", **short, **settings})
        made.append(http_model(llm, "0123456789abcdef", Memory(journal), environment or OURS))
        return made[-1]

    yield make
    for model in made:
        model.close()
    assert not [pid for pid in agent.pids if _lives(pid)]


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _gone(pid: int, within_s: float = 5) -> bool:
    until = time.monotonic() + within_s
    while _lives(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return not _lives(pid)


WRONG_FORM = 'says {"kit": 7, "made_up": true}'

RIGHT: dict[str, tuple[str, int]] = {
    # name -> the script, and the prompts that it takes to come right
    "streamed in pieces": ("good", 1),
    "a piece after the end of the turn": ("late", 1),
    "a banner and garbage on stdout": ("banner", 1),
    "a warning in front of the answer": ("chatter", 1),
    "pieces of another session": ("other_session", 1),
    "half a letter": ("halves", 1),
    "a message of 3 MB": ("big", 1),
    "a message for each letter": ("many", 1),
    "malformed and unknown messages": ("strange", 1),
    "a permission is asked for": ("permission", 1),
    "a permission that can only be granted": ("no_way_to_reject", 1),
    "files and a terminal are asked for": ("files", 1),
    "a tool is used": ("tools", 1),
    "a megabyte on stderr": ("stderr", 1),
    "the answer is cut, and the turn ends properly": ("cut", 2),
    "the wrong form": (WRONG_FORM, 2),
    "an empty answer": ("empty", 2),
    "nothing but reasoning": ("thinks", 2),
    "it dies in the middle": ("dies", 2),
    "it dies twice": ("dies\ndies", 3),
    "it closes its output and stays": ("closes", 2),
    "a line without an end": ("endless_line", 2),
    "an answer without an end": ("flood", 2),
    "silence": ("silent", 2),
    "silence, deaf to a cancel": ("hangs", 2),
    "an overloaded provider, as text": ("says API Error: 529 Overloaded", 2),
    "a rate limit, as text": ("says Error: 429 too many requests", 2),
    "an error of its own": ("error -32603 Internal error", 2),
    "it cancels by itself": ("stop cancelled", 2),
    "a stop reason of another version": ("stop teapot", 2),
}


def test_what_is_let_pass_costs_nothing(
    acp: Mind, agent: Scripted, question: TopicQuestion, truth: TopicReading, journal: Journal
) -> None:
    """All in one process: what was strange in one session is not in the way of the next."""
    model = acp()
    let_pass = {name: script for name, (script, prompts) in RIGHT.items() if prompts == 1}
    for number, (name, script) in enumerate(let_pass.items(), start=1):
        agent.write("script", script)
        assert model.ask(question.model_copy(update={"topic": f"{name}?"}), TopicReading) == truth, name
        assert len(agent.prompts) == number, (name, [str(failed) for failed in journal.events(ModelRequestFailed)])
    assert len(let_pass) >= 12
    assert len(agent.pids) == 1


@pytest.mark.parametrize("name", [name for name, (_, prompts) in RIGHT.items() if prompts > 1])
def test_it_comes_right(name: str, acp: Mind, agent: Scripted, question: TopicQuestion, truth: TopicReading, journal: Journal) -> None:
    script, prompts = RIGHT[name]
    agent.write("script", script)
    assert acp().ask(question, TopicReading) == truth
    assert len(agent.prompts) == prompts, [str(failed) for failed in journal.events(ModelRequestFailed)]
    assert spending(journal.path).requests == prompts


WRONG: dict[str, tuple[str, type[ResearchError], str, int]] = {
    # name -> the act for ever after, the error, words in its message, prompts at most
    "cut by its limit": ("stop max_tokens", QuestionTooLong, "its own limit|own limit of tokens", 1),
    "a limit of tokens as an error": ("error -32603 exceeded the 64000 output token maximum", QuestionTooLong, "64000", 1),
    "refusal": ("stop refusal", ModelRefused, "refuses", 1),
    "too many requests of its own": ("stop max_turn_requests", ModelUnavailable, "too many requests of its own", 1),
    "a used-up subscription": ("says You've hit your usage limit. Try again at 7 pm.", BudgetSpent, "usage limit", 1),
    "an empty account": ("error -32603 Credit balance is too low", BudgetSpent, "Credit balance", 1),
    "signed out at the prompt": ("error -32000 Authentication required", SettingsError, "not signed in", 1),
    "signed out, as text": ("says Invalid API key · Please run /login", SettingsError, "not signed in", 1),
    "the wrong form for ever": (WRONG_FORM, MalformedAnswer, "kit", 3),
    "chatter for ever": ("says I would take the first kit.", MalformedAnswer, "no JSON", 3),
    "a crash for ever": ("dies", ModelUnavailable, r"ended with code 3; it said: panic: key \[a key\] is bad", 4),
    "silence for ever": ("silent", ModelUnavailable, "no word for 0.35 s", 4),
    "a stream without an end": ("drips", ModelUnavailable, "within 1.2 s", 1),
}


@pytest.mark.parametrize("name", WRONG)
def test_it_ends_with_the_right_error(name: str, acp: Mind, agent: Scripted, question: TopicQuestion, journal: Journal) -> None:
    forever, error, words, prompts = WRONG[name]
    agent.write("forever", forever)
    deadline_s = 1.2 if name == "a stream without an end" else 8
    began = time.monotonic()
    with pytest.raises(error, match=f"(?i){words}") as caught:
        acp(deadline_sec=deadline_s).ask(question, TopicReading)
    assert time.monotonic() - began < deadline_s + 1
    assert len(agent.prompts) <= prompts
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert "abcdefghijklmnop1234" not in journal.path.read_text()
    assert len(journal.events(ModelRequestFailed)) == len(agent.prompts) or error is MalformedAnswer


START = {
    "no agent": "is no agent of ACP: the agent ended with code 2; it said: usage",
    "deaf": "did not answer the handshake",
    "refuses": "refused the handshake of ACP: Invalid params",
    "version 2": "scripted 0.1 speaks version 2 of ACP",
    "signed out": r"not signed in \(it offers: Log in, Use a key\)",
}


@pytest.mark.parametrize("mood", START)
def test_an_agent_that_cannot_be_used_is_the_users_to_mend(
    mood: str, acp: Mind, agent: Scripted, question: TopicQuestion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "START_S", 1)
    agent.write("mood", mood)
    with pytest.raises(SettingsError, match=START[mood]) as caught:
        acp().ask(question, TopicReading)
    assert len(agent.pids) == 1
    assert str(caught.value).count("\n") == 0


def test_a_program_that_does_not_start_says_why(acp: Mind, question: TopicQuestion, tmp_path: Path) -> None:
    program = tmp_path / "broken"
    program.write_text("#!/no/such/interpreter\n")
    program.chmod(0o755)
    with pytest.raises(SettingsError, match=r"code 127; it said: .*broken: No such file"):
        acp(agent=(str(program),)).ask(question, TopicReading)


def test_a_key_that_the_settings_name_signs_in_and_nothing_else_does(
    acp: Mind, agent: Scripted, question: TopicQuestion, truth: TopicReading
) -> None:
    agent.write("mood", "needs a key")
    assert acp(agent_env=("AGENT_KEY",)).ask(question, TopicReading) == truth
    (signed,) = [message for message in agent.lines("seen") if message.get("method") == "authenticate"]
    assert signed["params"] == {"methodId": "key"}


def test_the_agent_gets_its_home_and_no_secret_of_ours(acp: Mind, agent: Scripted, question: TopicQuestion) -> None:
    acp().ask(question, TopicReading)
    given = json.loads((agent.folder / "environment").read_text())
    assert given["HOME"] == "/nowhere"
    assert not {"OPENAI_API_KEY", "SSH_AUTH_SOCK", "AGENT_KEY"} & given.keys()


def test_nothing_is_offered_and_nothing_is_allowed(acp: Mind, agent: Scripted, question: TopicQuestion) -> None:
    agent.write("script", "permission")
    acp().ask(question, TopicReading)
    agent.write("script", "no_way_to_reject")
    acp().ask(question.model_copy(update={"topic": "another?"}), TopicReading)
    agent.write("script", "files")
    acp().ask(question.model_copy(update={"topic": "a third?"}), TopicReading)
    reject, cancel, *others = agent.lines("replies")
    assert reject["result"] == {"outcome": {"outcome": "selected", "optionId": "r"}}
    assert cancel["result"] == {"outcome": {"outcome": "cancelled"}}
    assert [reply["error"]["code"] for reply in others] == [-32601] * 3
    hello = agent.lines("seen")[0]["params"]
    assert hello["clientCapabilities"] == {"fs": {"readTextFile": False, "writeTextFile": False}, "terminal": False}


def test_every_question_has_an_empty_folder_and_a_session_of_its_own(acp: Mind, agent: Scripted, question: TopicQuestion) -> None:
    model = acp()
    for topic in ("one?", "two?"):
        model.ask(question.model_copy(update={"topic": topic}), TopicReading)
    first, second = agent.lines("sessions")
    assert first["files"] == second["files"] == []
    assert first["cwd"] != second["cwd"]
    assert len(agent.pids) == 1
    assert all(message["params"]["mcpServers"] == [] for message in agent.lines("seen") if message.get("method") == "session/new")
    model.close()
    assert not Path(first["cwd"]).parent.exists()


def test_a_tool_that_was_used_stands_on_the_record(acp: Mind, agent: Scripted, question: TopicQuestion, journal: Journal) -> None:
    agent.write("script", "tools")
    acp().ask(question, TopicReading)
    (entry,) = [entry for entry in entries(journal.path) if entry.kind == EXCHANGE]
    assert isinstance(entry.body, dict)
    assert entry.body["tools"] == ["read [2J /etc/passwd"]


def test_a_repair_tells_what_was_said_and_what_is_wrong(acp: Mind, agent: Scripted, question: TopicQuestion) -> None:
    agent.write("script", WRONG_FORM)
    acp().ask(question, TopicReading)
    first, second = agent.prompts
    assert second.startswith(first)
    assert 'You answered before:\n{"kit": 7, "made_up": true}' in second
    assert "This answer cannot be taken" in second


def test_tokens_are_those_of_the_agent_or_estimated_and_said_to_be(
    acp: Mind, agent: Scripted, question: TopicQuestion, journal: Journal
) -> None:
    agent.write("script", "counts\ngood")
    model = acp()
    for topic in ("one?", "two?"):
        model.ask(question.model_copy(update={"topic": topic}), TopicReading)
    costs = [entry.body["cost"] for entry in entries(journal.path) if entry.kind == EXCHANGE and isinstance(entry.body, dict)]
    told, guessed = costs
    assert (told["usage"]["prompt"], told["usage"]["cached"], told["usage"]["completion"]) == (140, 40, 25)
    assert (told["usage"]["estimated"], guessed["usage"]["estimated"]) == (False, True)
    assert told["usd"] is guessed["usd"] is None


def test_a_limit_of_tokens_stops_and_one_of_money_is_refused(acp: Mind, agent: Scripted, question: TopicQuestion) -> None:
    with pytest.raises(BudgetSpent, match="budget_tokens"):
        acp(budget_tokens=100).ask(question, TopicReading)
    assert not agent.prompts
    with pytest.raises(SettingsError, match=r"llm\.budget_usd: .*budget_tokens"):
        acp(budget_usd=1.0)


def test_a_model_is_chosen_among_those_offered(acp: Mind, agent: Scripted, question: TopicQuestion, truth: TopicReading) -> None:
    assert acp(model="large").ask(question, TopicReading) == truth
    (chosen,) = [message["params"] for message in agent.lines("seen") if message.get("method") == "session/set_config_option"]
    assert (chosen["configId"], chosen["value"]) == ("model", "large")
    with pytest.raises(SettingsError, match="no model 'huge'; it offers small, large"):
        acp(model="huge").ask(question, TopicReading)


def test_questions_are_asked_at_once_each_in_a_process(
    acp: Mind, agent: Scripted, question: TopicQuestion, truth: TopicReading
) -> None:
    model = acp(concurrency=3)
    questions = [question.model_copy(update={"topic": f"{number}?"}) for number in range(9)]
    with ThreadPoolExecutor(9) as pool:
        assert set(pool.map(lambda one: model.ask(one, TopicReading), questions)) == {truth}
    assert len(agent.prompts) == 9
    assert 1 <= len(agent.pids) <= 3


def test_sessions_are_closed_or_the_process_is_replaced(
    acp: Mind, agent: Scripted, question: TopicQuestion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialect, "MOST_SESSIONS", 2)
    model = acp()
    for number in range(4):
        model.ask(question.model_copy(update={"topic": f"{number}?"}), TopicReading)
    assert len(agent.pids) == 2
    agent.write("mood", "closes")
    for number in range(4, 8):
        model.ask(question.model_copy(update={"topic": f"{number}?"}), TopicReading)
    assert len(agent.pids) <= 4
    assert "session/close" in agent.methods()


def test_at_the_deadline_the_turn_is_cancelled_and_the_process_serves_on(
    acp: Mind, agent: Scripted, question: TopicQuestion, truth: TopicReading
) -> None:
    agent.write("script", "silent")
    model = acp(deadline_sec=1.0, idle_sec=30)
    with pytest.raises(ModelUnavailable, match="within 1 s"):
        model.ask(question, TopicReading)
    assert model.ask(question, TopicReading) == truth
    assert "session/cancel" in agent.methods()
    assert len(agent.pids) == 1


def test_a_deaf_agent_is_killed_with_everything_that_it_started(acp: Mind, agent: Scripted, question: TopicQuestion) -> None:
    agent.write("forever", "hangs")
    with pytest.raises(ModelUnavailable, match="within 1 s"):
        acp(deadline_sec=1.0, idle_sec=30).ask(question, TopicReading)
    assert _gone(agent.pids[0])
    assert _gone(int((agent.folder / "grandchild").read_text()))


def test_an_agent_does_not_outlive_a_program_that_was_killed(agent: Scripted, question: TopicQuestion) -> None:
    agent.write("forever", "hangs")
    program = (
        "import sys; from researchclaw.adapters.models.choice import http_model; from researchclaw.settings import LlmSettings\n"
        "from researchclaw.adapters.models.greeting import Greeting, Ready\n"
        "llm = LlmSettings(provider='acp', agent=tuple(sys.argv[1:]))\n"
        "http_model(llm, 'x').ask_text(Greeting(), 'hello', Ready)\n"
    )
    root = str(Path(__file__).parents[4])
    ours = subprocess.Popen(
        [sys.executable, "-c", program, *PYTHON, str(AGENT), str(agent.folder)], env={**os.environ, "PYTHONPATH": root}
    )
    until = time.monotonic() + 20
    while not (agent.folder / "grandchild").exists() and time.monotonic() < until:
        time.sleep(0.05)
    ours.kill()
    ours.wait()
    assert _gone(agent.pids[0])
    assert _gone(int((agent.folder / "grandchild").read_text()))
    folder = Path(agent.lines("sessions")[0]["cwd"]).parent
    until = time.monotonic() + 5
    while folder.exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert not folder.exists()


def test_an_answer_is_paid_for_once(acp: Mind, agent: Scripted, question: TopicQuestion) -> None:
    acp().ask(question, TopicReading)
    acp().ask(question, TopicReading)
    assert len(agent.prompts) == 1


# ---------------------------------------------------------------- settings and the doctor


def test_the_settings_take_a_name_or_a_command_and_never_a_key(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    for text, agent in (("codex", "codex"), ("[my-agent, --acp]", ("my-agent", "--acp"))):
        file.write_text(f"llm:\n  provider: acp\n  agent: {text}\n")
        assert load(file).llm.agent == agent
    file.write_text("llm:\n  agent: klaude\n")
    with pytest.raises(SettingsError, match="allowed: claude-code, codex, gemini, copilot, kimi or opencode or a list of texts"):
        load(file)
    file.write_text("llm:\n  agent_env: [not-a-name-but-1234567890]\n")
    with pytest.raises(SettingsError, match="name of an environment variable") as caught:
        load(file)
    assert "1234567890" not in str(caught.value)


def test_the_paper_names_the_agent_that_thought() -> None:
    llm = LlmSettings(provider="acp", agent="claude-code")
    assert researcher_of(Settings(llm=llm)) == "Claude Code"
    assert researcher_of(Settings(llm=llm.model_copy(update={"model": "opus"}))) == "Claude Code (opus)"


def test_an_agent_that_is_not_installed_is_named_with_its_remedy() -> None:
    with pytest.raises(SettingsError, match=r"llm\.agent: `codex-acp` is not on the PATH; install it with `npm install -g"):
        http_model(LlmSettings(provider="acp", agent="codex"), "", environment={"PATH": "/nowhere"})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, r"llm\.agent: name the coding agent: claude-code, codex"),
        ({"agent": ()}, "the command is empty"),
        ({"agent": "codex", "agent_env": ("NOT_SET_HERE",)}, "NOT_SET_HERE is not set"),
        ({"agent": ("true",), "fallback": ("gpt-5",)}, "'gpt-5' is not of the form"),
        ({"agent": ("true",), "judge": "acp:other"}, "no agent 'other'"),
    ],
)
def test_what_is_wrong_in_the_settings_is_said_before_the_run(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        http_model(LlmSettings.model_validate({"provider": "acp", **settings}), "", environment={"PATH": os.environ["PATH"]})


def test_a_stand_in_may_be_an_endpoint(acp: Mind, agent: Scripted, server: Any, question: TopicQuestion, truth: TopicReading) -> None:
    agent.write("forever", "stop refusal")
    model = acp(fallback=("openai:good-model",), environment={**OURS, "OPENAI_API_KEY": "k"})
    model._seats[1].dialect._endpoint = type(model._seats[1].dialect._endpoint)(server.url, {}, 1)  # type: ignore[attr-defined]
    assert model.ask(question, TopicReading) == truth
    assert len(server.seen) == 1


@pytest.mark.parametrize("name", AGENTS)
def test_no_agent_gets_a_key_without_being_told(name: str) -> None:
    ours = {"PATH": "/bin", "HOME": "/h", "ANTHROPIC_API_KEY": "a", "OPENAI_API_KEY": "o", "GEMINI_API_KEY": "g", "GH_TOKEN": "t"}
    given = environment_for(AGENTS[name], (), ours)
    assert given["HOME"] == "/h"
    assert not {"ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "GH_TOKEN"} & given.keys()
    assert environment_for(AGENTS[name], ("GEMINI_API_KEY",), ours)["GEMINI_API_KEY"] == "g"


def test_the_doctor_proves_an_agent_with_one_tiny_question(agent: Scripted) -> None:
    agent.write("answer", '{"ready": true}')
    llm = LlmSettings(provider="acp", agent=(*PYTHON, str(AGENT), str(agent.folder)))
    assert "(scripted 0.1) answered over ACP in " in greet(llm, OURS)
    agent.write("mood", "signed out")
    with pytest.raises(SettingsError, match="not signed in"):
        greet(llm, OURS)
    assert all(_gone(pid) for pid in agent.pids)
