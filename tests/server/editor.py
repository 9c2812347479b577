"""An editor: a client that speaks the protocol over the standard input and output of `taxon lsp`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from threading import Timer
from typing import Any

PATIENCE = 120  # seconds after which a server that says nothing is taken for dead

Place = tuple[int, int]


class Editor:
    """One session. Texts hold `|` where the cursor is, in what `cursor` takes."""

    def __init__(
        self,
        folder: Path,
        encodings: tuple[str, ...] = (),
        watches: bool = False,
        folders: bool | list[Path] = True,
        able: dict[str, Any] | None = None,
        starts: bool = True,
    ) -> None:
        """`folders` are those that are open: `folder`, none, or several; `able` is what the editor says that it can do;
        one that does not start has sent nothing yet."""
        self.folder = folder
        command = [sys.executable, "-c", "from taxon.cli.main import main; main()", "lsp"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.last = 0
        self.versions: dict[str, int] = {}
        self.published: dict[str, dict[str, Any]] = {}
        self.registered: list[dict[str, Any]] = []
        self.capabilities: dict[str, Any] = {}
        able = {**able} if able else {}
        if encodings:
            able["general"] = {"positionEncodings": list(encodings)}
        if watches:
            able["workspace"] = {"didChangeWatchedFiles": {"dynamicRegistration": True}}
        params: dict[str, Any] = {"processId": None, "rootUri": None, "capabilities": able}
        if isinstance(folders, list):
            params["workspaceFolders"] = [{"uri": each.as_uri(), "name": each.name} for each in folders]
        elif folders:
            params["rootUri"] = folder.as_uri()
        if starts:
            self.start(params)

    def start(self, params: dict[str, Any]) -> None:
        self.capabilities = self.ask("initialize", params)["capabilities"]
        self.tell("initialized", {})

    def close(self) -> int:
        """Shut the server down as the protocol says; its exit code."""
        self.ask("shutdown", None)
        self.tell("exit", None)
        return self.process.wait(PATIENCE)

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def open(self, name: str, text: str) -> list[dict[str, Any]]:
        """Open a document, and return its diagnostics."""
        self.versions[name] = self.versions.get(name, 0) + 1
        document = {"uri": self.uri(name), "languageId": "taxon", "version": self.versions[name], "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        return self.diagnostics(name)

    def change(self, name: str, text: str) -> list[dict[str, Any]]:
        """Replace the text of a document, and return its diagnostics."""
        self.versions[name] += 1
        document = {"uri": self.uri(name), "version": self.versions[name]}
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})
        return self.diagnostics(name)

    def write(self, name: str, text: str) -> None:
        """Put a file on the disk, as another program does."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def complete(self, name: str, text: str) -> dict[str, dict[str, Any]]:
        """Open a document that has its cursor at `|`, and return what is offered there, by label."""
        text, place = cursor(text)
        self.open(name, text)
        return {item["label"]: item for item in self.at("textDocument/completion", name, place)["items"]}

    def shut(self, name: str) -> None:
        self.tell("textDocument/didClose", {"textDocument": {"uri": self.uri(name)}})

    def move(self, folder: Path) -> None:
        """Close every document and the folder, and open another."""
        for name in self.versions:
            self.shut(name)
        ends = {"added": folder, "removed": self.folder}
        event = {end: [{"uri": each.as_uri(), "name": each.name}] for end, each in ends.items()}
        self.tell("workspace/didChangeWorkspaceFolders", {"event": event})
        self.folder, self.versions = folder, {}

    def diagnostics(self, name: str) -> list[dict[str, Any]]:
        """The diagnostics of the version that a document is at."""
        while self.published.get(self.uri(name), {}).get("version") != self.versions[name]:
            self.read()
        return list(self.published[self.uri(name)]["diagnostics"])

    def settled(self, name: str) -> list[dict[str, Any]]:
        """The diagnostics of a document once every check of it is through: an answer about fixes waits for that."""
        nowhere = {"line": 0, "character": 0}
        asked = {"range": {"start": nowhere, "end": nowhere}, "context": {"diagnostics": []}}
        self.ask("textDocument/codeAction", {"textDocument": {"uri": self.uri(name)}, **asked})
        return list(self.published[self.uri(name)]["diagnostics"])

    def at(self, method: str, name: str, place: Place, **more: Any) -> Any:
        """Ask about a place of a document."""
        position = {"line": place[0], "character": place[1]}
        return self.ask(method, {"textDocument": {"uri": self.uri(name)}, "position": position, **more})

    def ask(self, method: str, params: Any) -> Any:
        """The result of a request. Raises ValueError with the message where the server refuses."""
        message = self.answer({"method": method, "params": params})
        if "error" in message:
            raise ValueError(message["error"]["message"])
        return message["result"]

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """The whole answer to a request, whose id is given here."""
        self.last += 1
        self._send({"id": self.last, **message})
        while (answer := self.read()).get("id") != self.last or "method" in answer:
            pass
        return answer

    def tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        self.send(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def send(self, body: bytes) -> None:
        """Send what may be no message."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def hears_hover(self) -> bool:
        """Whether the server answers what it should over a path of the document `open.tx`."""
        found = self.at("textDocument/hover", "open.tx", (5, 4))
        return "gamma" in found["contents"]["value"]

    def read(self) -> dict[str, Any]:
        """The next message, noted if it is one of those that the server sends by itself."""
        assert self.process.stdout is not None
        watch = Timer(PATIENCE, self.process.kill)
        watch.start()
        try:
            length = 0
            while (line := self.process.stdout.readline()).strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            assert length, "the server has ended"
            message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        finally:
            watch.cancel()
        if message.get("method") == "textDocument/publishDiagnostics":
            self.published[message["params"]["uri"]] = message["params"]
        if message.get("method") == "client/registerCapability":
            self.registered += message["params"]["registrations"]
            self._send({"id": message["id"], "result": None})
        return message


def cursor(text: str) -> tuple[str, Place]:
    """A text without its `|`, and where that was, in UTF-16."""
    before, bar, after = text.partition("|")
    assert bar
    line = before.rpartition("\n")[2]
    return before + after, (before.count("\n"), len(line.encode("utf-16-le")) // 2)


def applied(text: str, edits: list[dict[str, Any]]) -> str:
    """A text after the edits of the protocol, which do not overlap."""

    def offset(place: dict[str, int]) -> int:
        lines = text.split("\n")
        line = lines[place["line"]] if place["line"] < len(lines) else ""
        units = line.encode("utf-16-le")[: 2 * place["character"]]
        return sum(len(line) + 1 for line in lines[: place["line"]]) + len(units.decode("utf-16-le"))

    for edit in sorted(edits, key=lambda edit: offset(edit["range"]["start"]), reverse=True):
        start, end = offset(edit["range"]["start"]), offset(edit["range"]["end"])
        text = text[:start] + edit["newText"] + text[end:]
    return text
