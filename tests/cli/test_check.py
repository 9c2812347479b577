"""taxon check: its formats for programs, and the edits that it applies."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from program import taxon

WRONG = """taxon 1
import std.sac
algorithm ours extends sca {
  gama: 0.9;   # kept as it is
  network.activation = gelu
  data.capacty = 50K
  network.layer_norm = True
}
"""
MENDED = """taxon 1
import std.sac
algorithm ours extends sac {
  gamma= 0.9   # kept as it is
  network.activation = gelu
  data.capacity = 50k
  network.layer_norm = true
}
"""


@pytest.fixture
def wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "ours.tx"
    path.write_bytes(WRONG.encode())
    return path


def codes(text: str) -> list[str]:
    return [finding["code"] for finding in json.loads(text)["diagnostics"]]


def test_github(wrong: Path) -> None:
    result = taxon("check", "ours.tx", "--format", "github")
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout.splitlines()[0] == (
        "::error file=ours.tx,line=4,col=3,endLine=4,endColumn=7,title=TX201 unknown path"
        "::there is no path `gama`%0Ahelp: did you mean `gamma`?"
    )
    assert taxon("check", "sac", "--format", "github").stdout == ""


def test_sarif(wrong: Path) -> None:
    result = taxon("check", "ours.tx", "--format", "sarif")
    assert (result.exit_code, result.stderr) == (1, "")
    (run,) = json.loads(result.stdout)["runs"]
    assert [finding["ruleId"] for finding in run["results"]] == codes(
        taxon("check", "ours.tx", "--format", "json").stdout
    )
    (run,) = json.loads(taxon("check", "sac", "--format", "sarif").stdout)["runs"]
    assert run["results"] == []


def test_fix_applies_until_nothing_certain_is_left(wrong: Path) -> None:
    """A name may be missing where a part of the file cannot be read, so `sca` is looked at after the colon is mended.
    `gelu` may be `elu` or `relu`."""
    result = taxon("check", "ours.tx", "--unsafe-fixes", "--format", "json")
    assert (result.exit_code, result.stderr) == (1, "7 edits applied to 1 file\n")
    assert codes(result.stdout) == ["TX205"]
    assert wrong.read_text() == MENDED
    again = taxon("check", "ours.tx", "--unsafe-fixes")
    assert again.stderr == "0 edits applied to 0 files\n1 spec checked: 1 error, 0 warnings\n"
    assert wrong.read_text() == MENDED


def test_fix_alone_applies_what_is_safe(wrong: Path) -> None:
    result = taxon("check", "ours.tx", "--fix", "--format", "json")
    assert result.stderr == "3 edits applied to 1 file\n"
    safe = WRONG.replace("gama:", "gama=").replace(";", "").replace("True", "true")
    assert wrong.read_bytes().decode() == safe
    left = [finding["edit"] for finding in json.loads(result.stdout)["diagnostics"]]
    assert {edit["applicability"] for edit in left if edit} == {"unsafe"}
    assert taxon("check", "ours.tx", "--fix", "--format", "concise").stderr == "0 edits applied to 0 files\n"


@pytest.mark.parametrize("option", ["--fix", "--unsafe-fixes"])
@pytest.mark.parametrize(
    "line",
    [
        "optimizer.policy = adamw",
        "optimizer.policy = adamw(lr = 1e-3)",
        "G.estimate = td3",
        "G.estimate = vtrace",
        "network.activation = gelu",
        "network.activation = celu",
        "pi_q.update = npg",
    ],
)
def test_another_method_is_never_written_over(option: str, line: str, wrong: Path) -> None:
    text = f"taxon 1\nalgorithm ours extends std.sac {{\n  {line}\n}}\n"
    wrong.write_text(text, "utf-8")
    result = taxon("check", "ours.tx", option)
    if option == "--fix" or "npg" not in line:
        assert wrong.read_text("utf-8") == text
        assert result.stderr.startswith("0 edits")


def test_fix_ends_with_0_where_nothing_remains(wrong: Path) -> None:
    wrong.write_text(WRONG.replace("gelu", "elu"))
    result = taxon("check", "ours.tx", "--unsafe-fixes")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "7 edits applied to 1 file\n1 spec checked: all fine\n"


def test_diff_writes_nothing(wrong: Path) -> None:
    result = taxon("check", "ours.tx", "--unsafe-fixes", "--diff")
    assert result.exit_code == 1
    assert wrong.read_text() == WRONG
    changed = [line for line in result.stdout.splitlines()[2:] if line[0] in "+-"]
    assert changed == [
        "-algorithm ours extends sca {",
        "-  gama: 0.9;   # kept as it is",
        "+algorithm ours extends sac {",
        "+  gamma= 0.9   # kept as it is",
        "-  data.capacty = 50K",
        "-  network.layer_norm = True",
        "+  data.capacity = 50k",
        "+  network.layer_norm = true",
    ]
    assert result.stderr.startswith("7 edits would be applied to 1 file\n")
    wrong.write_text(MENDED.replace("gelu", "elu"))
    result = taxon("check", "ours.tx", "--unsafe-fixes", "--diff")
    assert (result.exit_code, result.stdout) == (0, "")


def test_diff_alone_is_usage(wrong: Path) -> None:
    assert taxon("check", "ours.tx", "--diff").exit_code == 2


def test_the_bytes_around_an_edit_stay(wrong: Path) -> None:
    wrong.write_bytes("\ufefftaxon 1\r\nalgorithm ours extends std.sca {} # caf\u00e9\r\n".encode())
    wrong.chmod(0o640)
    assert taxon("check", "ours.tx", "--unsafe-fixes").exit_code == 0
    assert wrong.read_bytes() == "\ufefftaxon 1\r\nalgorithm ours extends std.sac {} # caf\u00e9\r\n".encode()
    assert wrong.stat().st_mode & 0o777 == 0o640
    assert os.listdir() == ["ours.tx"]


def test_a_link_stays_one_and_a_file_named_twice_is_mended_once(wrong: Path) -> None:
    (wrong.parent / "link.tx").symlink_to("ours.tx")
    result = taxon("check", "link.tx", "ours.tx", "ours.tx:ours", "--unsafe-fixes", "--format", "concise")
    assert result.stderr == "7 edits applied to 1 file\n"
    assert (wrong.parent / "link.tx").is_symlink()
    assert wrong.read_text() == MENDED


def test_only_files_that_are_named_are_mended(wrong: Path) -> None:
    (wrong.parent / "child.tx").write_text('taxon 1\nimport "ours.tx"\nalgorithm child extends ours { gama = 0.9 }\n')
    result = taxon("check", "child.tx", "--unsafe-fixes")
    assert result.exit_code == 1
    assert result.stderr.startswith("1 edit applied to 1 file\n")
    assert wrong.read_text() == WRONG
    assert "gamma = 0.9" in (wrong.parent / "child.tx").read_text()


def test_shipped_specs_are_never_mended(wrong: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taxon.semantics.fixing.specs_dir", lambda: wrong.parent)
    result = taxon("check", "ours.tx", "sac", "--unsafe-fixes")
    assert result.stderr.startswith("0 edits applied to 0 files\n")
    assert wrong.read_text() == WRONG


def test_a_file_that_cannot_be_written(wrong: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, text: str) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("taxon.cli.commands.check.rewrite", refuse)
    result = taxon("check", "ours.tx", "--unsafe-fixes")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[0] == "error: `ours.tx` cannot be written: read-only file system"


def test_what_cannot_be_read_cannot_be_mended(wrong: Path) -> None:
    result = taxon("check", "missing.tx", "--unsafe-fixes")
    assert result.exit_code == 2
    assert "TX012" in result.stdout


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a wrong spec, and one with two algorithms and an architecture that are fine."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "specs" / "more" / ".hidden").mkdir(parents=True)
    (tmp_path / "specs" / "ours.tx").write_text(WRONG)
    (tmp_path / "specs" / "more" / "fine.tx").write_text(
        "taxon 1\nimport std.sac\narchitecture net { network.activation = elu }\n"
        "algorithm one extends sac with net { }\nalgorithm two extends one { gamma = 0.9 }\n"
    )
    (tmp_path / "specs" / "more" / ".hidden" / "ours.tx").write_text(WRONG)
    return tmp_path / "specs"


def test_a_folder_stands_for_the_files_below_it(folder: Path) -> None:
    result = taxon("check", "specs", "specs/more", folder / "ours.tx", "--format", "concise")
    assert result.exit_code == 1
    assert {line.partition(":")[0] for line in result.stdout.splitlines()} == {"specs/ours.tx"}
    assert taxon("check", "specs", "sac").stderr.startswith("3 specs checked: ")
    assert taxon("check", "specs/more").stderr == "1 spec checked: all fine\n"
    assert taxon("check", "specs", "--unsafe-fixes", "--format", "concise").stderr == "7 edits applied to 1 file\n"
    assert (folder / "ours.tx").read_text() == MENDED
    assert (folder / "more" / ".hidden" / "ours.tx").read_text() == WRONG


def test_a_folder_without_specs(folder: Path) -> None:
    (folder / "empty").mkdir()
    result = taxon("check", "specs/empty", "specs/more", "--format", "json")
    assert (result.exit_code, codes(result.stdout)) == (2, ["TX012"])


def test_a_name_that_ships_is_no_folder(folder: Path) -> None:
    (folder.parent / "sac").mkdir()
    assert taxon("check", "sac").exit_code == 0
    assert taxon("check", "sac/").exit_code == 2


def test_every_algorithm_of_a_file_is_held_against_the_environment(folder: Path) -> None:
    result = taxon("check", "specs/more", "--env", "CartPole-v1", "--format", "json")
    assert (result.exit_code, codes(result.stdout)) == (1, ["TX401"])  # of both, with the same words
    assert taxon("check", "specs/more", "--env", "Pendulum-v1").exit_code == 0
    fine = folder / "more" / "fine.tx"
    choosing = "pi_theta = softmax(logits(s)), unset network.policy.std, eta.target = 0.5"
    fine.write_text(fine.read_text().replace("gamma = 0.9", choosing))
    result = taxon("check", "specs/more", "--env", "Pendulum-v1", "--format", "json")
    (found,) = json.loads(result.stdout)["diagnostics"]
    assert (found["code"], found["labels"][0]["path"]) == ("TX401", "specs/more/fine.tx")


# A lint whose two places are in two specs: which of them it blames depends on whose row it is about.
PARENT = "taxon 1\nimport std.sac\nalgorithm base extends std.sac {\n  G.estimate = td(0)\n}\n"
CHILD = (
    'taxon 1\nimport "base.tx"\nalgorithm child extends base { gamma = 0.9 }\n'
    "algorithm again extends base { pi_q = pi_theta }\n"
)


@pytest.mark.parametrize("specs", [["base.tx", "child.tx"], ["child.tx", "base.tx"], ["."], ["child.tx:again", "."]])
@pytest.mark.parametrize("env", [[], ["--env", "Pendulum-v1"]])
def test_what_an_heir_repeats_is_told_once(
    specs: list[str], env: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.tx").write_text(PARENT)
    (tmp_path / "child.tx").write_text(CHILD)
    result = taxon("check", *specs, *env, "--format", "concise")
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 1)
    assert result.stdout.startswith("base.tx:4:16: warning[TX501] ")


def test_what_two_heirs_do_each_is_told_of_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parent is fine, and so each of them is to blame."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.tx").write_text(PARENT.replace("td(0)", "td(0) + clipped_double"))
    for name in ("one", "two"):
        text = f'taxon 1\nimport "base.tx"\nalgorithm {name} extends base {{ G.estimate = td(0) }}\n'
        (tmp_path / f"{name}.tx").write_text(text)
    lines = taxon("check", ".", "--format", "concise").stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["one.tx", "two.tx"]
