"""The findings of this package: TX1xx names, imports and inheritance; TX2xx types and ranges."""

from taxon.diagnostics.model import Code, Severity

UNKNOWN_NAME = Code(
    "TX101",
    "unknown name",
    "`extends`, `with` and `base` name a declaration of this file, of a file that it imports, or a shipped spec "
    "(`std.name`). There is no search path, so a name that none of them declares means nothing.",
)
DUPLICATE_NAME = Code(
    "TX102",
    "one name, two declarations",
    "A name must mean one thing in a file. Two visible declarations of one name would make the meaning depend on the "
    "order of the imports.",
)
UNREADABLE_IMPORT = Code(
    "TX103",
    "import that cannot be read",
    "An import names one file, relative to the importing file, or a shipped spec. It is read, never executed.",
)
IMPORT_CYCLE = Code(
    "TX104",
    "import cycle",
    "Files that import each other in a circle have no first one to read.",
)
EXTENDS_CYCLE = Code(
    "TX105",
    "inheritance cycle",
    "An algorithm that inherits from itself has no first layer to start from.",
)
WRONG_DECLARATION = Code(
    "TX106",
    "declaration of another kind",
    "An algorithm extends an algorithm and mixes in architectures. A study varies an algorithm, a tune searches one.",
)
REPEATED_MIXIN = Code(
    "TX107",
    "one mixin, twice",
    "Mixing a group in again cannot change anything, so the second mention is a mistake.",
)
MIXINS_DISAGREE = Code(
    "TX108",
    "mixins that disagree",
    "Mixins have no order: where two of them set one leaf to different values, only the spec itself can decide.",
)
NOTHING_TO_UNSET = Code(
    "TX109",
    "nothing to unset",
    "`unset` takes back what a parent or a mixin set. Where nothing was set it would say nothing, which is what a "
    "mistyped path looks like.",
)
CONDITIONS_DISAGREE = Code(
    "TX110",
    "conditions that disagree",
    "Two `when` blocks of one body that both hold have no order, so they may not set one leaf to different values.",
)
SET_TWICE = Code(
    "TX111",
    "one path, set twice",
    "The entries of a body have no order, so a path may be set once in it.",
)
NO_CONSTRUCTOR = Code(
    "TX112",
    "parameter without its constructor",
    "A path below a choice changes one parameter of that choice. Where another choice stands, the parameter would "
    "silently do nothing.",
)
NO_SUCH_SPEC = Code(
    "TX113",
    "spec that cannot be found",
    "A spec is named by its path, by `path:name` where a file holds several, or by the name of a shipped one.",
)
CHOOSE_ALGORITHM = Code(
    "TX114",
    "which algorithm",
    "A file with several algorithms needs `path:name` to say which one is meant.",
)
BAD_OVERRIDE = Code(
    "TX115",
    "override that is no setting",
    "`--set` takes one entry of a body, `path=value`, in the language's own text.",
)

UNKNOWN_PATH = Code(
    "TX201",
    "unknown path",
    "The paths of the language are a closed set, so that a typo can never pass as a setting.",
)
GROUP = Code(
    "TX202",
    "group used as a leaf",
    "A prefix groups paths; values stand at the paths below it.",
)
WRONG_KIND = Code(
    "TX203",
    "value of the wrong kind",
    "Every path says whether it takes a number, a truth value, a list of integers or a choice.",
)
OUT_OF_RANGE = Code(
    "TX204",
    "number out of range",
    "Outside its range a number has no meaning in the equations: a variance below zero, a batch of half a step.",
)
UNKNOWN_CHOICE = Code(
    "TX205",
    "unknown choice",
    "Choices are closed sets: the compiler has an equation and an operator for each member and for nothing else.",
)
UNKNOWN_PARAMETER = Code(
    "TX206",
    "unknown parameter",
    "A constructor takes the parameters that its choice declares.",
)
REPEATED_PARAMETER = Code(
    "TX207",
    "one parameter, twice",
    "A parameter holds one value. Arguments without a name bind to the parameters in order.",
)
MISSING_PARAMETER = Code(
    "TX208",
    "missing parameter",
    "A parameter without a default is one on which the literature does not agree: the row must say.",
)
TOO_MANY_ARGUMENTS = Code(
    "TX209",
    "too many arguments",
    "Arguments without a name bind to the parameters in order, one to each.",
)
NO_EFFECT = Code(
    "TX210",
    "setting without effect",
    "A value that nothing reads would be believed and have no effect. Under the other choices of the row this leaf "
    "takes no part in the update.",
)
TWO_BASES = Code(
    "TX211",
    "two choices in a sum",
    "`a + b` adds modifiers to one choice. Two choices at one path would be two algorithms.",
)
NO_BASE = Code(
    "TX212",
    "modifier alone",
    "A modifier changes a choice, so it needs one to change.",
)
REPEATED_MODIFIER = Code(
    "TX213",
    "one modifier, twice",
    "A modifier is there or not: adding it again cannot change anything.",
)
MISSING_VALUE = Code(
    "TX214",
    "row that leaves a factor open",
    "The factors of the taxonomy have no default: a row that does not say one of them is not an algorithm yet.",
)
BAD_LIST = Code(
    "TX215",
    "list that holds nothing or the wrong thing",
    "A list of layer widths has at least one entry, and each is an integer in its range.",
)
BAD_CONDITION = Code(
    "TX216",
    "condition that cannot hold",
    '`when` tests the environment (`env = "Ant-*"`) or for the kind of its actions (`actions = discrete`).',
)
BAD_STUDY = Code(
    "TX217",
    "study or tune that cannot be run",
    "A study says a base, where to run (`on`), how many seeds and steps, and which paths vary over which values. A "
    "tune says a base, where to run, how many steps and trials, and which paths it searches in which ranges.",
)
NOT_IN_STUDY = Code(
    "TX221",
    "factor, level or environment that the study does not have",
    "Claims and `exclude` speak of the factors and levels that the study varies, `scale` and `when` of its "
    "environments. Another name would compare nothing, and would look as if it did.",
)
REFUSED_CELL = Code(
    "TX222",
    "cell of a study that means nothing",
    "Every cell of the grid is a row of its own, and a row that means nothing cannot be run. A hole in the grid "
    "changes what an average over it says, so it is declared: by `exclude`, or for all such cells by "
    "`refused = leave_out`.",
)
BAD_CLAIM = Code(
    "TX223",
    "claim that says nothing",
    "A claim names a contrast of cells and says where it is claimed to lie: `above`, `below` or `within` a margin. It "
    "is fixed before the first run, so that no result can have suggested it.",
)
MISSING_CELLS = Code(
    "TX224",
    "claim without its cells",
    "A contrast needs each of its cells. What the grid leaves out can be compared with nothing, and that is known "
    "before anything is run.",
)
BIASED_SCORE = Code(
    "TX225",
    "claim that rests on the best evaluation",
    "The largest of many noisy evaluations overstates a policy, the more so the noisier it is: a difference between "
    "two of them may be one of noise.",
)
REFUSED_VALUE = Code(
    "TX226",
    "searched value that means nothing",
    "A tune writes the values that it tries into its base. Each of them is a row of its own, and a row that means "
    "nothing cannot be run: a parameter whose choice the base does not make, a choice that takes no such modifier. "
    "What can be known of that is known before anything is run.",
)
SEEDS_MEET = Code(
    "TX227",
    "tuning seeds that meet a study's",
    "The best of many trials was chosen for its scores on the tuning seeds, so on those it looks better than it is. A "
    "study that compares the tuned row on the same seeds inherits that luck, and even takes the very runs from the "
    "store.",
    Severity.WARNING,
    "Eimer, Lindauer and Raileanu 2023, whose first recommendation is to part tuning seeds from test seeds",
)
TOO_DEEP = Code(
    "TX218",
    "value nested too deep",
    "No choice of the language nests that far, and the compiler keeps its work bounded.",
)
BAD_ALLOW = Code(
    "TX219",
    "allow of what cannot be allowed",
    '`allow TX501 "why"` silences a lint: a warning, with published evidence, about a row that means something. An '
    "error means that there is nothing to run, so no reason could answer for it; and an unknown code would silence "
    "nothing.",
)
IDLE_ALLOW = Code(
    "TX220",
    "allow that silences nothing",
    "A reason for what is no longer so misleads its reader, and would hide the lint if it came to arise again.",
    Severity.WARNING,
)

CODES: tuple[Code, ...] = tuple(value for value in globals().values() if isinstance(value, Code))
