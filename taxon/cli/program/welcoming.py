"""The program itself, which has a screen of its own where nothing is asked of it."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


class Welcoming(TyperGroup):
    """`taxon` alone prints the first screen."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:  # a shell completes
            from taxon.cli.program.welcome import welcome

            welcome()
            ctx.exit()
        return super().parse_args(ctx, args)
