"""A study as plain data, which its record keeps, and its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from taxon.semantics.studies.model import Cell, Claim, Study
from taxon.semantics.studies.vocabulary import MARGINS


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
    return _digest(_meaning(study))


def claim_meanings(data: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, str]]:
    """By the name and the text of each claim in the data of a study: by environment the SHA-256 of what it says there.

    That is its contrast of rows and its margin, the unit of the study's scale in which that is, the score, and how
    frozen seeds count. Seeds, steps and other environments do not count. Data that is no study's raises LookupError,
    TypeError, ValueError or AttributeError.
    """
    return {(claim["name"], claim["claim"]): _said_of(claim, data) for claim in data["claims"]}


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


def _said_of(claim: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, str]:
    margin = {relation: claim[relation] for relation in MARGINS if relation in claim}
    units = {environment: high - low for environment, (low, high) in data["scale"].items()}
    return {
        environment: _digest(
            {
                # Weights are sums, whose last bits depend on the order of what is averaged over.
                "contrast": {row: round(weight, 9) for row, weight in weights.items()},
                "margin": margin,
                "unit": units.get(environment),
                "score": data["score"],
                "failure": data["failure"],
            }
        )
        for environment, weights in claim["contrasts"].items()
    }


def _digest(data: Mapping[str, Any]) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


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
