"""Files of the language written for a test."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_schema import SMALL_SCHEMA, Load, Write, no_rules

from taxon.semantics import Resolution, load_spec


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of the language; the edition is added."""

    def write(text: str, name: str = "spec.tx") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"taxon 1\n{text}\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def load(write: Write) -> Load:
    """Resolve the algorithm `x` of a text against the small schema."""

    def load(text: str, *sets: str, env: str | None = None, actions: str | None = None) -> Resolution:
        return load_spec(f"{write(text)}:x", sets, env, actions, SMALL_SCHEMA, no_rules)

    return load
