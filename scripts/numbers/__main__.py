"""Write the numbers of the README and the model's card: `python -m scripts.numbers`.

What was measured is read from the files of a folder: numbers.json (`dictation bench all`),
recogniser.json (`dictation bench recogniser`), peers.json (`python -m tests.peers`) and soak.json
(`python -m tests.endurance`). Pages are changed between their markers only; what was not measured
stays as it is.
"""

import argparse
import sys
from pathlib import Path

from dictation.errors import DictationError
from scripts.numbers.accuracy import chosen_rates
from scripts.numbers.measured import read_measured
from scripts.numbers.pages import PAGES, written
from scripts.numbers.pictures import draw
from scripts.numbers.speed import TARGETS


def main() -> None:
    """Read what was measured, draw the pictures, write the pages."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.numbers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, nargs="?", default=Path("docs"))
    parser.add_argument("--root", type=Path, default=Path(), help="of the pages")
    options = parser.parse_args()
    try:
        measured = read_measured(options.folder)
        pages = {
            options.root / page: written(
                (options.root / page).read_text(encoding="utf-8"), sections(measured)
            )
            for page, sections in PAGES.items()
        }
    except (DictationError, OSError) as error:
        sys.exit(str(error))
    if (record := measured.record) is not None:
        for picture in draw(record, TARGETS, chosen_rates(record), options.folder):
            print(picture)
    for page, text in pages.items():
        page.write_text(text, encoding="utf-8")
        print(page)


if __name__ == "__main__":
    main()
