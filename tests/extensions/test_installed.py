"""What is found of installed packages, and what becomes of those that cannot be used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from installing import Place

from taxon.taxonomy.installed import entry_points, normal
from taxon.taxonomy.language import Language, language, targets
from taxon.taxonomy.slots import SLOTS

Install = Callable[..., Place]

START = """
from taxon.taxonomy.extension import Extension
from taxon.taxonomy.rule import Conflict, Rule, registrar
from taxon.taxonomy.ranges import Range
from taxon.taxonomy.schema import Choice, Slot
"""
FINE = f"""{START}
EXTENSION = Extension({{"pi_q.update.f": (Choice("cubed", "a cube"),)}}, "stranger_blocks")
"""


def extension(choices: str, more: str = "") -> str:
    return f"{START}\nEXTENSION = Extension({choices}, 'stranger_blocks'{more})\n"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[], Language]]:
    """The language with what is installed in this test's folder."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield language.__wrapped__
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_package_adds_its_choices(made_up: Install, read: Callable[[], Language]) -> None:
    made_up(stranger=FINE)
    found = read()
    (package,), slot = found.packages, found.slots["pi_q.update"]
    assert (str(package), found.faults) == ("stranger 1.0", ())
    (analytic,) = (choice for choice in slot.choices if choice.key == "analytic")
    added = analytic.parameters[0].choices[-1]
    assert (added.key, added.package) == ("cubed", "stranger")
    assert [path for path, slot in found.slots.items() if slot != SLOTS[path]] == ["pi_q.update"]


def test_a_shared_path_adds_to_all_that_it_sets(made_up: Install, read: Callable[[], Language]) -> None:
    made_up(stranger=extension("{'network.features': (Choice('wavelets', 'of the input'),)}"))
    found = read()
    changed = [path for path, slot in found.slots.items() if slot != SLOTS[path]]
    assert changed == list(targets(SLOTS, "network.features"))
    assert changed == [f"network.{name}.features" for name in ("policy", "value", "prior")]


def test_parameters_of_several_choices_and_of_modifiers_are_reached(
    made_up: Install, read: Callable[[], Language]
) -> None:
    made_up(
        stranger=extension(
            "{'pi_theta.cov': (Choice('low_rank', 'x'),), 'G.estimate.clipped_double.policy': (Choice('last', 'y'),)}"
        )
    )
    found = read()
    (normal_,) = (choice for choice in found.slots["pi_theta"].choices if choice.key == "normal")
    assert any(slot.choice("low_rank") for slot in normal_.parameters)
    assert str(found.slots["G.estimate"]).count("'last'") == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import nothing_of_the_kind", "stranger:EXTENSION cannot be imported (ModuleNotFoundError: No module named"),
        ("raise SystemExit(3)", "stranger:EXTENSION cannot be imported (SystemExit: 3)"),
        ("x =", "stranger:EXTENSION cannot be imported (SyntaxError: invalid syntax"),
        ("", "cannot be imported (AttributeError: module 'stranger' has no attribute 'EXTENSION')"),
        ("EXTENSION = 1", "stranger:EXTENSION is no Extension"),
        (extension("{'G.estimat': (Choice('x', ''),)}"), "it adds x to G.estimat, and there is no such path"),
        (extension("{'G.estimate.n.m': (Choice('x', ''),)}"), "it adds x to G.estimate.n.m, and there is no such path"),
        (extension("{'gamma': (Choice('x', ''),)}"), "it adds x to gamma, which takes no choices"),
        (extension("{'G.estimate': (Choice('gae', ''),)}"), "G.estimate = gae is there already, of taxon"),
        (
            extension("{'G.estimate': (Choice('x', ''), Choice('x', ''))}"),
            "G.estimate = x is there already, of stranger",
        ),
        (extension("{'G.estimate': (Choice('a b', ''),)}"), "G.estimate = a b is no name"),
        (
            extension("{'G.estimate': (Choice('x', '', properties=frozenset({'fast'})),)}"),
            "G.estimate = x has the property fast, which there is not",
        ),
        (
            START + "RULES = []\nregistrar(RULES)('TX301', 't', 'w')(lambda row: None)\n"
            "EXTENSION = Extension({}, 'b', rules=tuple(RULES))",
            "the code TX301 does not begin with stranger_",
        ),
    ],
)
def test_one_that_cannot_be_used_is_left_out_whole(
    made_up: Install, read: Callable[[], Language], text: str, reason: str
) -> None:
    made_up(stranger=text)
    found = read()
    assert (found.slots, found.packages) == (SLOTS, ())
    (fault,) = found.faults
    assert str(fault).startswith("the extension stranger 1.0 is left out: ")
    assert reason in fault.reason


def test_of_two_that_add_the_same_the_second_is_left_out(made_up: Install, read: Callable[[], Language]) -> None:
    made_up(stranger=FINE)
    made_up("another", another=FINE)
    found = read()
    assert [package.name for package in found.packages] == ["another"]
    assert [str(fault) for fault in found.faults] == [
        "the extension stranger 1.0 is left out: pi_q.update.f = cubed is there already, of another"
    ]


def test_the_first_of_a_name_hides_the_others(
    made_up: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does for an import."""
    made_up(version="2.0", stranger=FINE)
    first = tmp_path / "first"
    (first / "Stranger-1.0.dist-info").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(first), str(tmp_path)])
    assert entry_points() == []
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(first)])
    assert [(point.package, point.version, point.target) for point in entry_points()] == [
        ("stranger", "2.0", "stranger:EXTENSION")
    ]


def test_the_working_directory_is_not_installed(
    made_up: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of a stranger's may look like one with a package; `python -m taxon` has it on its path."""
    made_up(stranger=FINE)
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), "/nowhere"])
    assert len(entry_points()) == 1
    monkeypatch.chdir(tmp_path)
    assert entry_points() == []


def test_names_are_written_as_code_writes_them() -> None:
    assert normal("Taxon-Relu.power") == "taxon_relu_power"


# ---- at the command line

BLOCKS = """
from taxon.compiler.blocks.weights import positive
from taxon.compiler.choices import choice


@choice("pi_q.update.f", "cubed")
def cubed(c):
    {body}
"""
OPERATORS = "def cubed_weight(score):\n    return score ** 3\n"
WITH_OPERATORS = FINE.replace('"stranger_blocks"', '"stranger_blocks", ("stranger_operators",)')
CUBED = ["--set", "pi_q.update = analytic(f = cubed)"]


def test_a_broken_package_is_said_once_and_nothing_else_suffers(made_up: Install) -> None:
    place = made_up(stranger="import nothing_of_the_kind")
    check, show, version, unknown = place.front_end(
        ["check", "std.sac"], ["list"], ["--version"], ["show", "awac", *CUBED]
    )
    warning = "warning: the extension stranger 1.0 is left out: stranger:EXTENSION cannot be imported (ModuleNotFound"
    for called in (check, show, unknown):
        assert called.stderr.startswith(warning)
        assert called.stderr.count("warning: ") == 1
    assert (check.exit_code, show.exit_code, version.exit_code, unknown.exit_code) == (0, 0, 0, 1)
    assert version.stderr == ""
    assert "`pi_q.update.f` has no choice `cubed`" in unknown.stderr
    assert "note: the extension stranger 1.0 is left out" in unknown.stderr


def test_a_declaration_that_imports_torch_is_left_out(made_up: Install) -> None:
    place = made_up(stranger=f"import torch\n{FINE}")
    called = place.taxon("check", "std.sac")
    assert called.exit_code == 0
    assert "left out: stranger imports torch, which only its operators may" in called.stderr


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ({"stranger": FINE}, "stranger_blocks of stranger 1.0 cannot be imported (ModuleNotFoundError: "),
        (
            {"stranger": FINE, "stranger_blocks": ""},
            "pi_q.update.f = cubed, which stranger added, has no block in the compiler: it is a choice that is not fin",
        ),
        (
            {"stranger": FINE, "stranger_blocks": BLOCKS.format(body="return c.nothing")},
            "the blocks of stranger 1.0 cannot say this row (AttributeError: 'Choices' object has no attribute 'nothin",
        ),
        (
            {"stranger": FINE, "stranger_blocks": BLOCKS.format(body="return positive('cubes({x})', lambda g, _: g)")},
            "no block writes cubes, which is read in update",
        ),
        (
            {"stranger": FINE, "stranger_blocks": BLOCKS.format(body="return 3")},
            "the blocks of stranger 1.0 cannot say this row (AttributeError: 'int' object has no attribute",
        ),
        (
            {"stranger": WITH_OPERATORS, "stranger_blocks": ""},
            "stranger 1.0 has no module stranger_operators",
        ),
        (
            {"stranger": WITH_OPERATORS, "stranger_blocks": "", "stranger_operators": "def retrace(): pass"},
            "stranger_operators.retrace of stranger 1.0 has the name of something in taxon.operators.returns",
        ),
        (
            {"stranger": WITH_OPERATORS, "stranger_blocks": "", "stranger_operators": "def"},
            "stranger_operators of stranger 1.0 cannot be read (SyntaxError: ",
        ),
        (
            {
                "stranger": START + "RULES = []\nregistrar(RULES)('stranger_a', 't', 'w')(lambda row: row.nothing)\n"
                "EXTENSION = Extension({'pi_q.update.f': (Choice('cubed', ''),)}, 'b', rules=tuple(RULES))"
            },
            "the rule stranger_a of stranger 1.0 fails (AttributeError: 'Row' object has no attribute 'nothing')",
        ),
    ],
)
def test_a_choice_that_is_not_finished_is_refused_in_one_line(
    made_up: Install, modules: dict[str, str], message: str
) -> None:
    place = made_up(**modules)
    refused, fine = place.front_end(["emit", "awac", *CUBED], ["emit", "awac"])
    assert refused.exit_code == 2
    (line,) = refused.stderr.splitlines()
    assert line.startswith(f"error: {message}")
    assert (fine.exit_code, fine.stderr) == (0, "")


def test_other_packages_change_no_hash_and_no_module(made_up: Install) -> None:
    place = made_up(
        stranger=WITH_OPERATORS,
        stranger_blocks=BLOCKS.format(body="return positive('cubed_weight({x})', lambda g, _: g)"),
        stranger_operators=OPERATORS,
    )
    lines = ["show", "awac", *CUBED], ["emit", "awac", *CUBED], ["derive", "awac", *CUBED], ["emit", "sac"]
    alone = place.front_end(*lines)
    assert [called.exit_code for called in alone] == [0, 0, 0, 0]
    other = "{'pi_q.update.f': (Choice('doubled', ''),), 'G.estimate': (Choice('score', '', modifier=True),)}"
    made_up(
        "a-neighbour",
        a_neighbour=extension(other).replace("stranger_blocks", "a_neighbour_blocks"),
        a_neighbour_blocks="raise ValueError",
        a_neighbour_operators="def score(): pass",
    )
    assert place.front_end(*lines) == alone


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"sample", "log_prob"}, "odd has the capability `entropy` by its family alone"),
        ({"sample", "log_prob", "entropy", "kl"}, "odd has the capability `kl` by its choice alone"),
    ],
)
def test_a_family_has_what_its_choice_declares(made_up: Install, declared: set[str], message: str) -> None:
    """Rules read the choice, blocks the family."""
    place = made_up(
        stranger=extension(f"{{'pi_theta': (Choice('odd', '', capabilities=frozenset({sorted(declared)})),)}}"),
        stranger_blocks="""
from taxon.compiler.choices import choice
from taxon.compiler.families.family import Family


@choice("pi_theta", "odd")
def odd(c):
    return Family(
        "odd",
        ("x",),
        "X({trunk})",
        "action",
        (),
        "",
        "{x}",
        sample="f({p})",
        log_prob="g({x})",
        entropy="h()",
        pathwise=False,
    )
""",
    )
    (called,) = place.front_end(["emit", "ppo_clip", "--set", "pi_theta = odd"])
    assert (called.exit_code, called.stderr) == (2, f"error: {message}\n")
