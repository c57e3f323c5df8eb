"""A coding agent that misbehaves on purpose: `python acp_agent.py FOLDER`. Independent of the client; standard library only.

FOLDER/script holds one act for each prompt, a line each; the act 'good' answers with FOLDER/answer and goes on for ever after.
Everything that comes in is written to FOLDER/seen, a line for each message; FOLDER/pids tells which processes there are.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

FOLDER = Path(sys.argv[1])
OUT = sys.stdout.buffer


def send(message: dict[str, Any]) -> None:
    OUT.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
    OUT.flush()


def read() -> dict[str, Any]:
    line = sys.stdin.buffer.readline()
    if not line:
        sys.exit(0)
    with (FOLDER / "seen").open("ab") as file:
        file.write(line)
    message: dict[str, Any] = json.loads(line)
    return message


def config(name: str, default: str = "") -> str:
    path = FOLDER / name
    return path.read_text() if path.exists() else default


def next_act() -> str:
    """The first line of the script, which is taken away: a process that is started again goes on with the next."""
    lines = config("script").splitlines()
    if not lines:
        return config("forever", "good")
    (FOLDER / "script").write_text("\n".join(lines[1:]))
    return lines[0]


class Prompt:
    def __init__(self, message: dict[str, Any]) -> None:
        self.id, self.session = message["id"], message["params"]["sessionId"]
        self.answer = config("answer")

    def update(self, session_update: str, **fields: Any) -> None:
        update = {"sessionUpdate": session_update, **fields}
        send({"method": "session/update", "params": {"sessionId": self.session, "update": update}})

    def say(self, text: str) -> None:
        self.update("agent_message_chunk", content={"type": "text", "text": text})

    def tool(self, title: str = "bash: ls") -> None:
        self.update("tool_call", toolCallId="t1", title=title, kind="execute", status="pending")

    def end(self, reason: str = "end_turn", **more: Any) -> None:
        send({"id": self.id, "result": {"stopReason": reason, **more}})

    def error(self, code: int, message: str) -> None:
        send({"id": self.id, "error": {"code": code, "message": message}})

    def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """A request to the client, and its answer, which is kept in FOLDER/replies."""
        send({"id": "of-the-agent", "method": method, "params": {"sessionId": self.session, **params}})
        while True:
            reply = read()
            if reply.get("id") == "of-the-agent":
                with (FOLDER / "replies").open("a") as file:
                    file.write(json.dumps(reply) + "\n")
                return reply

    # ---------------------------------------------------------- acts

    def good(self) -> None:
        half = len(self.answer) // 2
        self.update("agent_thought_chunk", content={"type": "text", "text": "Hm {"})
        self.say(self.answer[:half])
        self.say(self.answer[half:])
        self.end()

    def counts(self) -> None:
        self.say(self.answer)
        counts = {"inputTokens": 100, "outputTokens": 20, "thoughtTokens": 5, "cachedReadTokens": 40, "totalTokens": 165}
        self.end(usage=counts)

    def late(self) -> None:
        self.say(self.answer[:-5])
        self.end()
        time.sleep(0.03)
        self.say(self.answer[-5:])

    def banner(self) -> None:
        OUT.write(b'Welcome to the agent!\n\x1b[1mUpdate available\x1b[0m\n\xff\xfe\n[1, 2]\n{"half": \n\n')
        self.good()

    def chatter(self) -> None:
        self.say("Model metadata for `m` not found.\n\n")
        self.good()

    def other_session(self) -> None:
        mine, self.session = self.session, "somebody-else"
        self.say('{"kit": "made up"}')
        self.session = mine
        self.good()

    def halves(self) -> None:
        """One letter outside of the basic plane in two pieces, as JavaScript streams it."""
        OUT.write(b'{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"%s","update":' % self.session.encode())
        OUT.write(b'{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"\\ud83d"}}}}\n')
        self.good()

    def big(self) -> None:
        self.say(" " * 3_000_000)
        self.good()

    def many(self) -> None:
        for letter in self.answer:
            self.say(letter)
        self.end()

    def strange(self) -> None:
        """Malformed and unknown messages."""
        for line in (
            '{"jsonrpc":"2.0","id":999,"result":{}}',
            '{"id":null}',
            '{"method":7}',
            '{"method":"session/update"}',
            "[" * 5000,
        ):
            OUT.write(line.encode() + b"\n")
        for update in (None, [], {"sessionUpdate": 3}, {"sessionUpdate": "agent_message_chunk", "content": "text"}):
            send({"method": "session/update", "params": {"sessionId": self.session, "update": update}})
        self.update("from_the_future", what={})
        self.update("agent_message_chunk", content={"type": "image", "data": "x"})
        self.good()

    def permission(self) -> None:
        self.tool()
        options = [
            {"optionId": "a", "name": "Allow", "kind": "allow_always"},
            {"optionId": "r", "name": "Reject", "kind": "reject_once"},
        ]
        self.ask("session/request_permission", {"toolCall": {"toolCallId": "t1", "title": "bash: ls"}, "options": options})
        self.good()

    def no_way_to_reject(self) -> None:
        options = [{"optionId": "a", "name": "Allow", "kind": "allow_once"}]
        self.ask("session/request_permission", {"toolCall": {"toolCallId": "t1"}, "options": options})
        self.good()

    def files(self) -> None:
        self.ask("fs/read_text_file", {"path": "/etc/passwd"})
        self.ask("fs/write_text_file", {"path": "x", "content": "x"})
        self.ask("terminal/create", {"command": "ls"})
        self.good()

    def tools(self) -> None:
        self.say('Let me look at {"the": "files')
        self.tool("read\x1b[2J /etc/passwd")
        self.good()

    def cut(self) -> None:
        self.say(self.answer[: len(self.answer) // 2])
        self.end()

    def empty(self) -> None:
        self.end()

    def thinks(self) -> None:
        self.update("agent_thought_chunk", content={"type": "text", "text": self.answer})
        self.end()

    def dies(self) -> None:
        self.say(self.answer[:10])
        sys.stderr.write("\x1b[31mpanic\x1b[0m: key sk-proj-abcdefghijklmnop1234 is bad\n")
        sys.stderr.flush()
        os._exit(3)

    def closes(self) -> None:
        os.close(1)
        time.sleep(30)

    def stderr(self) -> None:
        sys.stderr.write("noise " * 200_000)
        self.good()

    def endless_line(self) -> None:
        for _ in range(40):
            OUT.write(b"x" * 2**20)

    def flood(self) -> None:
        for _ in range(40):
            self.say("x" * 2**20)
        self.end()

    def silent(self) -> None:
        while True:
            message = read()
            if message.get("method") == "session/cancel":
                self.end("cancelled")
                return

    def hangs(self) -> None:
        """Deaf to everything, with a grandchild that has left the process group and ignores SIGTERM."""
        code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
        child = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
        (FOLDER / "grandchild").write_text(str(child.pid))
        time.sleep(60)

    def drips(self) -> None:
        while True:
            self.say(" ")
            time.sleep(0.02)


STOPS = {"max_tokens", "refusal", "max_turn_requests", "cancelled", "teapot"}


def play(prompt: Prompt, act: str) -> None:
    word, _, rest = act.partition(" ")
    if word == "stop":
        prompt.say(prompt.answer[:20])
        prompt.end(rest)
    elif word == "says":
        prompt.say(rest)
        prompt.end()
    elif word == "error":
        code, _, message = rest.partition(" ")
        prompt.error(int(code), message)
    else:
        getattr(prompt, word)()


def hello(message: dict[str, Any]) -> None:
    mood = config("mood")
    if mood == "deaf":
        time.sleep(60)
    elif mood == "no agent":
        sys.stdout.write("usage: this is another program\n")
        sys.exit(2)
    elif mood == "refuses":
        send({"id": message["id"], "error": {"code": -32602, "message": "Invalid params"}})
        return
    version = 2 if mood == "version 2" else 1
    capabilities = {"sessionCapabilities": {"close": {}}} if mood == "closes" else {}
    methods = [
        {"id": "login", "name": "Log in"},
        {"id": "key", "name": "Use a key", "type": "env_var", "vars": [{"name": "AGENT_KEY"}]},
    ]
    result = {
        "protocolVersion": version,
        "agentCapabilities": capabilities,
        "authMethods": methods,
        "agentInfo": {"name": "scripted", "version": "0.1"},
    }
    send({"id": message["id"], "result": result})


def session(message: dict[str, Any], signed_in: bool, number: int) -> None:
    if config("mood") in ("signed out", "needs a key") and not signed_in:
        send({"id": message["id"], "error": {"code": -32000, "message": "Authentication required"}})
        return
    with (FOLDER / "sessions").open("a") as file:
        file.write(
            json.dumps({"cwd": message["params"]["cwd"], "files": [str(path) for path in Path(message["params"]["cwd"]).iterdir()]})
            + "\n"
        )
    options = [
        {
            "id": "model",
            "category": "model",
            "type": "select",
            "currentValue": "small",
            "options": [{"value": "small"}, {"value": "large"}],
        }
    ]
    send({"id": message["id"], "result": {"sessionId": f"s{number}", "configOptions": options}})


def main() -> None:
    with (FOLDER / "pids").open("a") as file:
        file.write(f"{os.getpid()}\n")
    (FOLDER / "environment").write_text(json.dumps(dict(os.environ)))
    signed_in, number = False, 0
    while True:
        message = read()
        method = message.get("method")
        if method == "initialize":
            hello(message)
        elif method == "authenticate":
            signed_in = message["params"]["methodId"] == "key"
            send({"id": message["id"], "result": {}})
        elif method == "session/new":
            number += 1
            session(message, signed_in, number)
        elif method == "session/prompt":
            play(Prompt(message), next_act())
        elif "id" in message:
            send({"id": message["id"], "result": {}})


if __name__ == "__main__":
    main()
