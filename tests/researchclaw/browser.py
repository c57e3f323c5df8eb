"""A headless Chromium, driven by chromedriver over WebDriver's JSON; what a person does, and nothing else."""

import base64
import http.client
import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, Self

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def missing() -> str | None:
    """Why no browser can be had here."""
    lacking = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"{' and '.join(lacking)} not installed (apt-get install chromium chromium-driver)" if lacking else None


class Browser:
    def __init__(self, folder: Path) -> None:
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
        )
        assert self.driver.stdout is not None
        line = next(line for line in self.driver.stdout if "on port" in line and "started successfully" in line)
        self.port = int(line.split("on port ")[1].split(".")[0])
        arguments = [
            "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1400,1500",
            f"--user-data-dir={folder}", "--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        ]  # fmt: skip
        capabilities = {"browserName": "chrome", "goog:chromeOptions": {"args": arguments}}
        self.session = ""
        made = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self.session = f"/session/{made['sessionId']}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.ask("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.communicate(timeout=20)

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, self.session + path, None if body is None else json.dumps(body))
            answer = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(answer, dict) and "error" in answer:
            raise AssertionError(f"{answer['error']}: {answer['message'].splitlines()[0]}")
        return answer

    def open(self, url: str) -> None:
        self.ask("POST", "/url", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def text(self) -> str:
        return str(self.run("return document.body ? document.body.innerText : ''"))

    def wait_for(self, xpath: str, seconds: float = 40) -> Any:
        """The first element that is there and can be seen."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for element in self.ask("POST", "/elements", {"using": "xpath", "value": xpath}):
                if self.run("const r = arguments[0].getClientRects(); return r.length > 0", element):
                    return element
            time.sleep(0.2)
        raise AssertionError(f"never seen: {xpath}; the page says: {self.text()[:2000]}")

    def click(self, xpath: str, seconds: float = 40) -> None:
        element = self.wait_for(xpath, seconds)
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        self.ask("POST", f"/element/{element[ELEMENT]}/click", {})

    def choose(self, xpath: str, value: str) -> None:
        """One option of a select."""
        self.wait_for(f"{xpath}[option[@value='{value}']]")
        option = self.ask("POST", "/element", {"using": "xpath", "value": f"{xpath}/option[@value='{value}']"})
        self.ask("POST", f"/element/{option[ELEMENT]}/click", {})

    def type(self, xpath: str, words: str) -> None:
        element = self.wait_for(xpath)
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        self.ask("POST", f"/element/{element[ELEMENT]}/click", {})
        self.ask("POST", f"/element/{element[ELEMENT]}/value", {"text": words})

    def screenshot(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.ask("GET", "/screenshot")))
