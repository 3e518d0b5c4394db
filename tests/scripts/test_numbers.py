"""The pages' numbers are those of the files in docs, and pictures are drawn of any record."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from dictation.bench.record import ErrorRate, SetRates
from dictation.errors import DictationError
from scripts.numbers.accuracy import accuracy, card_accuracy, chosen_rates
from scripts.numbers.choices import captions, finals, precisions
from scripts.numbers.markdown import joined
from scripts.numbers.measured import Measured, read_measured
from scripts.numbers.pages import PAGES, card, readme, written
from scripts.numbers.peers import card_peers, peers
from scripts.numbers.pictures import draw
from scripts.numbers.recogniser import recogniser
from scripts.numbers.soak import soak
from scripts.numbers.speed import TARGETS, speed
from tests.records import a_record

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_was_measured_and_shows_its_pictures(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    again = written(text, PAGES[page](read_measured(ROOT / "docs")))
    assert again == text, "python -m scripts.numbers brings it into line"
    for picture in re.findall(r"docs/numbers-\w+\.png", again):
        assert (ROOT / picture).is_file()


def peer(engine, recordings, text, utterances=20, caption=None):
    return {
        "date": "2026-01-02",
        "engine": engine,
        "recordings": recordings,
        "utterances": utterances,
        "text": text,
        "caption": caption,
        "first_text": [0.5, 0.9],
        "final": [0.3, 0.6],
        "cpu_per_second": 0.4,
        "memory": 900.0,
    }


PEERS = [
    peer("dictation", "dev", 0.1, caption=0.3),
    peer("dictation", "aishell-dev", 0.3, caption=0.5),
    peer("faster-whisper", "dev", 0.2),
    peer("faster-whisper", "aishell-dev", 0.25),
    peer("pocketsphinx", "dev", 0.05, utterances=7, caption=0.05),
]


def prose(parts) -> str:
    return " ".join(joined(parts).split())


def test_every_section_of_a_page_can_be_written_from_what_was_measured(tmp_path):
    given = Measured(a_record(), TIMINGS, read_measured(ROOT / "docs").soak, PEERS)
    for page, sections in PAGES.items():
        text = (ROOT / page).read_text(encoding="utf-8")
        assert all(sections(given).values())
        assert written(text, sections(given)) != text


def test_what_was_not_measured_stays_as_it_is():
    nothing = Measured()
    assert not any([*readme(nothing).values(), *card(nothing).values()])
    page = "before\n<!-- soak -->\nold\n<!-- /soak -->\nafter\n"
    assert written(page, {"soak": ""}) == page


def test_only_what_is_between_the_markers_is_written():
    page = "before\n<!-- a -->\nold\n<!-- /a -->\n- one\n  <!-- b -->\n  <!-- /b -->\nafter\n"
    new = written(page, {"a": "new \\1", "b": "  two"})
    assert new == (
        "before\n<!-- a -->\nnew \\1\n<!-- /a -->\n"
        "- one\n  <!-- b -->\n  two\n  <!-- /b -->\nafter\n"
    )
    assert written(new, {"a": "new \\1", "b": "  two"}) == new
    with pytest.raises(DictationError, match="has not once <!-- c -->"):
        written(page, {"c": "new"})


def test_speed_is_dated_and_says_what_was_missed():
    found = prose(speed(a_record(slower=4.0)))
    assert "Measured on 2026-01-02 on 2 of 4 cores of Abacus with AVX512 and AMX" in found
    assert "| final text of 10 s | 400 | 440 | 480 | 130 | 40 | 400 |" in found
    assert "falls short of the goal: final text of 10 s (480 ms, not 400)." in found
    assert "busy" not in found


def test_a_busy_machine_is_admitted():
    busy = replace(a_record(), machine=replace(a_record().machine, load=7.5))
    assert "busy with other work (load 7.5 before)" in prose(speed(busy))


def test_errors_stand_beside_what_chunks_lose_and_the_second_pass_gains():
    found = prose(accuracy(a_record()))
    assert (
        "| synthetic, unseen voice and patterns, English | 60 | WER "
        "| 50.0 % | 45.0 % | 40.0 % | 20.0 % | +10.0 | 50 % |"
    ) in found
    assert "right for 95.0 % of 60 utterances" in found
    assert "| English | 3 | 57 | 0 | 95.0 % |" in found
    assert "| 0.5 s | - | 95.0 % of 60 | - |" in found
    assert "| noise-fan | 5.0 | 1 | 7 | 2 |" in found
    assert "27 rare names that are listed in `words.txt`, one in each of 40 of 60" in found
    assert "| with | 40 | 25 | 0 | 10.7 % |" in found
    assert "numbers-errors.png" not in prose(card_accuracy(a_record()))


def test_rates_of_a_few_utterances_are_left_out():
    assert [title for title, _ in chosen_rates(a_record())] == [
        "synthetic, unseen voice and patterns, English"
    ]
    none = replace(a_record(), rates=(SetRates("dev", "en", "WER", 3, {}, *[ErrorRate(0, 3)] * 2),))
    assert list(accuracy(none)) == []


def test_what_settings_change_is_told_against_the_first():
    assert "| int8 | 20.00 % (+0.10) | 20.00 % (-0.20) |" in prose(precisions(a_record()))
    assert "all are within it" in prose(precisions(a_record()))
    assert "in a single set at most 1 error more or less" in prose(precisions(a_record()))
    found = prose(finals(a_record()))
    assert "| CTC, greedy | 40.0 % |" in found
    assert "| `search` | 20.0 % | 50 % | 14.0 | 0.09 s/s |" in found
    assert "synthetic 50.0 % and 40.0 % (10 recordings)" in prose(captions(a_record()))


def test_the_others_are_best_only_where_they_heard_all_of_a_set():
    assert "| faster-whisper | 20 | 25.0 % | - | 0.50 / 0.90 |" in prose(peers(PEERS))
    found = prose(card_peers(PEERS))
    assert "| 10.0 % / 30.0 % | 20.0 % | 5.0 % / 5.0 % (7 English) | starter |" in found
    assert "made by faster-whisper on AISHELL (25.0 %, not 30.0 %)." in found


TIMINGS = {
    "date": "2026-01-02",
    "machine": vars(a_record().machine),
    "timings": [
        {"part": part, "who": who, "milliseconds": {"p50": p50, "count": 12}}
        for part, who, p50 in (
            ("encoding 10 s whole", "dictation fp32", 195.0),
            ("chunk of 16, 4 before", "dictation fp32", 28.1),
            ("chunk of 16, 4 before", "dictation int8", 18.6),
            ("chunk of 16, 4 before", "plain, all anew", 92.8),
            ("prefix beam 10 of 250 frames", "dictation", 22.5),
        )
    ],
}


def test_parts_stand_beside_others_and_their_goals():
    found = prose(recogniser(TIMINGS))
    assert (
        "| chunk of 16 frames, 4 chunks before | 28.1 ms | 18.6 ms "
        "| 92.8 ms, a textbook's, caches anew | 41.6 ms |"
    ) in found
    assert "4 chunks before 20.8 ms: missed in fp32, reached in int8; prefix beam" in found
    assert "frames 24.0 ms: reached." in found


def test_hours_are_quoted_with_what_grew():
    found = prose(soak(read_measured(ROOT / "docs").soak))
    assert re.search(r"On 20\d\d-\d\d-\d\d.*: [\d.]+ hours of speech in [\d.]+ minutes", found)
    assert "lost" in found
    assert "memory" in found


def test_a_broken_file_is_told_in_one_line(tmp_path):
    (tmp_path / "peers.json").write_text("{")
    with pytest.raises(DictationError, match=r"peers\.json cannot be read"):
        read_measured(tmp_path)


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
