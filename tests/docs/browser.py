"""Chromium by its DevTools protocol: a page at a width, in light or dark, what a script finds in it, and a picture."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0")


class Tab:
    """One page at a time."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._count = 0
        (target,) = [each for each in self._send("Target.getTargets")["targetInfos"] if each["type"] == "page"]
        attached = self._send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session: str | None = attached["sessionId"]
        self._send("Page.enable")

    _session: str | None = None

    def open(self, address: str, width: int = 1280, height: int = 900, scheme: str = "light") -> None:
        """Load a page and wait for its last script."""
        self._send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self._send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self._send("Page.navigate", url=address)
        self._wait("Page.loadEventFired")

    def value(self, script: str) -> Any:
        """What an expression is in the page; a promise is waited for."""
        done = self._send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def picture(self, whole: bool = False) -> bytes:
        """A PNG of what is seen, or of the whole page."""
        return base64.b64decode(self._send("Page.captureScreenshot", captureBeyondViewport=whole)["data"])

    def _send(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._connection.send(json.dumps(message))
        while True:
            answer = json.loads(self._connection.recv(timeout=60))
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return dict(answer["result"])

    def _wait(self, event: str) -> None:
        while json.loads(self._connection.recv(timeout=60)).get("method") != event:
            pass


@contextmanager
def chromium(folder: Path) -> Iterator[Tab]:
    """A browser with a profile of its own in a folder."""
    command = ["chromium", *OPTIONS, f"--user-data-dir={folder}", "about:blank"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stderr is not None
            address = next(
                found[1] for line in process.stderr if (found := re.search(r"listening on (ws://\S+)", line))
            )
            with connect(address, max_size=None) as connection:
                yield Tab(connection)
        finally:
            process.terminate()
