"""Neovim with the configuration that `editors/README.md` gives."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from server.installed import command, snippet

NEOVIM = shutil.which(os.environ.get("NVIM", "nvim"))
SPEC = """taxon 1
import std.sac

algorithm mine extends sac {
  gamma = 1.5
  network.activation = ReLU
}
"""


@pytest.mark.skipif(NEOVIM is None, reason="needs Neovim 0.11 or newer, on the PATH or in NVIM")
def test_neovim(tmp_path: Path) -> None:
    assert NEOVIM is not None
    command(tmp_path)
    (tmp_path / "init.lua").write_text(snippet("Neovim (0.11 or newer)", "lua"), "utf-8")
    (tmp_path / "mine.tx").write_text(SPEC, "utf-8")
    script = Path(__file__).with_name("neovim.lua")
    homes = dict.fromkeys(("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"), str(tmp_path))
    called = subprocess.run(
        [NEOVIM, "--headless", "-u", "init.lua", "mine.tx", "-S", str(script)],
        cwd=tmp_path,
        env={**os.environ, **homes, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert called.stdout, called.stderr
    seen = json.loads(called.stdout)
    assert (seen["filetype"], seen["commentstring"]) == ("taxon", "# %s")
    places = {(found["code"], found["lnum"], found["col"], found["source"]) for found in seen["diagnostics"]}
    assert ("TX204", 4, 10, "taxon") in places
    assert [colour["type"] for colour in seen["colours"]] == ["class"]
    assert "the discount" in seen["hover"]
    assert "gamma" in seen["offered"]
    assert "  network.activation = relu" in seen["lines"]
