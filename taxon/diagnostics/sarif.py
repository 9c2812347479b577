"""Diagnostics in SARIF 2.1.0 (OASIS), the format that code scanners exchange."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from taxon.diagnostics.model import Code, Diagnostic, Edit, Label
from taxon.diagnostics.source import Source, Span

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT = "taxonFinding/v1"


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """One run with a result for each diagnostic, and the rules that they name with their reasons.

    Lines and columns count from 1, in Unicode code points; the end is exclusive. A place that is in no file of the
    user's (a shipped spec, `--set`) is a logical location. The fingerprint of a finding survives changes to the lines
    above and below it.
    """
    diagnostics = list(diagnostics)
    rules = sorted({diagnostic.code for diagnostic in diagnostics}, key=lambda code: code.id)
    seen: Counter[str] = Counter()
    results = []
    for diagnostic in diagnostics:
        key = _key(diagnostic)
        results.append(_result(diagnostic, rules.index(diagnostic.code), f"{key}:{seen[key]}"))
        seen[key] += 1
    driver = {"name": "taxon", "rules": [_rule(code) for code in rules]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(code: Code) -> dict[str, Any]:
    source = f"\n\nSource: {code.source}" if code.source else ""
    return {
        "id": code.id,
        "shortDescription": {"text": code.title},
        "fullDescription": {"text": code.why},
        "help": {"text": f"{code.why}{source}\n\nExamples: taxon explain {code.id}"},
        "defaultConfiguration": {"level": str(code.severity)},
    }


def _key(diagnostic: Diagnostic) -> str:
    """What a finding is, wherever its line has moved to."""
    span = diagnostic.primary
    place = ("", "") if span is None else (span.source.name, span.source.line(span.source.position(span.start)[0]))
    said = "\0".join((diagnostic.code.id, diagnostic.message, place[0], place[1].strip()))
    return sha256(said.encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _result(diagnostic: Diagnostic, rule: int, fingerprint: str) -> dict[str, Any]:
    lines = [diagnostic.message, *(f"note: {note}" for note in diagnostic.notes)]
    if diagnostic.help:
        lines.append(f"help: {diagnostic.help}")
    primary = [label for label in diagnostic.labels if label.primary][:1]
    others = [label for label in diagnostic.labels if label not in primary]
    result: dict[str, Any] = {
        "ruleId": diagnostic.code.id,
        "ruleIndex": rule,
        "level": str(diagnostic.severity),
        "message": {"text": "\n".join(lines)},
        "locations": [_location(label) for label in primary],
        "partialFingerprints": {FINGERPRINT: fingerprint},
    }
    if others:
        result["relatedLocations"] = [{"id": number, **_location(label)} for number, label in enumerate(others)]
    if diagnostic.edit is not None and diagnostic.edit.span.source.is_file:
        result["fixes"] = [_fix(diagnostic.edit, diagnostic.help)]
    return result


def _location(label: Label) -> dict[str, Any]:
    source = label.span.source
    message = {"message": {"text": label.text}} if label.text else {}
    if not source.is_file:
        return {"logicalLocations": [{"fullyQualifiedName": source.name}], **message}
    return {"physicalLocation": {"artifactLocation": _artifact(source), "region": _region(label.span)}, **message}


def _artifact(source: Source) -> dict[str, str]:
    path = quote(source.name.encode("utf-8", "surrogateescape"))
    return {"uri": f"file://{path}" if path.startswith("/") else path}


def _region(span: Span) -> dict[str, int]:
    (line, column), (last, end) = span.source.position(span.start), span.source.position(span.end)
    return {"startLine": line, "startColumn": column, "endLine": last, "endColumn": end}


def _fix(edit: Edit, description: str) -> dict[str, Any]:
    replacement = {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.replacement}}
    change = {"artifactLocation": _artifact(edit.span.source), "replacements": [replacement]}
    said: dict[str, Any] = {"description": {"text": description}} if description else {}
    return {**said, "artifactChanges": [change], "properties": {"applicability": str(edit.applicability)}}
