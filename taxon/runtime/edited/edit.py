"""A module that the user has changed: what it is known by, and how far it is from what the compiler printed."""

import difflib
import hashlib
from dataclasses import dataclass

from taxon.runtime.errors import one_line
from taxon.runtime.folder.manifest import Edited


@dataclass(frozen=True)
class Edit:
    """Where a module comes from.

    file: as the user names it. spec: the name of the spec that it was emitted from, where the user says so. emitted:
    the module of that spec.
    """

    file: str
    spec: str | None = None
    emitted: str | None = None

    def difference(self, source: str) -> str:
        """A unified diff from what is emitted to a module; empty where the spec is not known."""
        if self.emitted is None:
            return ""
        before, after = self.emitted.splitlines(), source.splitlines()
        lines = difflib.unified_diff(before, after, f"taxon emit {self.spec}", self.file, lineterm="")
        return "".join(f"{line}\n" for line in lines)

    def record(self, source: str) -> Edited:
        """What a run keeps of it."""
        edited = Edited(module=digest(source), file=one_line(self.file, 1_000))
        if self.emitted is None:
            return edited
        added, removed = changed_lines(self.emitted, source)
        more = {"spec": self.spec, "emitted": digest(self.emitted), "added": added, "removed": removed}
        return edited.model_copy(update=more)


def digest(source: str) -> str:
    """What a module is known by: the SHA-256 of its text, in hexadecimal."""
    return hashlib.sha256(source.encode()).hexdigest()


def changed_lines(before: str, after: str) -> tuple[int, int]:
    """How many lines of a text are new, and how many of the one before are gone, as a diff has them."""
    lines = [*difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")][2:]
    return sum(line.startswith("+") for line in lines), sum(line.startswith("-") for line in lines)
