"""The base of all that taxon raises for what a user can mend."""

from __future__ import annotations


class Error(Exception):
    """What is wrong, in one line, and the way out.

    Attributes:
        message: what is wrong.
        help: what to do instead; empty where the message says all there is. A traceback shows it below the message.
    """

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help
        if help:
            self.add_note(f"help: {help}")
