"""A study of a file, with what its environments take."""

from __future__ import annotations

from taxon.diagnostics.model import Severity
from taxon.runtime.environments.environment import spaces_of
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError
from taxon.semantics import load_study
from taxon.semantics.studies import Study


def declared(target: str) -> Study:
    """The study that `file.tx:name` means, as `taxon study` has it. Raises UserError where it means nothing."""
    found = load_study(target, lambda name: spaces_of(Recipe(name)))
    if found.study is None:
        errors = [each.message for each in found.diagnostics if each.severity is Severity.ERROR]
        raise UserError(f"{target}: {errors[0]}", "see taxon check")
    return found.study
