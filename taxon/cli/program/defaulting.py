"""A group of commands of which one is meant where none is named."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


class Defaulting(TyperGroup):
    """`taxon study FILE` is `taxon study run FILE`."""

    meant = "run"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [self.meant, *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """The commands, and what the first argument of the one that is meant may be."""
        first = next(each for each in self.commands[self.meant].params if each.param_type_name == "argument")
        return [*super().shell_complete(ctx, incomplete), *first.shell_complete(ctx, incomplete)]
