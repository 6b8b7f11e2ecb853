"""A headless Chromium, spoken to by its DevTools protocol: one process, one tab, no driver.

Chromium is the Debian package; where it is absent the test is skipped, saying so.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from websockets.sync.client import ClientConnection, connect

PATIENCE = 40.0
NAMES = ("chromium", "chromium-browser", "google-chrome")


class Browser:
    """One tab."""

    def __init__(self, socket: ClientConnection):
        self._socket, self._number = socket, 0

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Call the protocol and return its answer; events that come before it are passed over."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(PATIENCE))
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def run(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        found = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            raise RuntimeError(f"{script}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def wait(self, script: str) -> Any:
        """Return an expression's value as soon as it is true; the page may be on its way to another one meanwhile."""

        def look() -> Any:
            try:
                return self.run(script)
            except RuntimeError:
                return None

        return _poll(look, lambda: f"never true: {script}\nThe page says: {self.run('document.body.innerText')}")

    def open(self, url: str) -> None:
        """Go to an address and wait until it is there."""
        self.send("Page.navigate", url=url)
        self.wait(f"location.href.startsWith({json.dumps(url)}) && document.readyState === 'complete'")

    def press(self, key: str, code: int) -> None:
        """Press a key, as a user without a mouse does."""
        for kind in ("keyDown", "keyUp"):
            self.send(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=code,
                text="\r" if key == "Enter" and kind == "keyDown" else "",
            )

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.send("Input.insertText", text=text)

    def show(self, width: int, height: int = 800, *, dark: bool = False, scale: float = 1) -> None:
        """Set the size of the window, and whether the user likes it dark."""
        size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 500}
        self.send("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, path: Path) -> None:
        """Save what is shown as PNG."""
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))


def program() -> str:
    """Return where Chromium is; skips the test where it is not."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("THE PAGE IS NOT TESTED IN A BROWSER: there is no chromium (apt-get install chromium)")
    return found


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """A browser without history; its profile lies in `folder`."""
    options = ["--headless=new", "--remote-debugging-port=0", f"--user-data-dir={folder}", "--disable-dev-shm-usage"]
    options += ["--no-first-run", "--disable-gpu", "--disable-extensions", "--no-proxy-server"]
    # Chromium's own sandbox does not run as root, as which containers test.
    options += ["--no-sandbox"] if os.geteuid() == 0 else []
    process = subprocess.Popen(
        [program(), *options, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with connect(_address(folder), max_size=None, proxy=None) as socket:
            yield Browser(socket)
    finally:
        process.terminate()
        process.wait()


def _address(folder: Path) -> str:
    found = folder / "DevToolsActivePort"
    port = _poll(lambda: found.exists() and found.read_text().split("\n")[0], lambda: "Chromium did not come up")

    def tab() -> str | None:
        tabs = requests.get(f"http://127.0.0.1:{port}/json/list", timeout=PATIENCE).json()
        return next((tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"), None)

    address: str = _poll(tab, lambda: "Chromium has no tab")
    return address


def _poll(look: Callable[[], Any], otherwise: Callable[[], str]) -> Any:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(otherwise())
