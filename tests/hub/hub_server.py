"""A server on this machine that stands in for the hub: it records what its client sends, and gives files back."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" + "0" * 34
TOKEN = "hf_of_these_tests"


@dataclass
class Hub:
    """Repositories by their names, and what was asked of the server."""

    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    private: dict[str, bool] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)  # of large files, by their digests
    requests: list[str] = field(default_factory=list)
    claimed: dict[str, int] = field(default_factory=dict)  # file -> a size that is not its own
    url: str = ""


class Handler(BaseHTTPRequestHandler):
    """One request. The protocol is that of huggingface_hub without Xet."""

    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""

    def answer(self, content: Any, status: int = 200, **headers: str) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status: int, code: str, message: str) -> None:
        self.answer({"error": message}, status, X_Error_Code=code, X_Error_Message=message)

    def handle_one(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(self.path).path).strip("/")
        self.hub.requests.append(f"{self.command} {path}")
        parts = path.split("/")
        sends = self.command in ("POST", "PUT") and parts[0] != "objects" and path != "api/validate-yaml"
        if sends and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.refuse(401, "", "Invalid username or password.")
        elif path == "api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}" if asked.get("organization") else asked["name"]
            self.hub.files.setdefault(name, {})
            self.hub.private[name] = asked.get("visibility") == "private"
            self.answer({"url": f"{self.hub.url}/{name}"})
        elif path == "api/validate-yaml":
            self.answer({"errors": [], "warnings": []})
        elif parts[0] == "objects":
            self.hub.objects[parts[1]] = body
            self.answer(b"")
        elif path.endswith("/info/lfs/objects/batch"):
            asked = json.loads(body)["objects"]
            given = [
                {**each, "actions": {"upload": {"href": f"{self.hub.url}/objects/{each['oid']}"}}} for each in asked
            ]
            self.answer({"transfer": "basic", "objects": given})
        elif parts[:2] == ["api", "models"]:
            self.models("/".join(parts[2:4]), parts[4:], body)
        elif len(parts) >= 5 and parts[2] == "resolve":
            self.resolve("/".join(parts[:2]), "/".join(parts[4:]))
        else:
            self.refuse(404, "EntryNotFound", "no such page")

    def models(self, name: str, rest: list[str], body: bytes) -> None:
        files = self.hub.files.get(name)
        if files is None:
            self.refuse(401, "RepoNotFound", "Repository not found")
        elif rest[:1] == ["preupload"]:
            paths = [each["path"] for each in json.loads(body)["files"]]
            modes = {path: "lfs" if path.endswith(".safetensors") else "regular" for path in paths}
            self.answer(
                {"files": [{"path": path, "uploadMode": mode, "shouldIgnore": False} for path, mode in modes.items()]}
            )
        elif rest[:1] == ["commit"]:
            for line in map(json.loads, body.splitlines()):
                value = line["value"]
                if line["key"] == "header":
                    self.hub.messages.append(value["summary"])
                elif line["key"] == "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                elif line["key"] == "lfsFile":
                    files[value["path"]] = self.hub.objects[value["oid"]]
            self.answer({"commitUrl": f"{self.hub.url}/{name}/commit/{COMMIT}", "commitOid": COMMIT, "success": True})
        elif rest[:1] == ["revision"] and rest[1] not in ("main", COMMIT):
            self.refuse(404, "RevisionNotFound", "Invalid rev id")
        else:
            siblings = [
                {"rfilename": path, "size": self.hub.claimed.get(path, len(content)), "blobId": "0" * 40}
                for path, content in files.items()
            ]
            self.answer(
                {"id": name, "modelId": name, "sha": COMMIT, "siblings": siblings, "tags": [], "private": False}
            )

    def resolve(self, name: str, file: str) -> None:
        content = self.hub.files.get(name, {}).get(file)
        if content is None:
            self.refuse(404, "EntryNotFound", "Entry not found")
            return
        digest = hashlib.sha256(content).hexdigest()
        self.answer(content, ETag=f'"{digest}"', X_Repo_Commit=COMMIT, X_Linked_ETag=f'"{digest}"')

    do_GET = do_HEAD = do_POST = do_PUT = handle_one  # noqa: N815 names of http.server


@contextmanager
def serving() -> Iterator[Hub]:
    """A server on a free port of this machine alone."""
    hub = Hub()
    handler = type("OwnHandler", (Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
