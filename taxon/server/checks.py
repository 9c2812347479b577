"""Checks beside the requests: one at a time in a thread, of the latest version of each document alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from taxon.server.documents import Document, Documents
from taxon.server.findings import Findings, findings

PAUSE = 0.05  # seconds without a keystroke before a document is checked


class Checks:
    """The checks of the open documents. Everything here runs in the server's loop but the check itself."""

    def __init__(self, documents: Documents, show: Callable[[Document, Findings], None]) -> None:
        self._documents = documents
        self._show = show
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="check")
        self._tasks: dict[str, asyncio.Task[Findings]] = {}
        self._reads: dict[str, frozenset[Path]] = {}

    def begin(self, path: Path, pause: float = PAUSE) -> None:
        """Check the open documents that a changed file matters to: its own, and those that read it. What a document
        reads is known from its last check; while it has none it may read any file."""
        for uri in self._documents.uris:
            if self._documents[uri].path == path or path in self._reads.get(uri, {path}):
                self._begin(uri, pause)

    def begin_all(self) -> None:
        """Check every open document."""
        for uri in self._documents.uris:
            self._begin(uri, PAUSE)

    def forget(self, uri: str) -> None:
        """Drop what is known, or being found out, about a document that is closed."""
        self._reads.pop(uri, None)
        task = self._tasks.pop(uri, None)
        if task is not None:
            task.cancel()

    def stop(self) -> None:
        """End the checks that are under way."""
        for task in self._tasks.values():
            task.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def latest(self, document: Document) -> Findings:
        """What the check of a document finds, once it is through with the latest version."""
        while True:
            task = self._tasks[document.uri]
            await asyncio.wait([task])
            if self._tasks.get(document.uri) in (task, None):
                return task.result()

    def _begin(self, uri: str, pause: float) -> None:
        self.forget(uri)
        self._tasks[uri] = asyncio.ensure_future(self._check(uri, pause))

    async def _check(self, uri: str, pause: float) -> Findings:
        await asyncio.sleep(pause)
        document, texts = self._documents[uri], self._documents.texts
        outdated = Event()
        try:
            here = asyncio.get_running_loop()
            found = await here.run_in_executor(self._thread, findings, document.path, texts, outdated.is_set)
        finally:
            outdated.set()  # a check that is no longer needed ends at the next algorithm
        self._reads[uri] = found.reads
        self._show(document, found)
        return found
