"""Subtitles break where a person would break them, in both languages, and can be read in time."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dictation.events import TimedWord
from dictation.transcription import Segment
from dictation.transcripts.cues import (
    LINES_PER_SECOND,
    MAX_SECONDS,
    MIN_SECONDS,
    character_times,
    cues_of,
)
from dictation.transcripts.phrases import pieces_of, width_of


def spoken(text: str, start: float, end: float) -> Segment:
    return Segment(start, end, text, "mix")


def lines_of(text: str) -> list[list[str]]:
    unhurried = 2.5 * width_of(text)
    return [list(cue.lines) for cue in cues_of([spoken(text, 0.0, unhurried)])]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("好的。", [["好的。"]]),
        ("The retry logic backs off.", [["The retry logic backs off."]]),
        (
            "这个 API 的 response code 是 404，你帮我 check 一下 server 的 log。",
            [["这个 API 的 response code 是 404，", "你帮我 check 一下 server 的 log。"]],
        ),
        (
            "我们先看一下这个 API 的 response code 为什么是 404，"
            "然后再决定要不要把登录接口的 token 有效期改成两个小时。",
            [
                ["我们先看一下这个 API 的", "response code 为什么是 404，"],
                ["然后再决定要不要把登录接口的", "token 有效期改成两个小时。"],
            ],
        ),
        (
            "She said that the pull request would be merged before the weekend. "
            "Nobody believed it.",
            [
                ["She said that the pull request", "would be merged before the weekend."],
                ["Nobody believed it."],
            ],
        ),
        (
            "明天上午十点和前端一起过一遍流程，顺便看看为什么测试环境总是超时。",
            [["明天上午十点和前端一起过一遍流程，", "顺便看看为什么测试环境总是超时。"]],
        ),
    ],
)
def test_lines_end_where_a_person_would_end_them(text, lines):
    assert lines_of(text) == lines


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("今天下午三点半我们在会议室讨论一下这个项目的进展情况如果大家有时间的话", "会议室"),
        ("登录接口已经上线我们需要把数据库连接池的大小改成原来的两倍然后观察一周", "数据库"),
        (
            "version 2.1 of the application programming interface is what e.g. U.S. users get",
            "U.S.",
        ),
        (
            "他说（那个 don't-care 的 flag）其实没有用，所以我们把它从 config.toml 里删掉了。",
            "config.toml",
        ),
    ],
)
def test_no_line_ends_within_a_word(text, kept):
    assert any(kept in line for cue in lines_of(text) for line in cue)


def test_a_word_longer_than_a_line_stays_whole():
    address = "https://example.org/" + "long/" * 12
    assert [address] in [[line] for cue in lines_of(f"See {address} now.") for line in cue]


TEXTS = st.lists(
    st.sampled_from([*"我们今天下午开会讨论项目进展", "，", "。", "？", "“", "”", "hello ", "API ",
                     "a ", "don't ", "3.14 ", "world, ", "end. ", "(yes) ", "《书》", " "]),
    min_size=1, max_size=120,
).map("".join).filter(str.strip)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(TEXTS)
def test_cues_hold_the_whole_text_in_lines_that_fit(text):
    cues = cues_of([spoken(text, 1.0, 30.0)])
    lines = [line for cue in cues for line in cue.lines]
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(1 <= len(cue.lines) <= 2 for cue in cues)
    assert all(line and line == line.strip() for line in lines)
    long_pieces = {piece.text for piece in pieces_of(text.strip()) if piece.width > 1.0}
    assert all(width_of(line) <= 1.0 + 1e-6 or line in long_pieces for line in lines)
    begins = text.strip()[0]
    assert all(line[0] not in "，。？”》,.)" for line in lines[1:] if begins not in "，。？”》")


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(TEXTS, st.floats(0.05, 20), st.floats(0, 5)), min_size=1, max_size=8))
def test_cues_follow_each_other_and_stay_long_enough_where_there_is_room(parts):
    segments, now = [], 0.0
    for text, length, pause in parts:
        segments.append(spoken(text, now + pause, now + pause + length))
        now += pause + length
    cues = cues_of(segments)
    assert all(cue.start < cue.end for cue in cues)
    assert all(before.end <= after.start + 1e-9 for before, after in pairwise(cues))
    assert all(cue.end - cue.start <= MAX_SECONDS + 1e-6 for cue in cues)
    last = cues[-1]
    wanted = max(MIN_SECONDS, sum(map(width_of, last.lines)) / LINES_PER_SECOND)
    assert last.end - last.start >= min(wanted, MAX_SECONDS) - 1e-6


def test_a_cue_is_shown_while_its_words_are_said():
    text = "One two three four five. Six seven eight nine ten."
    words = tuple(
        TimedWord(word, float(at), at + 0.9, 1.0)
        for at, word in enumerate(text.lower().replace(".", "").split())
    )
    cues = cues_of([Segment(0.0, 10.0, text, "en", words)])
    assert [cue.lines for cue in cues] == [
        ("One two three four five.",),
        ("Six seven eight nine ten.",),
    ]
    assert cues[0].start == 0.0
    assert cues[1].start == pytest.approx(5.0, abs=0.01)


def test_characters_between_known_words_share_the_time_between_them():
    words = (TimedWord("你", 1.0, 1.5, 1.0), TimedWord("吗", 3.0, 3.5, 1.0))
    times = character_times("你好吗？", 0.5, 4.0, words)
    assert times[0] == (1.0, 1.5)
    assert times[1] == (1.5, 3.0)
    assert times[2] == (3.0, 3.5)
    assert times[3][0] == 3.5


@settings(deadline=None, max_examples=60)
@given(
    TEXTS,
    st.lists(
        st.tuples(
            st.sampled_from(["我", "hello", "项目", "no"]), st.floats(-5, 50), st.floats(-5, 50)
        )
    ),
)
def test_times_of_characters_never_go_back_nor_leave_the_utterance(text, words):
    timed = [TimedWord(word, start, end, 1.0) for word, start, end in words]
    times = [edge for pair in character_times(text, 2.0, 20.0, timed) for edge in pair]
    assert times == pytest.approx(sorted(times))
    assert min(times) >= 2.0
    assert max(times) <= 20.0 + 1e-6
