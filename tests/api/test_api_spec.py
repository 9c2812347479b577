"""Specs as values: what a program makes of one is what a file would declare."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
from shipped import shipped_rows

import taxon
from taxon.api.leaves import PathError
from taxon.semantics import load_spec

TEXT = """taxon 1
import std.sac

/// A child.
algorithm mine extends std.sac {
  gamma = 0.9
  when env = "Pendulum-*" { gamma = 0.5 }
}
"""
SPECS = list(shipped_rows())


@pytest.fixture
def mpo() -> taxon.Spec:
    return taxon.load("mpo")


@pytest.mark.parametrize("name", SPECS)
def test_every_shipped_spec_is_its_text(name: str) -> None:
    spec = taxon.load(name)
    again = taxon.parse(spec.text)
    assert (again, again.hash, again.name, again.doc) == (spec, spec.hash, spec.name, spec.doc)
    assert spec == taxon.load(f"std.{name}")


def test_a_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    parent, file = tmp_path / "parent.tx", tmp_path / "child.tx"
    parent.write_text(TEXT, "utf-8")
    file.write_text(
        'taxon 1\nimport "parent.tx"\nalgorithm a extends mine {}\nalgorithm b extends mine { gamma = 0.8 }\n'
    )
    spec = taxon.load("child.tx:a")
    assert spec["gamma"] == 0.9
    parent.write_text(TEXT.replace("0.9", "0.1"), "utf-8")
    assert spec.set("eta.init", 1.0)["gamma"] == 0.9  # what was read, not what is there now
    assert taxon.load("child.tx:a")["gamma"] == 0.1
    assert taxon.load(tmp_path / "parent.tx")["gamma"] == 0.1


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("gamma", 0.995, "0.995"),
        ("gamma", "0.995", "0.995"),
        ("gamma", np.float64(0.995), "0.995"),
        ("gamma", np.float32(0.5), "0.5"),
        ("data.batch", 64, "64"),
        ("data.batch", np.int64(64), "64"),
        ("data.batch", "1k", "1k"),
        ("network.policy.layer_norm", False, "false"),
        ("network.policy.layer_norm", np.True_, "true"),
        ("network.policy.hidden", [64, 32], "[64, 32]"),
        ("network.policy.hidden", (64, 32), "[64, 32]"),
        ("network.policy.hidden", np.array([64, 32]), "[64, 32]"),
        ("optimizer.policy", "adam(lr = 1e-3)", "adam(lr = 1e-3)"),
        ("optimizer.policy.lr", 1e-3, "1e-3"),
    ],
)
def test_what_is_set_is_what_the_command_line_sets(mpo: taxon.Spec, path: str, value: object, text: str) -> None:
    spec = mpo.set(path, value)  # type: ignore[arg-type]
    row = load_spec("mpo", [f"{path}={text}"]).row
    assert row is not None
    assert spec.row[path].text == taxon.parse(spec.text).row[path].text
    assert spec._row == row
    assert spec.row[path].origin.layer == "set"
    assert str(spec.row[path].origin) == "set()"
    assert mpo == taxon.load("mpo")  # it stays as it was


def test_every_value_can_be_set_again(mpo: taxon.Spec) -> None:
    for path, leaf in mpo.row.items():
        assert mpo.set(path, leaf.value) == mpo, path


def test_several_at_once_and_one_after_the_other(mpo: taxon.Spec) -> None:
    once = mpo.set({"gamma": 0.9, "optimizer.policy": "adam(lr = 1e-3)", "optimizer.policy.lr": 2e-3})
    step = mpo.set("optimizer.policy", "adam(lr = 1e-3)").set("gamma", 0.5).set("gamma", 0.9)
    assert once == step.set("optimizer.policy.lr", 2e-3)
    assert once["optimizer.policy.lr"] == 2e-3
    assert mpo.set({}) == mpo


def test_a_child_is_what_a_file_declares(mpo: taxon.Spec, tmp_path: Path) -> None:
    entries = (
        'network.policy { hidden = [32], activation = relu }\nunset bounds.kl\nwhen env = "Ant-*" { eta.init = 3 }\n'
    )
    spec = mpo.extend(entries, with_="std.architectures.sac_net", name="child", doc="Mine.")
    file = tmp_path / "child.tx"
    file.write_text(
        f"taxon 1\n/// Mine.\nalgorithm child extends std.mpo with std.architectures.sac_net {{\n{entries}}}\n", "utf-8"
    )
    assert (spec, spec.name, spec.doc) == (taxon.load(file), "child", "Mine.")
    assert spec.row["network.value.activation"].origin.layer == "mixin"
    assert spec.row["network.policy.hidden"].origin.file == "extend()"
    assert spec.row["network.policy.hidden"].origin.line == 1
    assert spec.row["G"].origin.file == "std.mpo"
    assert spec.extend().extend() == spec
    assert spec.set("gamma", 0.9).name == "child"


def test_mixins_of_the_specs_own_file() -> None:
    text = f"{TEXT}\narchitecture wide {{ network.policy.hidden = [512] }}\n"
    assert taxon.parse(text).extend(with_=["wide"])["network.policy.hidden"] == (512,)
    with pytest.raises(taxon.SpecError, match=r"did you mean `std\.architectures\.sac_net`"):
        taxon.load("mpo").extend(with_="std.architectures.sac_nett")
    with pytest.raises(taxon.SpecError, match="nothing here is called `wide`"):
        taxon.load("mpo").extend(with_="wide")
    with pytest.raises(taxon.SpecError, match="sac` is an algorithm"):
        taxon.load("mpo").extend(with_="std.sac")


def test_an_environment_decides() -> None:
    spec = taxon.parse(TEXT)
    there = spec.on("Pendulum-v1")
    assert (spec["gamma"], there["gamma"]) == (0.9, 0.5)
    assert spec != there
    assert there.row["gamma"].origin.layer == "when"
    assert there.set("gamma", 0.7)["gamma"] == 0.7
    with pytest.raises(taxon.SpecError, match="TX401"):
        spec.on("CartPole-v1")
    with pytest.raises(taxon.Error, match="there is no environment Pendulum-v9"):
        spec.on("Pendulum-v9")


def test_what_is_found_is_data(mpo: taxon.Spec) -> None:
    (found,) = taxon.load("sac").check("CartPole-v1")
    assert (found.code, found.severity) == ("TX401", "error")
    assert found.places[0].file == "std.sac"
    assert found.places[0].primary
    assert "softmax" in found.help
    assert str(found).startswith("error[TX401]: ")
    assert mpo.check("Pendulum-v1") == ()
    (short,) = mpo.check(steps=10)
    assert (short.code, 'steps="' in short.help) == ("TX403", True)
    assert mpo.check(steps="1M") == ()
    warned = taxon.load("mpo").extend("G.estimate = td(0) + clipped_double").check()
    assert {each.severity for each in warned} <= {"warning"}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: taxon.load("mpoo"), "did you mean `mpo`"),
        (lambda: taxon.load("no/such.tx"), "does not exist"),
        (lambda: taxon.load("mpo").set("gama", 0.9), "did you mean `gamma`"),
        (lambda: taxon.load("mpo").set("gamma", 2), "gamma"),
        (lambda: taxon.load("mpo").set("gamma", float("nan")), "gamma"),
        (lambda: taxon.load("mpo").set("gamma", float("inf")), "gamma"),
        (lambda: taxon.load("mpo").set("gamma", "x y"), "set()"),
        (lambda: taxon.load("mpo").set("pi_theta", "softmax(logits(s))"), "TX"),
        (lambda: taxon.load("mpo").extend("gamma 0.9"), "extend()"),
        (lambda: taxon.load("mpo").extend("unset eta.target"), "extend()"),
        (lambda: taxon.parse("algorithm x {}"), "taxon 1"),
        (lambda: taxon.parse(""), "taxon 1"),
        (lambda: taxon.parse(TEXT, "other"), "has no algorithm `other`"),
        (lambda: taxon.parse(f"{TEXT}algorithm b extends mine {{}}\n"), "as in taxon.parse(text, name)"),
        (lambda: taxon.parse('taxon 1\nimport "../x.txt"\nalgorithm a {}'), "no .tx file"),
    ],
)
def test_a_spec_that_means_nothing_is_none(make: object, said: str) -> None:
    with pytest.raises(taxon.SpecError) as raised:
        make()  # type: ignore[operator]
    assert said in str(raised.value)
    assert any(each.severity == "error" for each in raised.value.diagnostics)
    assert raised.value.message in str(raised.value)
    assert isinstance(raised.value, taxon.Error)
    assert "--set" not in str(raised.value)
    assert "--unset" not in str(raised.value)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: taxon.load(3), "int names no spec"),
        (lambda: taxon.parse(b"taxon 1"), "bytes is no text"),
        (lambda: taxon.load("mpo").set("gamma"), "there is no value for 'gamma'"),
        (lambda: taxon.load("mpo").set("gamma", None), "there is no value for 'gamma'"),
        (lambda: taxon.load("mpo").set("gamma", object()), "is no value of a spec"),
        (lambda: taxon.load("mpo").set("gamma", {"a": 1}), "is no value of a spec"),
        (lambda: taxon.load("mpo").set(3, 0.9), "3 is no path"),
        (lambda: taxon.load("mpo").set("gamma", "0.9\neta.init = 1"), "is not one value"),
        (lambda: taxon.load("mpo").set("gamma = 0.9 #", 1), "is not one value"),
        (lambda: taxon.load("mpo").extend(name="no name"), "is no name"),
        (lambda: taxon.load("mpo").extend(name="with"), "is no name"),
        (lambda: taxon.load("mpo").extend(name=""), "is no name"),
        (lambda: taxon.load("mpo").check(3), "int is no environment"),
        (lambda: taxon.load("mpo").check(steps=0), "steps=0 is no positive whole number"),
        (lambda: taxon.load("mpo").on(int), "int()"),
    ],
)
def test_what_is_no_spec_at_all(make: object, said: str) -> None:
    with pytest.raises(taxon.Error) as raised:
        make()  # type: ignore[operator]
    assert said in str(raised.value)
    assert raised.value.help
    assert any(raised.value.help in note for note in raised.value.__notes__)
    assert "\n" not in raised.value.message


def test_a_path_that_there_is_not(mpo: taxon.Spec) -> None:
    with pytest.raises(PathError, match="the row of mpo has no path 'gama'") as raised:
        mpo["gama"]
    assert isinstance(raised.value, KeyError)
    assert "gamma" in raised.value.help
    assert "gama" not in mpo.row
    assert mpo.row.get("gama") is None


def test_levels_are_those_of_the_table(mpo: taxon.Spec) -> None:
    assert {mpo.row[path].level for path in ("pi_q", "pi_p")} == {"algorithm"}
    assert mpo.row["pi_q.update.trust_region.kl"].level == "implementation"
    assert mpo.row["network.policy.hidden"].level == "code"


def test_it_is_a_value(mpo: taxon.Spec) -> None:
    other = mpo.extend(name="foo")
    assert other == mpo
    assert len({mpo, other, mpo.set("gamma", 0.5)}) == 2
    assert mpo != "mpo"
    assert copy.deepcopy(mpo) == mpo
    with pytest.raises(AttributeError):
        mpo.name = "x"  # type: ignore[misc]
    assert repr(other) == f"<Spec foo {mpo.hash[:8]}>"
    assert str(mpo) == mpo.text


def test_a_notebook_shows_it(mpo: taxon.Spec) -> None:
    shown = mpo.extend(name="mine", doc="<b>$x$")._repr_html_()
    assert "<b>$" not in shown
    assert "Analytic + TR" in shown
    assert "std.mpo" in shown
    assert "| `pi_q.update` | `Analytic + TR` |" in mpo._repr_markdown_()
    assert "gamma = 0.99  # " in repr(mpo.row)
    assert "std.mpo" in mpo.row._repr_html_()


def test_a_module_is_what_the_command_line_emits(mpo: taxon.Spec) -> None:
    from taxon import compiler

    row = load_spec("mpo").row
    assert row is not None
    assert mpo.emit() == compiler.emit(row)
    assert mpo.emit(standalone=True) == compiler.standalone(compiler.emit(row))
