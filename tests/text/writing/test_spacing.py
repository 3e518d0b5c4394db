"""Spaces and the width of marks, where Chinese and Latin meet."""

import pytest

from dictation.text.writing.spacing import fit_marks, space_scripts, unspace_scripts


@pytest.mark.parametrize(
    ("text", "spaced"),
    [
        ("这个API的code是404。", "这个 API 的 code 是 404。"),
        ("这个 API 的 code", "这个 API 的 code"),
        ("他说 ，好 。", "他说，好。"),
        ("涨了35%左右", "涨了 35% 左右"),
        ("下午3点半", "下午3点半"),
        ("下午 3 点半", "下午3点半"),
        ("1977 年 10 月 10 号", "1977年10月10号"),
        ("第 23 章", "第23章"),
        ("11 点 45 的闹钟", "11点45 的闹钟"),
        ("身高1米85", "身高1米85"),
        ("版本2.1.3很好", "版本 2.1.3 很好"),
        ("是404的时候", "是 404 的时候"),
        ("花了$5.50吗", "花了 $5.50 吗"),
        ("气温-5度", "气温-5度"),
        ("C++的书", "C++ 的书"),
        ("等了 24 小时，花了120美元", "等了24小时，花了120美元"),
        ("20来岁", "20来岁"),
        ("21世纪", "21世纪"),
        ("包含了 I C C 特性", "包含了 ICC 特性"),
        ("三星的D R A M。", "三星的 DRAM。"),
        ("有 A I 技术", "有 AI 技术"),
        ("A I技术", "AI 技术"),
        ("My name is J O H N.", "My name is JOHN."),
        ("Then plan A I think.", "Then plan A I think."),
        ("买 A 股，穿 T 恤", "买 A 股，穿 T 恤"),
    ],
)
def test_scripts_are_spaced(text, spaced):
    assert space_scripts(text) == spaced
    assert space_scripts(spaced) == spaced


def test_scripts_are_put_together_where_no_space_is_wanted():
    assert unspace_scripts("这个 API 的 code 是 404，good job") == "这个API的code是404，good job"


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("好,我们走.", "好，我们走。"),
        ("这个版本是 2.1 吗?", "这个版本是 2.1 吗？"),
        ("Version 2.1, please.", "Version 2.1, please."),
        ("帮我看一下这个 bug.", "帮我看一下这个 bug。"),
        ("I said 你好 to him.", "I said 你好 to him."),
        ("Yes，I do。", "Yes, I do."),
        ("3:30, then 10.5", "3:30, then 10.5"),
        ("404", "404"),
    ],
)
def test_marks_follow_the_script_of_their_sentence(text, marked):
    assert fit_marks(text) == marked
    assert fit_marks(marked) == marked
