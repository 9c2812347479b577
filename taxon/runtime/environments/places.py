"""Where something is defined, for its author."""

import inspect
from typing import Any


def place_of(thing: Any) -> str:
    """The file and the line of a class or a function."""
    try:
        file, line = inspect.getsourcefile(thing), inspect.getsourcelines(thing)[1]
    except (OSError, TypeError):
        return f"{getattr(thing, '__module__', 'an unknown module')}.{getattr(thing, '__qualname__', thing)}"
    return f"{file}, line {line}"
