"""The whole way from what was said to what is delivered, in both languages and mixed."""

from dataclasses import replace

import pytest

from dictation.events import TimedWord
from dictation.text.hot_words import HotWord, Replacement, WordList
from dictation.text.pipeline import Context, TextSettings, Words, Written, format_text, write
from dictation.text.writing.commands import phrases
from dictation.text.writing.dictionary import Dictionary, dictionary

USUAL = TextSettings()
NOWHERE = Context()

WRITTEN = {
    "今天下午三点半开会": "今天下午3点半开会",
    "这个api的response code是四零四，你帮我check一下server的log": (
        "这个 API 的 response code 是 404，你帮我 check 一下 server 的 log"
    ),
    "增长了百分之三十五左右。": "增长了 35% 左右。",
    "升级到 version two point one 之后": "升级到 version 2.1 之后",
    "let us meet at half past three.": "Let us meet at 3:30.",
    "OK, no problem, 我下周三给你.": "OK，no problem，我下周三给你。",
    "I said 你好 to him.": "I said 你好 to him.",
    "Hello，world。": "Hello, world.",
    "i think github is down. i'm sure": "I think GitHub is down. I'm sure",
    "the Jason parser, Jason Parser and Jason": "The JSON parser, JSON Parser and Jason",
    "用 Jason 格式传给 Jason": "用 JSON 格式传给 Jason",
    "please open the a p i docs": "Please open the API docs",
    "see you at example.com or mail me@x.org": "See you at example.com or mail me@x.org",
    "他说：“你好。”": "他说：“你好。”",
    "這個軟體很好用": "这个软体很好用",
    "截止日期是 1977 年 10 月 10 号": "截止日期是1977年10月10号",
    "时间是10:30，版本2.1.3": "时间是 10:30，版本 2.1.3",
    "one of them": "One of them",
    "we march in march": "We march in March",
    "you may be late in may": "You may be late in May",
    "meeting三点二十开始": "meeting 3:20 开始",
    "python三点十二比三点十一快百分之十五": "Python 3.12 比 3.11 快 15%",
    "server 又 down 了。": "server 又 down 了。",
    "wifi 的 password 是五九七.": "wifi 的 password 是 597。",
    "请把version two point five发给他": "请把 version 2.5 发给他",
    "端口是eight zero eight zero": "端口是 8080",
    "这个iphone十五pro max卖八千九百九十九": "这个 iPhone 15 pro max 卖 8999",
    "用gpt四o mini写h五页面": "用 GPT-4o mini 写 H5 页面",
    "u盘和c++": "U 盘和 C++",
    "a计划行不通, let us make a 计划": "A 计划行不通，let us make a 计划",
    "这是一种 like a 二次元的": "这是一种 like a 二次元的",
    "windows十一的电脑": "Windows 11 的电脑",
    "从二零二零到二零二四年": "从2020到2024年",
    "二月十四情人节": "2月14情人节",
    "请访问 https://github.com/foo 下载": "请访问 https://github.com/foo 下载",
    "我在等...": "我在等……",
    '他说"hello",然后走了': '他说"hello"，然后走了',
    "It really likes the dogs.他很喜欢": "It really likes the dogs. 他很喜欢",
    "OK.那我们走吧.": "OK。那我们走吧。",
    "at 3 p.m. we leave. then go": "At 3 p.m. we leave. Then go",
    "后台用java写,前端用javascript": "后台用 Java 写，前端用 JavaScript",
    "i live in new york": "I live in New York",
    "Doctor Brown is here. the doctor came": "Dr. Brown is here. The doctor came",
    "  ": "",
}


@pytest.mark.parametrize(("said", "written"), WRITTEN.items())
def test_a_text_is_written_as_a_careful_typist_would(said, written):
    assert write(said, USUAL, Words(), NOWHERE) == Written(written)


@pytest.mark.parametrize("written", WRITTEN.values())
def test_what_is_written_is_left_as_it_is(written):
    assert write(written, USUAL, Words(), NOWHERE).text == written


OFF = {
    "numbers": ("四零四", "四零四"),
    "spacing": ("这个 API 很好", "这个API很好"),
    "capitals": ("the api", "the api"),
    "commands": ("换行", "换行"),
}


@pytest.mark.parametrize(("step", "said", "written"), [(k, *v) for k, v in OFF.items()])
def test_each_step_can_be_off(step, said, written):
    assert write(said, replace(USUAL, **{step: False}), Words(), NOWHERE).text == written


def test_punctuation_can_be_spoken_only_or_left_alone():
    spoken = replace(USUAL, punctuation="spoken")
    assert write("你好，我们走。", spoken, Words(), NOWHERE).text == "你好 我们走"
    assert write("It costs 3.50, or so.", spoken, Words(), NOWHERE).text == "It costs 3.50 or so"
    off = replace(USUAL, punctuation="off")
    assert write("你好,我们走.", off, Words(), NOWHERE).text == "你好,我们走."


def test_spoken_marks_stand_where_their_names_were_and_in_place_of_the_models():
    spoken = replace(USUAL, punctuation="spoken")
    assert write("Hello. Question mark", spoken, Words(), NOWHERE).text == "Hello?"
    words = ["hello", "comma", "how", "are", "you", "question", "mark"]
    context = Context(timed=timed(words, {1}))
    text = "Hello comma. How are you question mark."
    assert write(text, spoken, Words(), replace(context, timed=())).text == (
        "Hello comma How are you?"
    )
    heard = "hello comma how are you question mark"
    assert write(heard, spoken, Words(), context).text == "Hello, how are you?"
    mixed = Context(timed=timed([*"打开", "API", *"句号然后"], {4}))
    assert write("打开 API 句号然后", spoken, Words(), mixed).text == "打开 API。然后"


@pytest.mark.parametrize("said", ["这个软件很难", "這個軟件很難", "這个软件很難"])
@pytest.mark.parametrize(
    ("script", "written"), [("simplified", "这个软件很难"), ("traditional", "這個軟件很難")]
)
def test_one_script_is_written_whichever_the_model_gave(said, script, written):
    assert write(said, replace(USUAL, script=script), Words(), NOWHERE).text == written


def test_traditional_characters_are_written_where_they_are_wanted():
    traditional = replace(USUAL, script="traditional")
    assert write("这个软件三点半开始", traditional, Words(), NOWHERE).text == "這個軟件3點半開始"


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("嗯，我觉得可以。", "我觉得可以。"),
        ("我觉得，那个，可以。", "我觉得，可以。"),
        ("那个人是谁？", "那个人是谁？"),
        ("Um, I think, uh, so.", "I think, so."),
        ("The umbrella is here.", "The umbrella is here."),
        ("嗯？", "嗯？"),
        ("嗯。", ""),
    ],
)
def test_fillers_go_only_on_request(said, written):
    assert write(said, USUAL, Words(), NOWHERE).text == said
    asked = replace(USUAL, remove_fillers=True)
    assert write(said, asked, Words(), NOWHERE).text == written


def timed(text, pauses):
    """Words of 0.2 s one after the other, with pauses of 0.8 s after those of these numbers."""
    words, at = [], 0.0
    for number, word in enumerate(text):
        words.append(TimedWord(word, at, at + 0.2, 1.0))
        at += 0.2 + (0.8 if number in pauses else 0.0)
    return tuple(words)


@pytest.mark.parametrize(
    ("words", "pauses", "written"),
    [
        (list("今天不去了明天去"), {4}, "今天不去了，明天去。"),
        (list("你明天去吗"), set(), "你明天去吗？"),
        (["so", "then", "let", "us", "go"], {1}, "So then, let us go."),
        (["very", "good"], {0}, "Very good."),
        (["where", "are", "you"], set(), "Where are you?"),
        (["what", "a", "day"], set(), "What a day."),
    ],
)
def test_pauses_stand_for_marks_where_the_model_writes_none(words, pauses, written):
    text = ("" if len(words[0]) == 1 else " ").join(words)
    context = Context(timed=timed(words, pauses))
    assert write(text, USUAL, Words(), context).text == written


def test_the_models_own_marks_stay():
    words = timed(list("今天不去了明天去"), {4})
    assert write("今天，不去了明天去！", USUAL, Words(), Context(timed=words)).text == (
        "今天，不去了明天去！"
    )


SEAMS = [
    # what stands there, what is said, what is delivered
    (None, "hello there.", "Hello there."),
    ("Hello there.", "how are you?", " How are you?"),
    ("Hello there. ", "how are you?", "How are you?"),
    ("Hello there,", "And so on.", " and so on."),
    ("Hello there,", "Kevin is here.", " Kevin is here."),
    ("你好，", "我们走。", "我们走。"),
    ("打开这个", "API", " API"),
    ("打开这个 API", "的文档", " 的文档"),
    ("Hello.", "你好。", " 你好。"),
    ("你好。", "hello.", "Hello."),
    ("on the list:\n", "apples", "Apples"),
    ("(", "see below", "see below"),
    ("价格是", "三十块", "30块"),
    ("价格是", "三百五十", " 350"),
    ("100", "%", "%"),
    ("$", "fifty", "50"),
    ("at 3 p.m.", "we leave", " we leave"),
]


@pytest.mark.parametrize(("before", "said", "delivered"), SEAMS)
def test_a_text_goes_on_where_the_last_one_ended(before, said, delivered):
    assert write(said, USUAL, Words(), Context(before=before)).text == delivered


def test_without_spacing_a_seam_has_none_between_scripts():
    unspaced = replace(USUAL, spacing=False)
    assert write("API", unspaced, Words(), Context(before="打开这个")).text == "API"
    assert write("world", unspaced, Words(), Context(before="hello")).text == " world"


COMMANDS = {
    "换行": Written("\n"),
    "换行。": Written("\n"),
    "换一行": Written("\n"),
    "dash": Written("—"),
    "撤消": Written("", "undo"),
    "New line.": Written("\n"),
    "另起一段。": Written("\n\n"),
    "new paragraph": Written("\n\n"),
    "句号": Written("。"),
    "Question mark.": Written("?"),
    "删除。": Written("", "undo"),
    "Scratch that.": Written("", "undo"),
    "撤销": Written("", "undo"),
    "停止听写。": Written("", "stop"),
    "Stop dictation.": Written("", "stop"),
    "全部大写": Written("", "capitals"),
}


@pytest.mark.parametrize(("said", "done"), COMMANDS.items())
def test_a_whole_utterance_can_be_a_command(said, done):
    assert write(said, USUAL, Words(), Context(before="Hello")) == done


@pytest.mark.parametrize(
    "said",
    [
        "他说换行很简单。",
        "Start a new line here.",
        "The period of time is over.",
        "我要删除这个文件。",
        "Please undo that change.",
        "问号是什么意思？",
    ],
)
def test_no_command_is_meant_inside_a_sentence(said):
    assert write(said, USUAL, Words(), NOWHERE) == Written(said)


LED = Words(phrases=phrases({}, "computer"))


@pytest.mark.parametrize(
    ("said", "done"),
    [
        ("Computer, new line.", Written("\n")),
        ("Dear all, computer new line, please come.", Written("Dear all\nPlease come.")),
        ("Are you there computer question mark", Written("Are you there?")),
        ("That was wrong computer scratch that", Written("")),
        ("Hello. Computer, question mark.", Written("Hello?")),
        ("computer caps hello world", Written("HELLO WORLD")),
        ("The computer is new.", Written("The computer is new.")),
        ("My computers new line card.", Written("My computers new line card.")),
    ],
)
def test_after_the_lead_word_a_command_may_stand_in_a_sentence(said, done):
    assert write(said, USUAL, LED, NOWHERE) == done


def test_a_chinese_lead_word_needs_no_space():
    led = Words(phrases=phrases({}, "命令"))
    assert write("第一点命令换行第二点", USUAL, led, NOWHERE) == Written("第一点\n第二点")


def test_a_snippet_is_written_as_it_stands_and_goes_before_the_commands():
    words = Words(phrases=phrases({"my address": "1 Long Street\nBeijing", "换行": "x"}))
    assert write("My address.", USUAL, words, Context(before="I live at")) == Written(
        " 1 Long Street\nBeijing"
    )
    assert write("换行", USUAL, words, NOWHERE) == Written("x")


def test_a_phrase_without_words_means_nothing():
    words = Words(phrases=phrases({"": "x", "。": "y"}))
    assert write("。", USUAL, words, NOWHERE) == Written("。")


def test_everything_in_capitals_when_it_was_asked_for():
    assert write("hello api", USUAL, Words(), Context(capitals=True)).text == "HELLO API"


LIST = WordList(
    words=(HotWord("Kubernetes"), HotWord("王小萌"), HotWord("李鸣"), HotWord("Anthropic")),
    replacements=(Replacement("派森", "Python"), Replacement("cooper nettys", "Kubernetes")),
)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("我用派森写的", "我用 Python 写的"),
        ("deploy it on Cooper Nettys now", "Deploy it on Kubernetes now"),
        ("use kubernetes", "Use Kubernetes"),
        ("Ask Anthropick.", "Ask Anthropic."),
        ("我和王晓明去", "我和王晓明去"),
        ("我和王小蒙去", "我和王小萌去"),
        ("找李明来", "找李鸣来"),
        ("里面有人", "里面有人"),
    ],
)
def test_the_users_words_are_put_right_by_spelling_and_by_sound(said, written):
    words = Words(dictionary=dictionary(LIST))
    assert write(said, USUAL, words, NOWHERE).text == written


def test_by_sound_only_where_it_is_wanted():
    quiet = replace(USUAL, by_sound=False)
    words = Words(dictionary=dictionary(LIST))
    assert write("找李明来", quiet, words, NOWHERE).text == "找李明来"


def test_formatting_alone_knows_no_commands():
    assert format_text("换行", USUAL, Dictionary(), NOWHERE) == "换行"
