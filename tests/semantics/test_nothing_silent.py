"""What a command cannot run, it says why: a study or a tune that means nothing comes with an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from taxon.diagnostics.model import Severity
from taxon.diagnostics.source import Source
from taxon.semantics import check_file, load_study, load_tune
from taxon.syntax import parse, tree

CORPUS = Path(__file__).parents[1] / "corpus" / "bad"

BROKEN = """taxon 1
import std.sac

algorithm broken extends std.sac {
  data = on_policy(steps = 50)
}

algorithm child extends broken {
  gamma = 0.9
}

architecture net {
  network.hidden = "wide"
}
"""
STUDY = 'study s { base = [%s, std.sac], on = ["Hopper-v4"], seeds = 2, steps = 1k %s }'
TUNE = 'tune t { base = %s, on = ["Hopper-v4"], trials = 2, steps = 1k, search optimizer.policy.lr in [1e-3, 1e-4] %s }'
USES = {
    "base": ("broken", "", "TX205"),
    "ancestor": ("child", "", "TX205"),
    "mixin": ("std.sac", ", {word} nets {verb} [net]", "TX203"),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("kind", ["study", "tune"])
@pytest.mark.parametrize("apart", [False, True])
def test_faults_of_what_is_used_are_said(use: str, kind: str, apart: bool, tmp_path: Path) -> None:
    base, more, code = USES[use]
    text, words = (STUDY, ("vary", "with")) if kind == "study" else (TUNE, ("search", "with"))
    more = more.format(word=words[0], verb=words[1])
    declaration = text % (base, more)
    other, file = tmp_path / "broken.tx", tmp_path / "study.tx"
    other.write_text(BROKEN, "utf-8")
    imports = 'taxon 1\nimport "broken.tx"\nimport std.sac\n'
    file.write_text(f"{imports if apart else BROKEN}\n{declaration}\n", "utf-8")
    load = load_study if kind == "study" else load_tune
    for found in (load(file).diagnostics, check_file(file)):
        said = [each for each in found if each.severity is Severity.ERROR and each.code.id == code]
        assert len(said) == 1, [(each.code.id, each.message) for each in found]
        assert said[0].primary is not None
        assert said[0].primary.source.name.endswith("broken.tx" if apart else "study.tx")


def declarations() -> list[tuple[str, str, type]]:
    """The studies and tunes of the corpus of mistakes."""
    found = []
    for path in sorted(CORPUS.glob("*.tx")):
        file, _ = parse(Source(path.name, path.read_text("utf-8", errors="replace")))
        for each in file.declarations:
            if isinstance(each, tree.Study | tree.Tune):
                found.append((path.name, each.name.text, type(each)))
    return found


def test_no_study_of_the_corpus_is_refused_without_a_word() -> None:
    known = declarations()
    assert len(known) > 20
    for name, declared, kind in known:
        target = f"{CORPUS / name}:{declared}"
        if kind is tree.Study:
            study = load_study(target)
            refused, found = study.study is None, study.diagnostics
        else:
            tune = load_tune(target)
            refused, found = tune.tune is None, tune.diagnostics
        assert not refused or any(each.severity is Severity.ERROR for each in found), target
