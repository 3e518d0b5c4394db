"""The pages that quote numbers: which sections each has, and how they are put between its markers.

A section named speed stands between `<!-- speed -->` and `<!-- /speed -->`.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from dictation.errors import DictationError
from scripts.numbers.accuracy import accuracy, card_accuracy, chosen_rates
from scripts.numbers.choices import captions, finals, precisions
from scripts.numbers.markdown import joined, percent
from scripts.numbers.measured import Measured
from scripts.numbers.peers import card_peers, peers, verdict
from scripts.numbers.recogniser import recogniser
from scripts.numbers.soak import soak
from scripts.numbers.speed import speed, where

Sections = Mapping[str, str]

_SECTION = "(?s)(?P<begin>[^\n]*<!-- {name} -->\n).*?(?P<end>[ ]*<!-- /{name} -->)"


def written(page: str, sections: Sections) -> str:
    """The page with its sections written anew; an empty section stays as it is.

    Raises DictationError where a page has not each section once.
    """
    for name, text in sections.items():
        section = re.compile(_SECTION.format(name=name))
        if len(section.findall(page)) != 1:
            raise DictationError(f"a page has not once <!-- {name} --> and <!-- /{name} -->")
        if text:
            page = section.sub(
                lambda found, text=text: f"{found['begin']}{text}\n{found['end']}", page
            )
    return page


def readme(measured: Measured) -> Sections:
    """What README.md quotes."""
    record = measured.record
    sections = {"recogniser": recogniser(measured.recogniser), "soak": soak(measured.soak)}
    sections["peers"] = peers(measured.peers)
    for name, of_record in (
        ("speed", speed),
        ("errors", accuracy),
        ("precisions", precisions),
        ("finals", finals),
    ):
        sections[name] = of_record(record) if record is not None else iter(())
    limits = {"captions-limit": captions(record) if record is not None else iter(())}
    limits["accuracy-limit"] = _limit(measured)
    return {
        **{name: joined(parts) for name, parts in sections.items()},
        **{
            name: "".join(f"  {joined([part], '  ')}" for part in parts)
            for name, parts in limits.items()
        },
    }


def card(measured: Measured) -> Sections:
    """What the starter model's card quotes."""
    record = measured.record
    rates = [] if record is None else list(card_accuracy(record))
    if record is not None and rates:
        rates.insert(0, where(record))
    return {
        "errors": joined(rates),
        "precisions": joined(iter(()) if record is None else precisions(record)),
        "peers": joined(card_peers(measured.peers)),
    }


PAGES: Mapping[str, Callable[[Measured], Sections]] = {
    "README.md": readme,
    "assets/models/starter/MODEL_CARD.md": card,
}
"""Each page, from the root of the checkout, and what it quotes."""


def _limit(measured: Measured) -> Iterator[str]:
    """How far the model's accuracy goes, in a sentence or two."""
    if measured.record is None:
        return
    rows = [row for _, row in chosen_rates(measured.record)]
    captioned = [
        each.rate for row in rows for each in row.captions.values() if each.rate is not None
    ]
    texts = [row.text.rate for row in rows if row.text.rate is not None]
    if not captioned or not texts:
        return
    told = (
        f"In the sets above captions make {percent(min(captioned), 0)} to "
        f"{percent(max(captioned), 0)} errors, the finished text {percent(min(texts), 0)} to "
        f"{percent(max(texts), 0)}."
    )
    if measured.peers:
        told += f" {verdict(measured.peers)}"
    yield told
