"""What the user wants otherwise in some programs."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from dictation.desktop.keys import KeySpec


@dataclass(frozen=True, slots=True)
class ApplicationRule:
    """How texts go into the programs whose window class or app id fits `match`.

    `match` is a shell pattern in any case; None stands for what holds everywhere.
    """

    match: str
    route: str | None = None
    paste_keys: KeySpec | None = None
    trailing_space: bool | None = None
    formatting: bool = True


EVERY_PROGRAM = ApplicationRule("*")


def rule_for(rules: Iterable[ApplicationRule], name: str) -> ApplicationRule:
    """The first rule that fits a window class or app id; `EVERY_PROGRAM` when none does."""
    wanted = name.lower()
    fitting = (rule for rule in rules if fnmatchcase(wanted, rule.match.lower()))
    return next(fitting, EVERY_PROGRAM)
