"""What can be wrong with a text before anything is known about its meaning."""

from __future__ import annotations

from taxon.diagnostics.model import Code, Severity

UNEXPECTED = Code(
    "TX001",
    "unexpected text",
    "The text does not follow the grammar at this place. The rest of the entry is skipped and reading goes on after "
    "it, so that every independent mistake is reported once.",
)
UNCLOSED = Code(
    "TX002",
    "a bracket or brace is never closed",
    "Braces hold entries, parentheses the arguments of a constructor, square brackets the items of a list. A newline "
    "inside a closed bracket means nothing, so a bracket without its end is reported at its beginning.",
)
STRAY = Code(
    "TX003",
    "a bracket or brace closes nothing",
    "Every closing bracket needs an opening one of its kind before it.",
)
NO_EDITION = Code(
    "TX004",
    "the edition line is missing",
    "A file begins with the edition of the language it is written in, so that a later edition may change the "
    "language without changing what an old file means.",
)
UNKNOWN_EDITION = Code(
    "TX005",
    "the edition is not known",
    "The edition is an integer. This version of taxon reads edition 1 and guesses at no other.",
)
BAD_STRING = Code(
    "TX006",
    "a malformed string",
    'A string stands in double quotes on one line. `\\"`, `\\\\`, `\\n`, `\\r` and `\\t` are its only escapes.',
)
BAD_NUMBER = Code(
    "TX007",
    "a malformed number",
    "A number is written with digits, perhaps a point, an exponent, and `k` (thousand) or `M` (million) at its end: "
    "`256`, `0.005`, `.9`, `3e-4`, `1_000`, `10k`, `1M`.",
)
NUMBER_RANGE = Code(
    "TX008",
    "a number that cannot be held",
    "A number beyond the range of double precision would silently become infinite or zero, and one of very many "
    "digits would silently be rounded.",
)
BAD_CHARACTER = Code(
    "TX009",
    "a character that has no meaning here",
    "Names are ASCII: letters, digits and underscores. The Greek letters pi, theta, eta, gamma, lambda and epsilon are "
    "read as their names. The text is never normalised, since characters that look the same would then be the same.",
)
TOO_DEEP = Code(
    "TX010",
    "brackets are nested too deep",
    "No sensible spec nests its brackets and braces 64 deep. The limit keeps a text from a stranger from exhausting "
    "the stack.",
)
TOO_LARGE = Code(
    "TX011",
    "the file is too large",
    "A spec is a page long. The limit of 64 KiB keeps a text from a stranger from taking time and memory.",
)
UNREADABLE = Code(
    "TX012",
    "the file cannot be read",
    "The path names no file, or a folder, or a file that this user may not read.",
)
NOT_UTF8 = Code(
    "TX013",
    "the file is not UTF-8",
    "A spec is a text in UTF-8. Other encodings are not guessed at.",
)
FOREIGN = Code(
    "TX014",
    "written as in another language",
    "Habits from Python, YAML and C are understood well enough to say what to write instead, and never accepted: one "
    "meaning has one spelling.",
)
KEYWORD = Code(
    "TX015",
    "a keyword used as a name",
    "`taxon`, `algorithm`, `architecture`, `study`, `tune`, `extends`, `with`, `import`, `unset`, `allow`, `when`, "
    "`vary`, `claim`, `search`, `in`, `true` and `false` are keywords of the language and name nothing else.",
)
MISPLACED = Code(
    "TX016",
    "an entry that does not belong here",
    "A study holds assignments, `vary`, `claim`, and the blocks `when` and `exclude`; a tune holds assignments and "
    "`search`; an algorithm or an architecture holds assignments, blocks, `unset` and `when`. `allow` speaks of a "
    "whole row, so it stands in an algorithm's own body, outside blocks and `when`.",
)
DANGLING_DOC = Code(
    "TX017",
    "a doc comment that documents nothing",
    "A `///` comment documents the declaration or entry after it. A remark that documents nothing is a `#` comment.",
    Severity.WARNING,
)
TOO_MANY = Code(
    "TX018",
    "too many mistakes",
    "After a hundred mistakes the text is hardly a spec, and more reports would not help.",
)
HIDDEN = Code(
    "TX019",
    "a character that is not seen",
    "Control characters, and those that reorder a line or take no place on it, make a text look other than it reads: a "
    "comment may seem to hold what is an entry. They may stand nowhere in a spec; in a string, `\\n`, `\\r` and `\\t` "
    "say a line feed, a carriage return and a tab.",
    source="Boucher and Anderson, `Trojan Source: Invisible Vulnerabilities`, USENIX Security 2023",
)

CODES = (
    UNEXPECTED,
    UNCLOSED,
    STRAY,
    NO_EDITION,
    UNKNOWN_EDITION,
    BAD_STRING,
    BAD_NUMBER,
    NUMBER_RANGE,
    BAD_CHARACTER,
    TOO_DEEP,
    TOO_LARGE,
    UNREADABLE,
    NOT_UTF8,
    FOREIGN,
    KEYWORD,
    MISPLACED,
    DANGLING_DOC,
    TOO_MANY,
    HIDDEN,
)
