"""Helix in a terminal, with the configuration that `editors/README.md` gives."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from runtime.screen import Screen
from server.installed import command, snippet

HELIX = shutil.which(os.environ.get("HELIX", "hx"))
SPEC = """taxon 1
import std.sac

algorithm mine extends sac {
  gamma = 1.5
  network.activation = ReLU
}
"""


def has(*wanted: str) -> Callable[[list[str]], bool]:
    return lambda lines: all(word in "\n".join(lines) for word in wanted)


@pytest.mark.skipif(HELIX is None, reason="needs Helix, on the PATH or in HELIX")
def test_helix(tmp_path: Path) -> None:
    assert HELIX is not None
    command(tmp_path)
    settings = tmp_path / "helix"
    settings.mkdir()
    (settings / "languages.toml").write_text(snippet("Helix, in `languages.toml`", "toml"), "utf-8")
    file = tmp_path / "mine.tx"
    file.write_text(SPEC, "utf-8")
    homes = dict.fromkeys(("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"), str(tmp_path))
    path = f"{tmp_path}:{os.environ['PATH']}"
    with Screen([HELIX, str(file) + ":5:11"], 120, 40, PATH=path, **homes) as editor:
        editor.wait(has("takes a number in", "has no choice `ReLU`"), 60)
        editor.type(b"bb k")  # over `gamma`: space and k ask what it is
        editor.wait(has("the discount"), 60)
        editor.type(b"\x1b")
        editor.wait(lambda lines: not has("the discount")(lines), 60)
        editor.type(b":6\r")
        editor.wait(has("6:1"), 60)
        editor.type(b"gh23l a")  # over `ReLU`: space and a ask for what may be done
        editor.wait(has("write `relu`"), 60)
        editor.type(b"\r")
        editor.wait(has("activation = relu"), 60)
        editor.type(b":wq\r")
        code, _ = editor.ended()
    assert code == 0
    assert "  network.activation = relu\n" in file.read_text("utf-8")
