"""Environments as words say them, and words as a run's record keeps them."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxon.runtime.environments.recipe import Recipe, Reference, Wrapper
from taxon.runtime.environments.trust import trusted
from taxon.runtime.environments.words import DEEPEST, LONGEST, read_recipe, read_value, read_wrapper
from taxon.runtime.errors import UserError

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3) | st.tuples(inner, inner)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(["g", "max_episode_steps", "x1", "a_b"])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9.81", 9.81),
        ("-3", -3),
        ("1k", 1_000),
        ("-2.5M", -2_500_000),
        ("0.0015k", 1.5),
        ("1e-3", 0.001),
        ("true", True),
        ("False", False),
        ("None", None),
        ("8x8", "8x8"),
        ("10.0.0.1", "10.0.0.1"),
        ("two-words/a", "two-words/a"),
        ("models/ant.xml", "models/ant.xml"),
        ("numpy.tanh", "numpy.tanh"),
        ("'two words'", "two words"),
        ('"1"', "1"),
        ("[1, 2.5, 'a']", [1, 2.5, "a"]),
        ("(0.7, true)", (0.7, True)),
        ("{'a': [1], 'b': {}}", {"a": [1], "b": {}}),
        (" 3 ", 3),
    ],
)
def test_values(text, value):
    found = read_value(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "a b",
            "f(3)",
            "1 + 2",
            "x = 3",
            "[1,",
            "nan",
            "inf",
            "-inf",
            "1/2",
            "1+2",
            "1e999",
            "[1e999]",
            "3j",
            "{1, 2}",
            "b'1'",
        ),
        *("{1: 2}", "{**{}}", "[x]", "[a.b]", "lambda: 0", "...", "f'{1}'", "[*[1]]", "$HOME", "(yield)", "\0"),
        *("[" * (DEEPEST + 2) + "]" * (DEEPEST + 2), "(" * 400 + ")" * 400, "-" * 900 + "1", "9" * (LONGEST + 1)),
        "'" + "\x01" * 400 + "'",
    ],
)
def test_what_is_no_value_is_refused(text):
    with pytest.raises(ValueError, match=r"it |is no literal|of a dictionary"):
        read_value(text)


def test_nothing_is_executed(capsys):
    for text in ("print(1)", "[print(1)]", "__import__('os').getcwd()"):
        with pytest.raises(ValueError, match="no literal"):
            read_value(text)
        with pytest.raises(UserError):
            read_wrapper(f"A({text})")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("text", "wrapper"),
    [
        ("ClipAction", Wrapper("ClipAction")),
        ("TimeLimit(200)", Wrapper("TimeLimit", (200,))),
        ("TransformReward(numpy.tanh)", Wrapper("TransformReward", (Reference("numpy.tanh"),))),
        (
            "mine.deep.Scaled(by=-2, names=['a', b.c])",
            Wrapper("mine.deep.Scaled", (), {"by": -2, "names": ["a", Reference("b.c")]}),
        ),
        ("A(true, None, text='x.y')", Wrapper("A", (True, None), {"text": "x.y"})),
    ],
)
def test_wrappers(text, wrapper):
    assert read_wrapper(text) == wrapper
    assert read_wrapper(str(wrapper)) == wrapper


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not written as Python"),
        ("TimeLimit(200", "not written as Python"),
        ("TimeLimit(limit)", "neither a literal nor a dotted name"),
        ("TimeLimit(max(1, 2))", "neither a literal nor a dotted name"),
        ("TransformReward(lambda r: r)", "neither a literal nor a dotted name"),
        ("A()()", "no dotted name"),
        ("A[0](1)", "no dotted name"),
        ("3", "no dotted name"),
        ("A(*[1])", "neither a literal"),
        ("A(**{})", "`**` stands before a value"),
        ("A(a=1, a=2)", "twice"),
        ("A(1) + B(2)", "no dotted name"),
        (f"A('{'x' * LONGEST}')", "more than 1,000 characters"),
    ],
)
def test_what_is_no_wrapper_is_refused(text, why):
    with pytest.raises(UserError, match="--wrap") as caught:
        read_wrapper(text)
    assert why.replace("\\", "") in caught.value.message
    assert "--wrap" in caught.value.help


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("", []), "--env  names no environment"),
        (("x\x1b[31m", []), "names no environment"),
        ((":Maze-v0", []), "--env :Maze-v0 has nothing before its colon"),
        (("maze.py:", []), "--env maze.py: has nothing behind its colon"),
        (("maze.py", []), "--env maze.py names a file, and not what to make of it"),
        (("X", ["g"]), "--env-set g is no name with a value"),
        (("X", ["a-b=1"]), "is no name with a value"),
        (("X", ["=1"]), "is no name with a value"),
        (("X", ["g=1", "g=1"]), "gives g twice"),
        (("X", ["render_mode=human"]), "rgb_array where a run is filmed"),
        (("X", ["disable_env_checker=false"]), "taxon checks for itself"),
        (("X", ["g=f(1)"]), "has no literal: f(1) is no literal"),
        (("X", [f"a{number}=1" for number in range(101)]), "more than 100"),
        (("X", [], ["ClipAction"] * 101), "more than 100"),
    ],
)
def test_words_that_say_nothing(words, why):
    with pytest.raises(UserError) as caught:
        read_recipe(*words)
    assert why in caught.value.message


@given(
    st.dictionaries(NAMES, VALUES, max_size=3), st.lists(VALUES, max_size=2), st.dictionaries(NAMES, VALUES, max_size=2)
)
def test_words_come_back(arguments, positional, named):
    """What a command line says, a title shows and a record keeps is one text, and means the same value."""
    recipe = Recipe("Id-v0", arguments, (Wrapper("a.B", tuple(positional), named), Wrapper("C")))
    words = recipe.words
    settings = [text for option, text in zip(words[::2], words[1::2], strict=True) if option == "--env-set"]
    wraps = [text for option, text in zip(words[::2], words[1::2], strict=True) if option == "--wrap"]
    again = read_recipe(words[1], settings, wraps)
    assert (again, again.arguments, again.wrappers) == (recipe, recipe.arguments, recipe.wrappers)
    assert hash(again) == hash(recipe)


def test_what_a_recipe_is():
    recipe = read_recipe("path/to/maze.py:Maze-v0", ["size=8x8", "g=2k"], ["TimeLimit(9)", "A"])
    assert (recipe.module, recipe.file, recipe.name) == ("path/to/maze.py", "path/to/maze.py", "Maze-v0")
    assert str(recipe) == "path/to/maze.py:Maze-v0(size='8x8', g=2000) + TimeLimit(9) + A()"
    assert not recipe.plain
    assert Recipe("dm_control/walker-walk").plain
    assert [Recipe("X", {"a": one}) == Recipe("X", {"a": other}) for one, other in ((1, 1), (1, True), (1, 1.0))] == [
        True,
        False,
        False,
    ]


def test_a_function_is_called_by_its_name():
    assert [Recipe.of(each).id for each in (test_what_a_recipe_is, lambda: None, Recipe)] == [
        "test_what_a_recipe_is()",
        "lambda()",
        "Recipe()",
    ]
    assert Recipe.of(test_values).called


OWN = ["--env", "maze.py:Maze-v0", "--env-set", "g=2"]


@pytest.mark.parametrize(
    ("recorded", "why", "help"),
    [
        (Recipe("maze.py:Maze-v0"), "would execute a file", "add --env maze.py:Maze-v0"),
        (Recipe("maze:Maze-v0"), "would import a module", "add --env maze:Maze-v0"),
        (Recipe("Pendulum-v1", {"g": 2.0}), "made with arguments or wrappers", "--env Pendulum-v1 --env-set g=2.0"),
        (
            Recipe("A-v0", {}, (Wrapper("os.system", ("rm x",)),)),
            "arguments or wrappers",
            """--wrap 'os.system('"'"'rm x'"'"')'""",
        ),
        (Recipe("maze()"), "was made by a function of a Python program", "go on in that program"),
    ],
)
def test_a_folder_is_believed_an_id_alone(recorded, why, help):
    with pytest.raises(UserError) as caught:
        trusted(recorded, None)
    assert why in caught.value.message
    assert help in caught.value.help
    assert trusted(Recipe("Pendulum-v1"), None) == Recipe("Pendulum-v1")


def test_what_the_user_says_again_must_be_the_same():
    recorded = read_recipe("envs/maze.py:Maze-v0", ["g=2"], ["TimeLimit(9)"])
    for same in ("maze.py:Maze-v0", "../elsewhere/maze.py:Maze-v0"):
        said = read_recipe(same, ["g=2"], ["TimeLimit( 9 )"])
        assert trusted(recorded, said) is said
    others = [
        read_recipe("maze.py:Other-v0", ["g=2"], ["TimeLimit(9)"]),
        read_recipe("other.py:Maze-v0", ["g=2"], ["TimeLimit(9)"]),
        read_recipe("maze.py:Maze-v0", ["g=2.0"], ["TimeLimit(9)"]),
        read_recipe("maze.py:Maze-v0", ["g=2"], []),
        Recipe("Pendulum-v1"),
    ]
    for other in others:
        with pytest.raises(UserError, match="the run was on") as caught:
            trusted(recorded, other)
        assert shlex.join(recorded.words) in caught.value.help
    with pytest.raises(UserError, match="not on CartPole-v1") as caught:
        trusted(Recipe("Pendulum-v1"), Recipe("CartPole-v1"))
    assert caught.value.help == "leave --env out"
    made = Recipe.of(test_wrappers)
    assert trusted(Recipe(made.id), made) is made
