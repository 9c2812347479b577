"""SARIF 2.1.0: what the standard asks of the properties that are written, held by hand (its schema is not shipped)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from taxon.diagnostics import sarif
from taxon.diagnostics.model import Code, Diagnostic, Edit, Label, Severity
from taxon.diagnostics.source import Source, Span

ERROR = Code("TX312", "no density", "Because.", source="Furuta et al. 2021")
WARNING = Code("TX501", "one critic", "Evidence.", Severity.WARNING)
TEXT = "taxon 1\nalgorithm a {\n  gama = 0.9\n  x = 1\n}\n"
FILE = Source("specs of/\u03c0.tx", TEXT, is_file=True)
SHIPPED = Source("std.sac", "gamma = 1")


def at(source: Source, text: str) -> Span:
    start = source.text.index(text)
    return Span(source, start, start + len(text))


def findings(source: Source = FILE) -> list[Diagnostic]:
    place = at(source, "gama")
    labels = (Label(place, "here", primary=True), Label(at(SHIPPED, "gamma"), "there"), Label(at(source, "0.9")))
    return [
        Diagnostic(WARNING, "careful"),
        Diagnostic(ERROR, "no path", labels, ("a note",), "write it", Edit(place, "gamma")),
        Diagnostic(WARNING, "careful", (Label(at(SHIPPED, "gamma"), primary=True),)),
    ]


def rendered(found: list[Diagnostic]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(sarif.render(found))
    return document


def results(source: Source) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rendered(findings(source))["runs"][0]["results"]
    return found


def objects(node: Any) -> list[dict[str, Any]]:
    """Every object of a document."""
    if isinstance(node, list):
        return [found for each in node for found in objects(each)]
    return [node, *objects(list(node.values()))] if isinstance(node, dict) else []


# The properties that the standard knows of each object that is written, and those that it requires (sections 3.13 to
# 3.57). An object is told by a property that only it has.
KNOWN: dict[str, tuple[set[str], set[str]]] = {
    "runs": ({"$schema", "version", "runs"}, {"version", "runs"}),
    "results": ({"tool", "columnKind", "results"}, {"tool"}),
    "rules": ({"name", "rules"}, {"name"}),
    "shortDescription": (
        {"id", "shortDescription", "fullDescription", "help", "defaultConfiguration"},
        {"id"},
    ),
    "ruleId": (
        {"ruleId", "ruleIndex", "level", "message", "locations", "relatedLocations", "partialFingerprints", "fixes"},
        {"message"},
    ),
    "artifactChanges": ({"description", "artifactChanges", "properties"}, {"artifactChanges"}),
    "replacements": ({"artifactLocation", "replacements"}, {"artifactLocation", "replacements"}),
    "deletedRegion": ({"deletedRegion", "insertedContent"}, {"deletedRegion"}),
    "startLine": ({"startLine", "startColumn", "endLine", "endColumn"}, set()),
    "physicalLocation": ({"id", "physicalLocation", "message"}, set()),
    "logicalLocations": ({"id", "logicalLocations", "message"}, set()),
}


@pytest.mark.parametrize("found", [[], findings()], ids=["none", "some"])
def test_the_document(found: list[Diagnostic]) -> None:
    document = rendered(found)
    assert document["version"] == "2.1.0"
    assert document["$schema"].endswith("sarif-2.1.0.json")
    (run,) = document["runs"]
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    seen = set()
    for each in objects(document):
        for mark, (known, required) in KNOWN.items():
            if mark in each:
                seen.add(mark)
                assert required <= set(each) <= known
        if "text" in each:
            assert set(each) == {"text"}
        if "level" in each:
            assert each["level"] in ("none", "note", "warning", "error")
    assert seen == (set(KNOWN) if found else {"runs", "results", "rules"})
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert rules[result["ruleIndex"]]["defaultConfiguration"]["level"] == result["level"]
        ids = [location["id"] for location in result.get("relatedLocations", [])]
        assert len(set(ids)) == len(ids)
    for region in (each for each in objects(document) if "startLine" in each):
        assert all(number >= 1 for number in region.values())
        assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])
    for place in (each["artifactLocation"]["uri"] for each in objects(document) if "artifactLocation" in each):
        assert re.fullmatch(r"(file:///)?([A-Za-z0-9._~!$&'()*+,;=@/-]|%[0-9A-F]{2})+", place)


def test_a_result() -> None:
    _, result, elsewhere = results(FILE)
    region = {"startLine": 3, "startColumn": 3, "endLine": 3, "endColumn": 7}
    place = {"artifactLocation": {"uri": "specs%20of/%CF%80.tx"}, "region": region}
    assert result["locations"] == [{"physicalLocation": place, "message": {"text": "here"}}]
    assert result["message"]["text"] == "no path\nnote: a note\nhelp: write it"
    assert [location.get("message") for location in result["relatedLocations"]] == [{"text": "there"}, None]
    assert result["relatedLocations"][0]["logicalLocations"] == [{"fullyQualifiedName": "std.sac"}]
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change["replacements"] == [{"deletedRegion": region, "insertedContent": {"text": "gamma"}}]
    assert elsewhere["locations"] == [{"logicalLocations": [{"fullyQualifiedName": "std.sac"}]}]


def test_an_absolute_path_is_a_file_uri() -> None:
    source = Source("/a b/x.tx", TEXT, is_file=True)
    place = results(source)[1]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "file:///a%20b/x.tx"


def fingerprints(source: Source) -> list[str]:
    return [result["partialFingerprints"][sarif.FINGERPRINT] for result in results(source)]


def test_fingerprints_survive_what_moves_a_line() -> None:
    before = fingerprints(FILE)
    assert len(set(before)) == len(before)
    assert fingerprints(Source(FILE.name, TEXT.replace("algorithm", "# more\n\nalgorithm"), is_file=True)) == before
    changed = fingerprints(Source(FILE.name, TEXT.replace("0.9", "0.95").replace("0.95", "0.9 # so"), is_file=True))
    assert [one == other for one, other in zip(before, changed, strict=True)] == [True, False, True]


def test_two_alike_are_told_apart() -> None:
    twice = rendered([findings()[1]] * 2)["runs"][0]["results"]
    first, second = (result["partialFingerprints"][sarif.FINGERPRINT] for result in twice)
    assert first != second


def test_rules_tell_why_and_from_where() -> None:
    rules = rendered(findings())["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["TX312", "TX501"]
    assert rules[0]["help"]["text"] == "Because.\n\nSource: Furuta et al. 2021\n\nExamples: taxon explain TX312"
