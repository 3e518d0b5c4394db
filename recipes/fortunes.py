"""Make a list of English sentences for `dictation synthesize --texts` from Debian's fortunes.

The package is unpacked before (`apt-get download fortunes`, `dpkg-deb -x fortunes.deb FOLDER`).
"""

import random
import re
from pathlib import Path

import typer

_FILES = ("people", "cookie", "science", "work", "definitions", "songs-poems", "computers")
_SENTENCE = re.compile(r"[A-Z][A-Za-z ,'-]{38,118}[.?!](?= |$)")
_ODD = re.compile(r"[A-Z]{2}|\b[A-Z]\b(?<!I)")


def main(folder: Path, out: Path) -> None:
    """Write the sentences that are plain words to OUT, one a line."""
    found = set[str]()
    for name in _FILES:
        path = folder / "usr/share/games/fortunes" / name
        for fortune in path.read_text(encoding="utf-8", errors="ignore").split("\n%\n"):
            said = re.sub(r"\s+", " ", fortune.split("--")[0])
            found |= {each for each in _SENTENCE.findall(said) if not _ODD.search(each)}
    sentences = sorted(found)
    random.Random(5).shuffle(sentences)
    out.write_text("\n".join(sentences) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
