"""The usual coding agents: their commands, what signs them in, and how their tools are taken away.

Denying permissions in the client is no sandbox (OpenCode's own defaults run a shell without asking, measured 2026-11), so each
agent is started without tools in its own way. Commands, packages and effects were measured in 2026-11 with Claude Code
(claude-agent-acp 0.49), Codex (codex-acp 2.6), Gemini CLI 0.61, Copilot CLI 1.0.102, Kimi Code 2.1 and OpenCode 1.18.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import JsonValue

from researchclaw import secret_values
from stages.errors import SettingsError

if TYPE_CHECKING:
    from researchclaw.settings import LlmSettings

ROLE = "You answer one question at a time, from what is written in it, in the form that it asks for. You have no tools."
"""In place of an agent's own instructions where it takes others: tens of kilobytes less in each question."""


@dataclass(frozen=True)
class Agent:
    """`commands`: the first whose program is found is started. `sign_in` of None: it is not known how."""

    name: str
    title: str
    commands: tuple[tuple[str, ...], ...]
    install: str | None = None
    sign_in: str | None = None
    variables: tuple[str, ...] = ()
    """Environment variables that it needs beside the common ones; none that holds a key."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Set for it; `{folder}`, here and in a command, is where `files` are."""
    files: Mapping[str, str] = field(default_factory=dict)
    session_meta: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def to_sign_in(self) -> str:
        """What the user has to do."""
        if self.sign_in is None:
            return "sign in to it in a terminal of your own, or name its key's variable in llm.agent_env"
        return f"run `{self.sign_in}` in a terminal, or name its key's variable in llm.agent_env"

    def command(self, path: str | None) -> tuple[str, ...]:
        """The command to start, with the program's place.

        path: the PATH on which it is looked for.
        Raises:
            SettingsError: the program is not there.
        """
        for program, *words in self.commands:
            place = shutil.which(program, path=path)
            if place is not None:
                return (place, *words)
        how = f"; install it with `{self.install}`" if self.install else ""
        names = " or ".join(f"`{program}`" for program, *_ in self.commands)
        raise SettingsError(f"llm.agent: {names} is not on the PATH{how}.")


AGENTS: Mapping[str, Agent] = {
    agent.name: agent
    for agent in (
        Agent(
            name="claude-code",
            title="Claude Code",
            commands=(("claude-agent-acp",), ("claude-code-acp",)),
            install="npm install -g @agentclientprotocol/claude-agent-acp",
            sign_in="claude /login",
            variables=("CLAUDE_CONFIG_DIR", "CLAUDE_CODE_EXECUTABLE"),
            environment={"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"},
            session_meta={"systemPrompt": ROLE, "claudeCode": {"options": {"tools": [], "settingSources": [], "maxTurns": 1}}},
        ),
        Agent(
            name="codex",
            title="Codex CLI",
            commands=(("codex-acp",),),
            install="npm install -g @agentclientprotocol/codex-acp",
            sign_in="codex login",
            variables=("CODEX_HOME", "CODEX_PATH"),
            environment={
                "INITIAL_AGENT_MODE": "read-only",
                "NO_BROWSER": "1",
                "CODEX_CONFIG": json.dumps(
                    {
                        "sandbox_mode": "read-only",
                        "approval_policy": "never",
                        "project_doc_max_bytes": 0,
                        "model_instructions_file": "{folder}/instructions.md",
                        "web_search": "disabled",
                        "tools": {"view_image": False},
                        "features": {"shell_tool": False, "unified_exec": False, "multi_agent": False, "goals": False},
                    }
                ),
            },
            files={"instructions.md": ROLE},
        ),
        Agent(
            name="gemini",
            title="Gemini CLI",
            commands=(("gemini", "--acp", "--extensions", "none", "--admin-policy", "{folder}/nothing.toml"),),
            install="npm install -g @google/gemini-cli",
            sign_in="gemini",
            variables=("GOOGLE_CLOUD_PROJECT",),
            environment={"GEMINI_SYSTEM_MD": "{folder}/system.md"},
            files={"system.md": ROLE, "nothing.toml": '[[rule]]\ntoolName = "*"\ndecision = "deny"\npriority = 999\n'},
        ),
        Agent(
            name="copilot",
            title="Copilot CLI",
            commands=(("copilot", "--acp", "--available-tools=none", "--no-custom-instructions", "--disable-builtin-mcps"),),
            install="npm install -g @github/copilot",
            sign_in="copilot login",
        ),
        Agent(
            name="kimi",
            title="Kimi Code",
            commands=(("kimi", "acp"),),
            install="npm install -g @moonshot-ai/kimi-code",
            sign_in="kimi login",
        ),
        Agent(
            name="opencode",
            title="OpenCode",
            commands=(("opencode", "acp"),),
            install="npm install -g opencode-ai",
            sign_in="opencode auth login",
            environment={
                "OPENCODE_PERMISSION": json.dumps({"*": "deny"}),
                "OPENCODE_DISABLE_AUTOUPDATE": "1",
                "OPENCODE_CONFIG_CONTENT": json.dumps(
                    {
                        "default_agent": "answers",
                        "agent": {"answers": {"mode": "primary", "prompt": ROLE, "tools": {"*": False}}, "title": {"disable": True}},
                    }
                ),
            },
        ),
    )
}

COMMON = (
    *("HOME", "PATH", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"),
    *("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS"),
)
"""What an agent needs to run, to find what signed it in (a file below HOME, or the desktop's key ring) and to reach its provider."""


def agent_of(llm: LlmSettings) -> Agent:
    """The agent of the settings.

    Raises:
        SettingsError: none is named.
    """
    if llm.agent is None:
        raise SettingsError(f"llm.agent: name the coding agent: {', '.join(AGENTS)}, or its command as a list of words.")
    if isinstance(llm.agent, str):
        return AGENTS[llm.agent]
    if not llm.agent or not llm.agent[0].strip():
        raise SettingsError("llm.agent: the command is empty; give its words, e.g. [my-agent, --acp].")
    name = llm.agent[0].rpartition("/")[2]
    return Agent(name=name, title=name, commands=(tuple(llm.agent),))


def environment_for(agent: Agent, named: tuple[str, ...], ours: Mapping[str, str]) -> dict[str, str]:
    """What the agent gets of our environment: the common variables, its own, and those that the settings name.

    Raises:
        SettingsError: one that the settings name is not set.
    """
    missing = next((name for name in named if name not in ours), None)
    if missing is not None:
        raise SettingsError(f"llm.agent_env: {missing} is not set.")
    passed = {name: ours[name] for name in (*COMMON, *agent.variables) if name in ours}
    for name in named:
        value = ours[name]
        if "://" in value or value.startswith("/"):  # an address or a path is no key
            continue
        if secret_values.SECRET_NAMES.search(name) or secret_values.looks_like_a_key(value):  # a model's name is a word of the record
            secret_values.keep(value)
    return {"TERM": "dumb", "NO_COLOR": "1", **passed, **agent.environment, **{name: ours[name] for name in named}}
