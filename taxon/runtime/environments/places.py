"""Where something is defined, for its author."""

import inspect
from typing import Any

from taxon.runtime.environments.faults import Place


def place_of(thing: Any) -> Place | None:
    """The file and the line of a class or a function, where it is written in Python."""
    try:
        file, line = inspect.getsourcefile(thing), inspect.getsourcelines(thing)[1]
    except (OSError, TypeError):
        return None
    return None if file is None else Place(file, line)
