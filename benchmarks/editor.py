"""How long a hover takes while a large spec is checked: `python -m benchmarks.editor`.

A client changes a spec of some 2,000 lines over the protocol, waits a little longer than the server does before it
checks, and then hovers again and again until the diagnostics of that version have come. What a hover takes then is what
somebody who types waits for.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any

LINES = 2_042
CHANGES = 5
BEFORE = 0.1  # seconds from a change to the first hover


def spec(gamma: str) -> str:
    """A spec of LINES lines, an algorithm in four."""
    body = [
        f"algorithm a{i} extends sac {{\n  gamma = {gamma}\n  network {{ activation = elu }}\n}}"
        for i in range(LINES // 4)
    ]
    return "\n".join(["taxon 1", "import std.sac", *body]) + "\n"


class Client:
    """Just enough of an editor to open, to change and to hover."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-c", "from taxon.cli.main import main; main()", "lsp"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.uri = (folder / "large.tx").as_uri()
        self.version = 0  # of the document, as it was sent
        self.checked = 0  # of the document, as its diagnostics came
        self.last = 0
        self.ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": {}})
        self.tell("initialized", {})

    def open(self, text: str) -> None:
        self.version = 1
        document = {"uri": self.uri, "languageId": "taxon", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})

    def change(self, text: str) -> None:
        self.version += 1
        document = {"uri": self.uri, "version": self.version}
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def hover(self) -> float:
        """Seconds that an answer took."""
        begun = perf_counter()
        self.ask("textDocument/hover", {"textDocument": {"uri": self.uri}, "position": {"line": 3, "character": 3}})
        return perf_counter() - begun

    def tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: Any) -> None:
        self.last += 1
        self._send({"id": self.last, "method": method, "params": params})
        while self.read().get("id") != self.last:
            pass

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        length = 0
        while (line := self.process.stdout.readline()).strip():
            if line.startswith(b"Content-Length:"):
                length = int(line.split(b":")[1])
        message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self.checked = message["params"]["version"]
        return message

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        client = Client(Path(folder))
        client.open(spec("0.9"))
        while client.checked < client.version:
            client.read()
        quiet = [client.hover() for _ in range(20)]
        first: list[float] = []
        later: list[float] = []
        checks: list[float] = []
        for number in range(CHANGES):
            begun = perf_counter()
            client.change(spec(f"0.9{number}"))
            sleep(BEFORE)
            first.append(client.hover())
            while client.checked < client.version:
                later.append(client.hover())
            checks.append(perf_counter() - begun)
        client.ask("shutdown", None)
        client.tell("exit", None)
        client.process.wait(60)
    print(f"hover, nothing else to do      median {1e3 * median(quiet):6.1f} ms   longest {1e3 * max(quiet):6.1f} ms")
    print(f"first hover after a change     median {1e3 * median(first):6.1f} ms   longest {1e3 * max(first):6.1f} ms")
    if later:
        print(
            f"hovers after it, while checked median {1e3 * median(later):6.1f} ms   longest {1e3 * max(later):6.1f} ms"
        )
    print(f"a change to its diagnostics    median {median(checks):6.2f} s")


if __name__ == "__main__":
    main()
