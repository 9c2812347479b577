"""What a user did wrong while running something, said in one line with the way out."""

from taxon.errors import Error


class UserError(Error):
    """A mistake of the user; `help` says what to do instead. The command line prints both and exits with 2."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message, help)


def refused(error: OSError) -> UserError:
    """What the system refuses, as a mistake that can be mended: the file that it is about, and what the system says."""
    why = error.strerror or str(error)
    if isinstance(error.filename, str):
        return UserError(f"{error.filename} cannot be used: {why}", "mend that, or name another place")
    return UserError(f"the output or a file cannot be written: {why}", "mend that, or write it to another place")


def one_line(text: str, most: int = 300) -> str:
    """A text of a stranger's as part of a sentence: what cannot be shown is replaced, and what is long is cut."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:most])
