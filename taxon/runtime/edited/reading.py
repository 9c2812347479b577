"""The file of a module that the user names: the one place where text that is executed is read by its path."""

from pathlib import Path

from taxon.runtime.errors import UserError

LARGEST = 2**20  # bytes; the largest module of a shipped spec takes a twentieth


def read(path: Path) -> str:
    """The text of a module. Raises UserError where it cannot be read."""
    help = "name a Python file, such as one that `taxon emit SPEC > agent.py` wrote"
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"{path} is no file", help)
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UserError(f"{path} cannot be read: {why}", help) from None
    if len(content) > LARGEST:
        raise UserError(f"{path} has more than {LARGEST:,} bytes", help)
    try:
        text = content.decode("utf-8-sig")  # as Python reads a file
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8", help) from None
    if "\0" in text:
        raise UserError(f"{path} holds a NUL, which no Python file does", help)
    return text.replace("\r\n", "\n")
