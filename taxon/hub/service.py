"""Hugging Face's hub, through its own client: a folder there, files back. HF_ENDPOINT and HF_TOKEN are the client's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taxon.runtime.errors import UserError, one_line

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,95}/[A-Za-z0-9][A-Za-z0-9_.-]{0,95}")
REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,199}")


@dataclass(frozen=True)
class Remote:
    """What a repository has at one commit."""

    commit: str
    sizes: dict[str, int]  # bytes of each file


def check_name(name: str) -> str:
    """Raise UserError for what is no name of a repository."""
    if not NAME.fullmatch(name):
        raise UserError(f"{name} is no repository", "name its owner and itself, as in ada/sac-hopper")
    return name


def upload(folder: Path, name: str, private: bool, message: str) -> str:
    """Send a folder's files to a repository, which is made where there is none: the address of the commit.

    Raises UserError where the client is missing or the hub refuses.
    """
    hub = _client()
    with _explained(hub, name):
        api = hub.HfApi(library_name="taxon")
        api.create_repo(name, private=private, exist_ok=True)
        info = api.upload_folder(repo_id=name, folder_path=folder, commit_message=message)
        return str(info.commit_url)


def look(name: str, revision: str | None) -> Remote:
    """What there is to download. Raises UserError where there is no such repository or revision."""
    if revision is not None and not REVISION.fullmatch(revision):
        raise UserError(f"{one_line(revision, 100)} is no revision", "name a branch, a tag or a commit")
    hub = _client()
    with _explained(hub, name):
        info = hub.HfApi(library_name="taxon").model_info(name, revision=revision, files_metadata=True)
        if not info.sha:
            raise ValueError("it names no commit")
        return Remote(str(info.sha), {file.rfilename: int(file.size or 0) for file in info.siblings or []})


def download(name: str, commit: str, file: str, into: Path) -> None:
    """One file of a commit, written to `into` under its own name. `file`: a bare name, which the caller has checked."""
    hub = _client()
    with _explained(hub, name):
        hub.HfApi(library_name="taxon").hf_hub_download(name, file, revision=commit, local_dir=into)


def _client() -> Any:
    try:
        import huggingface_hub
        import huggingface_hub.errors  # which the package does not bring by itself
    except ImportError as error:
        raise UserError(f"the hub needs {error.name}", "pip install 'taxon-rl[hub]'") from error
    return huggingface_hub


@contextmanager
def _explained(hub: Any, name: str) -> Iterator[None]:
    """Whatever the client raises, as one line."""
    errors = hub.errors
    try:
        yield
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.EntryNotFoundError) as error:
        raise UserError(
            f"the hub has no {name}, or not for you: {_said(error)}",
            "check the name, and log in with `hf auth login` where it is private",
        ) from error
    except errors.HfHubHTTPError as error:
        raise UserError(
            f"the hub refuses {name}: {_said(error)}", "log in with `hf auth login`, or set HF_TOKEN"
        ) from error
    except Exception as error:  # of the client, of what carries its requests, and of the network
        raise UserError(
            f"the hub cannot be reached for {name}: {_said(error)}", "try again, or check HF_ENDPOINT"
        ) from error


def _said(error: Exception) -> str:
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return one_line(first, 200)
