"""A study as plain data, which its record keeps, and its hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from taxon.semantics.studies.model import Cell, Claim, Study


def study_data(study: Study) -> dict[str, Any]:
    """All that a study resolves to, for JSON: a row is named by its hash."""
    return {
        "format_version": 1,
        "study": study.name,
        "doc": study.doc,
        "hash": study_hash(study),
        **_meaning(study),
        "sentences": {claim.name: claim.sentence for claim in study.claims},
    }


def study_hash(study: Study) -> str:
    """The SHA-256 of what is run and what is claimed of it, in hexadecimal: names of the study and of rows, and
    documentation, do not count."""
    text = json.dumps(_meaning(study), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _meaning(study: Study) -> dict[str, Any]:
    return {
        "factors": [
            {"name": factor.name, "about": factor.about, "levels": list(factor.levels)} for factor in study.factors
        ],
        "environments": list(study.environments),
        "score": str(study.score),
        "failure": study.failure,
        "scale": {environment: list(ends) for environment, ends in study.scale.items()},
        "cells": [_cell(cell) for cell in study.cells],
        "claims": [_claim(claim) for claim in study.claims],
    }


def _cell(cell: Cell) -> dict[str, Any]:
    said = {"levels": list(cell.levels), "environment": cell.environment}
    if cell.left_out:
        return {**said, "left_out": cell.left_out}
    seeds = {"first": cell.seeds.first, "most": cell.seeds.most, "step": cell.seeds.step}
    module = {"module": cell.edited} if cell.edited else {}
    return {**said, "row": cell.hash, **module, "steps": cell.steps, "seeds": seeds, "lints": list(cell.lints)}


def _claim(claim: Claim) -> dict[str, Any]:
    return {
        "name": claim.name,
        "claim": claim.text,
        claim.relation: claim.margin,
        "contrasts": claim.contrasts(),
    }
