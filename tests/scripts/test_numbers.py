"""The README's numbers are those of docs/numbers.json, and pictures are drawn of any record."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from dictation.bench.record import read_record
from dictation.errors import DictationError
from scripts.number_pictures import draw
from scripts.numbers import BEGIN, END, TARGETS, chosen_rates, read_peers, section, updated
from tests.records import a_record

ROOT = Path(__file__).parents[2]


MEASURED = ROOT / "docs" / "numbers.json"


@pytest.mark.skipif(not MEASURED.exists(), reason="docs/numbers.json was not measured yet")
def test_the_readme_says_what_was_measured_and_shows_its_pictures():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    again = updated(readme, read_record(MEASURED), read_peers(MEASURED.with_name("peers.json")))
    assert again == readme, "python -m scripts.numbers docs/numbers.json brings it into line"
    for picture in re.findall(r"docs/numbers-\w+\.png", again):
        assert (ROOT / picture).is_file()


def test_the_readme_has_a_place_for_the_numbers():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.count(BEGIN) == readme.count(END) == 1
    assert section(a_record()) in updated(readme, a_record())


def test_the_section_is_dated_and_says_what_was_missed():
    found = section(a_record(slower=4.0))
    prose = " ".join(found.split())
    assert "Measured on 2026-01-02 on 2 of 4 cores of Abacus with AVX512 and AMX" in prose
    assert "| final text of 10 s | 400 | 440 | 480 | 130 | 40 | 400 |" in found
    assert "falls short of the goal: final text of 10 s (480 ms, not 400)." in prose
    assert "busy" not in found


def test_a_busy_machine_is_admitted():
    busy = replace(a_record(), machine=replace(a_record().machine, load=7.5))
    assert "busy with other work (load 7.5 before)" in " ".join(section(busy).split())


def test_rates_of_a_few_utterances_are_left_out():
    assert [title for title, _ in chosen_rates(a_record())] == [
        "synthetic, unseen voices and patterns, English"
    ]


def test_only_what_is_between_the_markers_is_written():
    written = updated(f"before\n{BEGIN}\nold\n{END}\nafter\n", a_record())
    assert written.startswith(f"before\n{BEGIN}\nMeasured on 2026-01-02")
    assert written.endswith(f"\n{END}\nafter\n")
    assert "old" not in written
    assert updated(written, a_record()) == written
    with pytest.raises(DictationError, match="has no <!-- numbers -->"):
        updated("nothing", a_record())


def test_every_group_that_was_measured_has_a_picture(tmp_path):
    record = a_record()
    drawn = draw(record, TARGETS, chosen_rates(record), tmp_path)
    assert [path.name for path in drawn] == [
        "numbers-latency.png",
        "numbers-cost.png",
        "numbers-errors.png",
    ]
    for path in drawn:
        with Image.open(path) as picture:
            assert picture.width >= 1000
            assert picture.convert("RGB").getpixel((2, 2)) == (255, 255, 255)
