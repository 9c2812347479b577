"""taxon doc: the axes and their choices; and that the shell completes commands."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from program import taxon

from taxon.semantics.vocabulary import Vocabulary
from taxon.taxonomy import SCHEMA


def test_it_lists_every_path_by_level() -> None:
    called = taxon("doc")
    assert called.exit_code == 0
    algorithm, implementation, code = called.stdout.split("\n\n")
    listed = [line.split()[0] for part in (algorithm, implementation, code) for line in part.splitlines()[1:]]
    assert sorted(listed) == sorted(SCHEMA)
    assert algorithm.startswith("algorithm\n  pi_q ")
    assert "\n  G.estimate " in implementation
    assert "\n  data " in code


def test_every_path_and_every_choice_is_described() -> None:
    for path in Vocabulary(SCHEMA).paths:
        called = taxon("doc", path)
        assert called.exit_code == 0, path
        assert called.stdout.startswith(f"{path}: ")
    for slot in SCHEMA.values():
        for choice in slot.choices:
            said = taxon("doc", choice.key).stdout
            assert f"{choice.key}: " in said
            assert " ".join(choice.doc.split()) in " ".join(said.split()), choice.key


def test_a_path() -> None:
    lines = taxon("doc", "G.estimate").stdout.splitlines()
    assert "    lambda = 0.95: the decay; a number in [0, 1]" in lines
    assert "    Operator: taxon.operators.returns.retrace" in lines
    assert any(line.startswith("    Source: Munos et al. 2016") for line in lines)


def test_a_choice_names_every_path_that_takes_it() -> None:
    said = taxon("doc", "adam").stdout
    trained = ", ".join(f"optimizer.{name}" for name in ("policy", "value", "prior", "dual", "bounds"))
    assert said.startswith(f"taken by {trained}\n")
    assert taxon("doc", "analytic").stdout.count("taken by") == 2


def test_a_choice_of_a_parameter() -> None:
    assert taxon("doc", "top_half").stdout.startswith("taken by pi_q.update.keep\n")


def test_a_path_that_is_a_choice_too() -> None:
    said = taxon("doc", "pi_q").stdout
    assert said.startswith("pi_q: ")
    assert "\ntaken by pi_p\n" in said


def test_who_uses_it() -> None:
    _, _, users = taxon("doc", "retrace", "--used").stdout.rpartition("used by ")
    said = " ".join(users.split()).split(", ")
    assert "mpo" in said
    assert "vmpo" not in said
    said = taxon("doc", "G.estimate", "--used").stdout
    assert "\nG.estimate in the shipped specs\n" in said
    assert "\n  td + clipped_double + smoothing: td3\n" in said or "\n  td + smoothing + clipped_double: td3\n" in said
    said = taxon("doc", "network.hidden", "--used").stdout
    assert "network.policy.hidden in the shipped specs" in said
    assert "network.value.hidden in the shipped specs" in said
    assert taxon("doc", "n_step").stdout.count("used by") == 0


def test_what_no_spec_uses() -> None:
    assert taxon("doc", "fourier", "--used").stdout.endswith("used by no shipped spec\n")


def test_a_group() -> None:
    assert "optimizer.policy\n" in taxon("doc", "optimizer").stdout


@pytest.mark.parametrize(
    ("subject", "said"),
    [("retrac", "did you mean `retrace`?"), ("G.estimat", "did you mean `G.estimate`?"), ("q" * 40, "`taxon doc`")],
)
def test_what_is_unknown(subject: str, said: str) -> None:
    called = taxon("doc", subject)
    assert called.exit_code == 2
    assert said in called.stderr


def test_used_needs_a_subject() -> None:
    called = taxon("doc", "--used")
    assert called.exit_code == 2
    assert "taxon doc PATH --used" in called.stderr


@pytest.mark.parametrize(
    ("words", "offered"), [("taxon ta", {"table"}), ("taxon doc --u", {"--used"}), ("taxon ex", {"explain", "export"})]
)
def test_the_shell_completes(words: str, offered: set[str]) -> None:
    call = [sys.executable, "-c", "import sys; sys.argv = ['taxon']; from taxon.cli.main import main; main()"]
    asked = {
        "_TAXON_COMPLETE": "complete_bash",
        "COMP_WORDS": words.replace(" ", "\n"),
        "COMP_CWORD": str(words.count(" ")),
    }
    finished = subprocess.run(call, capture_output=True, text=True, timeout=60, env={**os.environ, **asked})
    assert set(finished.stdout.split()) == offered
