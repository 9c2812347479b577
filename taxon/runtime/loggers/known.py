"""The ids under which tools know a run, kept in its folder so that a resumed run goes on in the same place."""

import json
from typing import Annotated

from pydantic import Field, RootModel, StringConstraints, ValidationError

from taxon.runtime.errors import UserError
from taxon.runtime.folder.fields import RowName, first_of
from taxon.runtime.folder.run_folder import RunFolder

FILE = "loggers.json"
LARGEST = 100_000  # bytes
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$")]


class Known(RootModel[dict[RowName, Id]]):
    """Logger -> id. A stranger may have written it, so it names no server, file or project."""

    root: dict[RowName, Id] = Field(max_length=100)


def read(folder: RunFolder) -> dict[str, str]:
    """The ids. Raises UserError where the file is not one of a run's."""
    path = folder.path / FILE
    try:
        return Known.model_validate_json(folder.read(FILE, LARGEST)).root
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}", "restore the file") from None
    except ValidationError as error:
        help = "restore the file from a copy, or remove it: the loggers then begin runs of their own"
        raise UserError(f"{path}: {first_of(error)}", help) from error


def write(folder: RunFolder, ids: dict[str, str]) -> None:
    folder.write(FILE, json.dumps(ids, indent=2).encode())
