"""When an utterance is over by what CTC hears, where the voice detector would go on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EndpointRules:
    """WeNet's three rules; seconds of blanks at the end, or of the utterance.

    WeNet waits for one second after words; a model that misses words needs more.

    no_words: blanks that end an utterance in which nothing was recognised yet.
    after_words: blanks that end one with words.
    longest: an utterance this long ends whatever is heard.
    """

    no_words: float = 5.0
    after_words: float = 1.5
    longest: float = 20.0


def over(rules: EndpointRules, words: bool, trailing_blank: float, length: float) -> bool:
    """Tell whether an utterance of `length` seconds ends: there are `words` in it, or none, and for
    `trailing_blank` seconds nothing but blank was heard."""
    silence = rules.after_words if words else rules.no_words
    return trailing_blank >= silence or length >= rules.longest
