"""A headless Chromium over the DevTools pipe: no driver, no port, no package.

Chromium reads commands from file descriptor 3 and answers on 4, JSON ended by a zero byte (--remote-debugging-pipe).
"""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
MISSING = "no Chromium is installed: nobody looks at the page (on Debian: apt-get install chromium)"
ANSWER_S = 60.0
"""Generous: a start on a busy machine took 9 s."""


class Browser:
    """One page in one process. `noise`: errors and warnings of the console, exceptions, requests beyond the page itself."""

    def __init__(self, profile: Path) -> None:
        assert PROGRAM is not None
        to_child, from_us = os.pipe()
        from_child, to_us = os.pipe()
        command = [
            PROGRAM,
            "--headless=new",
            "--remote-debugging-pipe",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--hide-scrollbars",
            "--force-color-profile=srgb",
            f"--user-data-dir={profile}",
            *(["--no-sandbox"] if os.getuid() == 0 else []),
            "about:blank",
        ]

        # the pipe's ends are moved out of the way first: they may themselves be 3 or 4
        script = f'exec 8<&{to_child} 9>&{to_us}; exec 3<&8 4>&9; exec 8<&- 9>&-; exec "$@"'
        self.process = subprocess.Popen(
            ["/bin/bash", "-c", script, "bash", *command],
            pass_fds=(to_child, to_us),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_child)
        os.close(to_us)
        self._out, self._in = from_us, from_child
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        self._waiting: list[dict[str, Any]] = []
        self.noise: list[str] = []
        targets = self.command("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        self._session = self.command("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            self.command(f"{domain}.enable")

    def close(self) -> None:
        os.close(self._out)
        os.close(self._in)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def command(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + ANSWER_S
        while True:
            answer = self._next(end)
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self._event(answer)

    def wait_for(self, event: str) -> None:
        end = time.monotonic() + ANSWER_S
        while event not in [one.get("method") for one in self._waiting]:
            self._event(self._next(end))
        self._waiting.clear()

    def _next(self, end: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], max(0.0, end - time.monotonic()))
            assert ready, "Chromium gave no answer"
            data = os.read(self._in, 1 << 20)
            assert data, "Chromium ended"
            self._buffer += data
        raw, self._buffer = self._buffer.split(b"\0", 1)
        answer: dict[str, Any] = json.loads(raw)
        return answer

    def _event(self, event: dict[str, Any]) -> None:
        self._waiting.append(event)
        given = event.get("params", {})
        match event.get("method"):
            case "Runtime.exceptionThrown":
                self.noise.append(f"exception: {given['exceptionDetails'].get('text')}")
            case "Runtime.consoleAPICalled":
                self.noise.append(f"console: {given['type']}: {[one.get('value') for one in given['args']]}")
            case "Log.entryAdded" if given["entry"]["level"] in ("error", "warning"):
                self.noise.append(f"log: {given['entry']['text']}")
            case "Page.javascriptDialogOpening":
                self.noise.append(f"dialog: {given['message']}")
            case "Network.requestWillBeSent" if not given["request"]["url"].startswith(("file:", "data:")):
                self.noise.append(f"request: {given['request']['url']}")
            case _:
                pass

    # ---- what a person does

    def open(self, page: Path, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        phone = width < 600
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        scheme = "dark" if dark else "light"
        self.command("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self._waiting.clear()
        self.command("Page.navigate", url=page.as_uri())
        self.wait_for("Page.loadEventFired")

    def ask(self, expression: str) -> Any:
        """The value of an expression in the page."""
        answer = self.command("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key: str, *, shift: bool = False) -> None:
        code = {"Tab": 9, "Enter": 13, " ": 32}[key]
        text = {"Enter": "\r", " ": " "}.get(key, "")
        named = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        self.command("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **named, **({"text": text} if text else {}))
        self.command("Input.dispatchKeyEvent", type="keyUp", **named)

    def screenshot(self, *, whole: bool = False) -> bytes:
        return base64.b64decode(self.command("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"])

    def pdf(self) -> bytes:
        return base64.b64decode(self.command("Page.printToPDF", printBackground=True)["data"])


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    made = Browser(profile)
    try:
        yield made
    finally:
        made.close()
