"""Which value wins, and what may not be said."""

from __future__ import annotations

import pytest
from small_schema import Load, codes_of

from taxon.semantics import Resolution
from taxon.taxonomy.schema import Composition


def value(resolution: Resolution, path: str) -> object:
    assert resolution.row is not None, [d.message for d in resolution.diagnostics]
    return resolution.row[path]


def origin(resolution: Resolution, path: str) -> tuple[str, str]:
    assert resolution.row is not None, [d.message for d in resolution.diagnostics]
    leaf = resolution.row.leaves[path]
    return leaf.origin.layer, leaf.origin.name


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_constructor_and_a_parameter_below_it_combine_whatever_the_order(load: Load, order: tuple[int, int]) -> None:
    entries = ["opt.a = sgd(momentum = 0.5)", "opt.a.rate = 3"]
    found = load("algorithm x {\nmethod = plain\n" + "\n".join(entries[i] for i in order) + "\n}")
    assert value(found, "opt.a") == Composition("sgd")
    assert value(found, "opt.a.momentum") == 0.5
    assert value(found, "opt.a.rate") == 3


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_shared_path_is_less_specific_whatever_the_order(load: Load, order: tuple[int, int]) -> None:
    entries = ["net.act = elu", "net.b.act = tanh"]
    found = load("algorithm x {\nmethod = plain\n" + "\n".join(entries[i] for i in order) + "\n}")
    assert value(found, "net.a.act") == Composition("elu")
    assert value(found, "net.b.act") == Composition("tanh")


def test_a_shared_parameter_yields_to_an_argument_of_the_specific_path(load: Load) -> None:
    found = load("algorithm x { method = plain, opt.rate = 2, opt.a = adam(rate = 3) }")
    assert (value(found, "opt.a.rate"), value(found, "opt.b.rate")) == (3, 2)


def test_a_shared_path_in_a_child_replaces_specific_ones_of_the_parent(load: Load) -> None:
    found = load("algorithm p { method = plain, net.a.act = tanh }\nalgorithm x extends p { net.act = elu }")
    assert value(found, "net.a.act") == Composition("elu")


def test_assigning_a_path_forgets_everything_below_it(load: Load) -> None:
    found = load(
        "algorithm p { method = plain, opt.a = adam(rate = 3, decay = 0.5) }\n"
        "algorithm x extends p { opt.a = adam(decay = 0.1) }"
    )
    assert (value(found, "opt.a.rate"), value(found, "opt.a.decay")) == (0.1, 0.1)


def test_assigning_a_path_leaves_the_slots_that_share_its_prefix(load: Load) -> None:
    found = load(
        "algorithm p { method = heated(power = 2), method.heat = 7 }\n"
        "algorithm x extends p { method = heated(power = 3) }"
    )
    assert (value(found, "method.heat"), value(found, "method.power")) == (7, 3)


def test_a_parameter_path_changes_one_parameter(load: Load) -> None:
    found = load(
        "algorithm p { method = plain + bounded(by = 2), opt.a = adam(rate = 3) + clip(norm = 5) }\n"
        "algorithm x extends p { opt.a.clip.norm = 6, method.bounded.by = 4 }"
    )
    assert (value(found, "opt.a.rate"), value(found, "opt.a.clip.norm"), value(found, "method.bounded.by")) == (3, 6, 4)
    assert origin(found, "opt.a.rate") == ("parent", "p")
    assert origin(found, "opt.a.clip.norm") == ("spec", "x")


def test_a_parameter_path_reaches_into_a_default(load: Load) -> None:
    found = load("algorithm x { method = plain, opt.b.decay = 0.5 }")
    assert (value(found, "opt.b.decay"), value(found, "opt.b.rate")) == (0.5, 0.5)
    assert origin(found, "opt.b.rate") == ("default", "")


def test_a_parameter_without_its_constructor_labels_what_stands_there(load: Load) -> None:
    found = load("algorithm p { method = plain, opt.a = sgd }\nalgorithm x extends p { opt.a.decay = 0.5 }")
    assert codes_of(found) == ["TX112"]
    assert [label.span.text for label in found.diagnostics[0].labels] == ["opt.a.decay", "sgd"]


def test_a_parameter_of_a_modifier_that_is_absent(load: Load) -> None:
    assert codes_of(load("algorithm x { method = plain, opt.a.clip.norm = 5 }")) == ["TX112"]


def test_a_shared_parameter_needs_its_constructor_in_one_of_its_places(load: Load) -> None:
    found = load("algorithm x { method = plain, opt.a = sgd, opt.momentum = 0.5 }")
    assert value(found, "opt.a.momentum") == 0.5
    assert codes_of(load("algorithm x { method = plain, opt.momentum = 0.5 }")) == ["TX112"]


def test_the_same_path_twice_labels_both(load: Load) -> None:
    found = load(
        "algorithm x { method = plain, decay = 0.1\n net { a.act = elu }\n decay = 0.2\n net.a { act = tanh } }"
    )
    assert codes_of(found) == ["TX111", "TX111"]
    assert all(len(diagnostic.labels) == 2 for diagnostic in found.diagnostics)


def test_unset_returns_to_the_default_and_forgets_below(load: Load) -> None:
    found = load(
        "algorithm p { method = plain, opt.b = sgd(momentum = 0.5), opt.a.rate = 3 }\n"
        "algorithm x extends p { unset opt.b, unset opt.a.rate }"
    )
    assert value(found, "opt.b") == Composition("adam")
    assert (value(found, "opt.b.rate"), value(found, "opt.a.rate")) == (0.5, 0.1)
    assert origin(found, "opt.b") == ("default", "")


def test_unset_of_a_shared_path(load: Load) -> None:
    found = load("algorithm p { method = plain, net.a.act = elu }\nalgorithm x extends p { unset net.act }")
    assert value(found, "net.a.act") == Composition("relu")


def test_unset_of_what_nothing_set(load: Load) -> None:
    found = load("algorithm x { method = plain, unset decay }")
    assert codes_of(found) == ["TX109"]
    assert found.diagnostics[0].help


def test_unset_of_a_required_slot_leaves_it_open(load: Load) -> None:
    assert codes_of(load("algorithm p { method = plain }\nalgorithm x extends p { unset method }")) == ["TX214"]


class TestMixins:
    def test_they_apply_before_the_spec_in_any_order(self, load: Load) -> None:
        groups = "architecture m { decay = 0.1 }\narchitecture n { net.act = elu }\n"
        for order in ("m, n", "n, m"):
            found = load(groups + f"algorithm x with {order} {{ method = plain, decay = 0.2 }}")
            assert value(found, "decay") == 0.2
            assert origin(found, "net.a.act") == ("mixin", "n")

    def test_two_that_disagree_are_both_labelled(self, load: Load) -> None:
        found = load(
            "architecture m { decay = 0.1 }\narchitecture n { decay = 0.2 }\nalgorithm x with m, n { method = plain }"
        )
        assert codes_of(found) == ["TX108"]
        assert {label.span.text for label in found.diagnostics[0].labels} == {"0.1", "0.2", "x"}

    def test_two_that_agree_are_fine(self, load: Load) -> None:
        found = load(
            "architecture m { decay = 0.1 }\narchitecture n { decay = 0.1 }\nalgorithm x with m, n { method = plain }"
        )
        assert value(found, "decay") == 0.1

    def test_the_spec_decides(self, load: Load) -> None:
        found = load(
            "architecture m { opt.a = sgd }\n"
            "architecture n { opt.a = adam }\n"
            "algorithm x with m, n { method = plain, opt.a = sgd(rate = 1) }"
        )
        assert value(found, "opt.a.rate") == 1

    def test_the_spec_decides_by_a_shared_path(self, load: Load) -> None:
        found = load(
            "architecture m { net.a.act = elu }\n"
            "architecture n { net.act = tanh }\n"
            "algorithm x with m, n { method = plain, net.act = relu }"
        )
        assert value(found, "net.a.act") == Composition("relu")

    @pytest.mark.parametrize("order", ["m, n", "n, m"])
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("opt.a = adam", "opt.a = adam(rate = 2)"),  # a bare constructor says the default rate
            ("opt.a = adam(rate = 3)", "opt.a.rate = 2"),
            ("opt.a = adam", "opt.a.rate = 2"),
            ("opt.a = sgd", "opt.a = adam"),
            ("opt.a = adam + clip", "opt.a = adam"),
            ("net.act = elu", "net.b.act = tanh"),
        ],
    )
    def test_no_order_decides_between_them(self, load: Load, one: str, other: str, order: str) -> None:
        found = load(
            f"architecture m {{ {one} }}\narchitecture n {{ {other} }}\nalgorithm x with {order} {{ method = plain }}"
        )
        assert codes_of(found)[0] == "TX108"
        assert codes_of(found).count("TX108") == 1

    def test_a_mixin_twice(self, load: Load) -> None:
        assert codes_of(load("architecture m { decay = 0.1 }\nalgorithm x with m, m { method = plain }")) == ["TX107"]


class TestWhen:
    def test_it_applies_after_the_body_where_the_environment_matches(self, load: Load) -> None:
        text = 'algorithm x { when env = "Ant-*" { decay = 0.5 }\n method = plain, decay = 0.1 }'
        found = load(text, env="Ant-v5")
        assert value(found, "decay") == 0.5
        assert origin(found, "decay") == ("when", 'env = "Ant-*"')
        assert value(load(text, env="ant-v5"), "decay") == 0.1
        assert value(load(text), "decay") == 0.1

    def test_a_child_decides_over_its_parents_condition(self, load: Load) -> None:
        text = 'algorithm p { method = plain\n when env = "A" { decay = 0.5 } }\nalgorithm x extends p { decay = 0.2 }'
        assert value(load(text, env="A"), "decay") == 0.2

    def test_actions(self, load: Load) -> None:
        text = "algorithm x { method = plain\n when actions = discrete { decay = 0.5 } }"
        assert value(load(text, actions="discrete"), "decay") == 0.5
        assert value(load(text, actions="continuous"), "decay") == 0.99

    def test_two_that_hold_and_disagree(self, load: Load) -> None:
        text = 'algorithm x { method = plain\n when env = "A*" { decay = 0.5 }\n when env = "*B" { decay = 0.6 } }'
        assert codes_of(load(text, env="AB")) == ["TX110"]
        assert value(load(text, env="A"), "decay") == 0.5

    def test_one_inside_another_needs_both(self, load: Load) -> None:
        text = 'algorithm x { method = plain\n when env = "A*" { when actions = discrete { decay = 0.5 } } }'
        assert value(load(text, env="AB", actions="discrete"), "decay") == 0.5
        assert value(load(text, env="AB"), "decay") == 0.99
        assert value(load(text, actions="discrete"), "decay") == 0.99

    def test_entries_are_typed_though_the_condition_does_not_hold(self, load: Load) -> None:
        text = 'algorithm x { method = plain\n when env = "A" { decay = 5, nett.act = elu, opt.a.momentum = 0.5 } }'
        assert codes_of(load(text)) == ["TX204", "TX201"]

    def test_no_such_condition(self, load: Load) -> None:
        text = 'algorithm x { method = plain\n when evn = "A" { }\n when env = A { }\n when actions = discreet { } }'
        assert codes_of(load(text)) == ["TX216", "TX216", "TX216"]


class TestSet:
    def test_it_comes_last(self, load: Load) -> None:
        text = 'algorithm x { method = plain, decay = 0.1\n when env = "A" { decay = 0.5 } }'
        found = load(text, "decay=0.3", "opt.a.rate = 2", "opt.a = sgd", env="A")
        assert (value(found, "decay"), value(found, "opt.a.rate")) == (0.3, 2)
        assert origin(found, "decay") == ("set", "")

    @pytest.mark.parametrize(
        ("override", "code"),
        [
            ("decay=7", "TX204"),
            ("decya=0.5", "TX201"),
            ("decay", "TX001"),
            ("", "TX115"),
            ("decay = 0.1\nnet.act = elu", "TX115"),
            ("decay = 0.1 } algorithm y { decay = 0.1", "TX003"),
            ("opt.a = adam(", "TX002"),
        ],
    )
    def test_a_bad_one_is_labelled_in_its_own_text(self, load: Load, override: str, code: str) -> None:
        found = load("algorithm x { method = plain }", override)
        assert found.row is None
        assert code in codes_of(found)
        for diagnostic in found.diagnostics:
            for label in diagnostic.labels:
                assert (label.span.source.name, label.span.source.text) == ("--set", override)
                assert 0 <= label.span.start <= label.span.end <= len(override)

    def test_twice(self, load: Load) -> None:
        assert codes_of(load("algorithm x { method = plain }", "decay=0.1", "decay=0.2")) == ["TX111"]
