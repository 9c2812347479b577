"""The pages of the command line, one for each command: arguments and options, from the objects that read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from taxon.cli.main import COMMANDS, application
from taxon.cli.program.exits import EXITS
from writers.markdown import anchor, block, code, contents, page, prose, table

INTRODUCTION = """\
Every command of `taxon`, as `taxon COMMAND --help` prints it. A spec is named by its path (`mine.tx`, or `mine.tx:name`
where a file holds several algorithms), or by its name if it ships with taxon. Findings go to standard error, and with
`check` to standard output; only what was asked for goes to standard output."""


def pages() -> dict[str, str]:
    """The index and a page for each command, by file name."""
    program: Any = get_command(application(list(COMMANDS)))
    commands = program.commands
    rows = ([f"[`taxon {name}`]({name}.md)", _summary(commands[name])] for name in commands)
    parts = [table(["command", "what it does"], rows), "## Exit codes"]
    parts.append(table(["code", "meaning"], ([str(number), prose(meaning)] for number, meaning in EXITS.items())))
    parts.append(contents(f"{name}.md" for name in commands))
    return {
        "index.md": page("The command line", INTRODUCTION, parts),
        **{f"{name}.md": _page(name, command) for name, command in commands.items()},
    }


def _page(name: str, command: Any) -> str:
    title, introduction, *parts = _command(name, command, 1)
    return page(title.removeprefix("# "), introduction, parts)


def _summary(command: Any) -> str:
    return prose(str(command.help).split("\n\n")[0])


def _command(name: str, command: Any, depth: int) -> Iterator[str]:
    yield f"{'#' * depth} taxon {name}"
    if hasattr(command, "commands"):
        yield from (prose(paragraph) for paragraph in str(command.help).split("\n\n"))
        below = ((f"{name} {word}", each) for word, each in command.commands.items())
        yield table(
            ["command", "what it does"],
            ([f"[`taxon {word}`](#{anchor(f'taxon {word}')})", _summary(each)] for word, each in below),
        )
        for word, each in command.commands.items():
            yield from _command(f"{name} {word}", each, depth + 1)
        return
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    required = [f"{_names(each)} {_value(each)}" for each in options if each.required]
    shown = " ".join(["taxon", name, *(_placeholder(each) for each in arguments), *required, "[OPTIONS]"])
    yield block("$ " + (shown if options else shown.removesuffix(" [OPTIONS]")), "console")
    yield from (prose(paragraph) for paragraph in str(command.help).split("\n\n"))
    yield table(["argument", "meaning"], ([code(_placeholder(each)), prose(each.help)] for each in arguments))
    yield table(["option", "value", "default", "meaning"], (_option(each) for each in options))


def _placeholder(argument: Any) -> str:
    """How an argument is written: in brackets where it may be left out, with dots where it repeats."""
    if argument.metavar:
        return str(argument.metavar)
    word = argument.name.upper() + ("..." if argument.nargs == -1 else "")
    return word if argument.required else f"[{word}]"


def _option(option: Any) -> list[str]:
    default = "required" if option.required else code(_text(option.default)) if option.default else ""
    repeats = " May be given several times." if option.multiple else ""
    value = "" if option.is_flag else code(_value(option))
    return [code(_names(option)), value, default, prose(option.help) + repeats]


def _names(option: Any) -> str:
    return ", ".join([*option.opts, *option.secondary_opts])


def _value(option: Any) -> str:
    if option.metavar:
        return str(option.metavar)
    if choices := getattr(option.type, "choices", None):
        return "|".join(str(getattr(choice, "value", choice)) for choice in choices)
    return {"str": "TEXT", "text": "TEXT", "path": "PATH", "int": "INTEGER", "float": "NUMBER"}[option.type.name]


def _text(default: Any) -> str:
    return str(getattr(default, "value", default))
