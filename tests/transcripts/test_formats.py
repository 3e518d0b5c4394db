"""Each format is read back by somebody else's reader."""

import csv
import io
import json

import av
import pytest
import srt
import webvtt

from dictation.events import TimedWord
from dictation.transcription import Segment, assembled
from dictation.transcripts.cues import cues_of
from dictation.transcripts.formats import written
from dictation.transcripts.kinds import Format

SEGMENTS = (
    Segment(0.29, 6.4, "这个 API 的 response code 是 404，你帮我 check 一下 log。", "mix",
            (TimedWord("这", 0.3, 0.4567, 0.98765),)),
    Segment(3599.5, 3607.0, "Tom & Jerry <said> that a --> b, \tand the rest did not matter.",
            "en"),
    Segment(3611.0, 3612.0, "好的。", "zh"),
)  # fmt: skip
TRANSCRIPT = assembled("talk.mp3", 3620.0, SEGMENTS)
CUES = cues_of(SEGMENTS)


def lines_of_all() -> list[str]:
    return ["\n".join(cue.lines).replace("-->", "→") for cue in CUES]


def test_subrip_is_read_by_a_parser():
    found = list(srt.parse(written(TRANSCRIPT, Format.SRT)))
    assert [each.index for each in found] == list(range(1, len(CUES) + 1))
    assert [each.content for each in found] == lines_of_all()
    starts = [each.start.total_seconds() for each in found]
    assert starts == pytest.approx([cue.start for cue in CUES], abs=0.001)


def test_webvtt_is_read_by_a_parser():
    found = webvtt.from_string(written(TRANSCRIPT, Format.VTT)).captions
    texts = [each.raw_text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
             for each in found]  # fmt: skip
    assert texts == lines_of_all()
    assert [each.end_in_seconds for each in found] == pytest.approx(
        [cue.end for cue in CUES], abs=1
    )
    assert found[-1].start == "01:00:11.000"


@pytest.mark.parametrize("form", [Format.SRT, Format.VTT])
def test_ffmpeg_reads_the_subtitles(form, tmp_path):
    path = tmp_path / f"talk.{form}"
    path.write_text(written(TRANSCRIPT, form), encoding="utf-8")
    with av.open(path) as container:
        starts = [
            float(packet.pts * packet.time_base) for packet in container.demux() if packet.size
        ]
    assert starts == pytest.approx([cue.start for cue in CUES], abs=0.001)


def test_json_has_segments_with_their_language_and_words():
    found = json.loads(written(TRANSCRIPT, Format.JSON))
    assert (found["file"], found["duration"], found["language"]) == ("talk.mp3", 3620.0, "mix")
    first = found["segments"][0]
    assert (first["start"], first["end"], first["language"]) == (0.29, 6.4, "mix")
    assert first["words"] == [{"text": "这", "start": 0.3, "end": 0.457, "confidence": 0.988}]


def test_tab_separated_values_have_a_line_for_each_segment():
    rows = list(csv.reader(io.StringIO(written(TRANSCRIPT, Format.TSV)), delimiter="\t"))
    assert rows[0] == ["start", "end", "language", "text"]
    assert [row[:3] for row in rows[1:]] == [
        ["0.290", "6.400", "mix"], ["3599.500", "3607.000", "en"], ["3611.000", "3612.000", "zh"]
    ]  # fmt: skip


def test_plain_text_begins_a_paragraph_after_a_long_pause():
    paragraphs = written(TRANSCRIPT, Format.TXT).split("\n\n")
    assert [text[:3] for text in paragraphs] == ["这个 ", "Tom", "好的。"]


@pytest.mark.parametrize("form", list(Format))
def test_nobody_speaks_in_silence(form):
    text = written(assembled("silence.wav", 5.0, ()), form)
    assert list(srt.parse(text)) == [] if form is Format.SRT else text.strip() in (
        "", "WEBVTT", "start\tend\tlanguage\ttext", text.strip() if form is Format.JSON else ""
    )  # fmt: skip
