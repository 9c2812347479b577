"""The verdicts: for each claim its sentences, when it was declared, and its figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from taxon.semantics.studies import Claim, Study
from taxon.studies.report.comparing import subject
from taxon.studies.report.judged import Judged
from taxon.studies.report.page.markup import Html, element, joined, listed, paragraphs
from taxon.studies.running.record import Declared, Record
from taxon.studies.statistics import phrases
from taxon.studies.statistics.ranks import Ranks
from taxon.studies.statistics.results import ClaimResult
from taxon.studies.statistics.wording import crossing, improvement, sentences


def claims(
    study: Study, record: Record, judged: Judged, figures: Mapping[str, Sequence[Html]], whole: bool
) -> Iterator[Html]:
    """The section; figures: by the claim's name; whole: whether all runs are done."""
    yield element("h2", "Claims", id="claims")
    if not study.claims:
        yield element("p", "The study declares no claims: what it finds is exploration, and has no verdict.")
    yield from _looks(judged)
    declared = record.declared(study)
    for claim, result, ranks in zip(study.claims, judged.claims, judged.ranks, strict=True):
        yield _claim(study, claim, declared[claim.name], result, ranks, figures.get(claim.name, ()), whole)
    yield from _withdrawn(study, record, declared)


def said(study: Study, claim: Claim, result: ClaimResult, ranks: Ranks) -> list[str]:
    """What was found, in sentences."""
    found = [sentences(result, subject(claim, study)), crossing(result), improvement(ranks, result.claim)]
    return [sentence for sentence in found if sentence]


def _claim(
    study: Study,
    claim: Claim,
    declared: Declared,
    result: ClaimResult,
    ranks: Ranks,
    figures: Sequence[Html],
    whole: bool,
) -> Html:
    verdict = result.verdict
    delta = f"{claim.margin:g}"
    word = "" if verdict is None else phrases.word(verdict, delta) + ("" if whole else ", so far")
    parts = [
        element("h3", claim.name, ": ", element("span", word, class_="verdict")),
        paragraphs(claim.sentence),
        element("p", element("code", claim.text), " ", _declared(declared)),
        *(element("p", sentence) for sentence in said(study, claim, result, ranks)),
    ]
    if result.warnings:
        parts.append(element("p", "Warnings:"))
        parts.append(listed(result.warnings))
    name = "" if verdict is None else verdict.value
    return element("article", *parts, *figures, class_=name, id=f"claim-{claim.name}")


def _declared(found: Declared) -> Html:
    """When a claim was declared; one that came late is marked."""
    if not found.after:
        return element("span", f"declared {_time(found.at)}, before the first run", class_="declared")
    runs = f"{found.after:,} run{'s' * (found.after != 1)}"
    return element("span", f"declared after {runs}, {_time(found.at)}", class_="declared late")


def _looks(judged: Judged) -> Iterator[Html]:
    if len(judged.looks) > 1:
        sizes = ", ".join(map(str, judged.looks))
        level = f"{0.05 / len(judged.looks):.2g}"
        yield element(
            "p",
            f"Seeds are added until the claims are decided: {judged.taken} of {len(judged.looks)} looks taken, at "
            f"{sizes} seeds a cell, each at the level {level}. What a look decided stays.",
        )


def _withdrawn(study: Study, record: Record, declared: Mapping[str, Declared]) -> Iterator[Html]:
    """Claims that were declared once and are no more, or mean something else now: they were not forgotten."""
    there = {(claim.name, claim.text) for claim in study.claims}
    gone = [each for each in record.claims if declared.get(each.name) is not each]
    if gone:
        yield element("h3", "Declared and withdrawn")
        yield listed(
            joined(
                [
                    f"{each.name}: ",
                    element("code", each.claim),
                    " ",
                    _declared(each),
                    _OTHERWISE if (each.name, each.claim) in there else "",
                ]
            )
            for each in gone
        )


_OTHERWISE = "; these words meant something else: other levels, rows, environments, scale, score or frozen seeds"


def _time(at: str) -> str:
    return at[:16].replace("T", " ") + " UTC"
