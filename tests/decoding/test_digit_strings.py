"""Strings of digits: as many as CTC heard, in the decoder's text."""

import pytest

from dictation.decoding.digit_strings import with_digits_heard

# Written by the decoder, heard by CTC; most as both were, the fifth of AISHELL.
CHANGED = [
    ("验证码是 96030。", "验正码是九九六零三零", "验证码是 996030。"),
    ("电话号码是 13301616131。", "电话号码是幺三八三零幺六六幺三幺", "电话号码是 13830166131。"),
    ("请拨打 194 87514914911。", "请拨打幺九四八七五幺七四九幺", "请拨打 19487517491。"),
    ("房间号是 684 要。", "房间号是六八四幺", "房间号是 6841。"),
    ("一三一零八三七三要四八。", "一三一零八三七三幺四八", "一三一零八三七三幺四八。"),
    ("号是 172610148159。", "号是要七二六幺零幺八幺五九", "号是 17261018159。"),
    (
        "郵政编码是 74299，这次聚会由林小姐负责。",
        "有正编买是七四二九九九这次具会有零小解复责",
        "郵政编码是 742999，这次聚会由林小姐负责。",
    ),
    ("A 是 1224，B 是 3345。", "a 是一二二二四 b 是三三四五五", "A 是 12224，B 是 33455。"),
    ("编号 388 要一个。", "编号三八零八要一个", "编号 3808 要一个。"),
    ("号码是 1382345。", "号码是一三八八要二三四五", "号码是 138812345。"),
    (
        "Please call 2-00736.",
        "please call two zero zero zero seven three six",
        "Please call 2000736.",
    ),
    (
        "My code is 404892, not 12345.",
        "my code is oh zero zero four eight nine two not one two three four five",
        "My code is 004892, not 12345.",
    ),
    (
        "我的 ID 是 684881。",
        "我的 ID 是 six eight four eight eight eight one",
        "我的 ID 是 6848881。",
    ),
]
KEPT = [
    ("它的分机是 1895。", "他的分击是要八九五"),
    ("身份证后四位是 1471。", "身分正后四位是幺四七要"),
    ("今年是2025年。", "今年是二零二五年"),
    ("编号 3808 要一个。", "编号三八零八要一个"),
    ("3800，5600 两个数。", "三八零零五六零零两个数"),
    ("一共 12354 个。", "一共一二三四五十个"),
    ("一共 12345 个。", "一共一万两千三百四十五个"),
    ("验证码是 276842。", "验正马十二七六八四二"),  # CTC has a ten in it
    ("立将一男子吐死酒吧。", "力将易南子促四九八加数强行九八内"),
    ("这个 API 返回 404。", "这个 API 返回四零四"),
    ("电话是 13800138000。", "电话是什么"),
    ("电话是多少？", "电话是一三八零零"),
    ("", "一三八零零"),
    # What CTC does not hear as a digit may be one.
    ("号码是 13800013800。", "号码是一三八零儿零一三八零零"),
    ("验证码是 42212。", "验证码是 for two two one two"),
    ("编号 3800 要 380 个", "编号三八零零要三八零零个"),
    ("One, two, three, four.", "one two three four"),
    ("There are 9124 of them.", "there are nine thousand one two four of them"),
    ("It is 123.5.", "it is one two three four point five"),
    ("It is 12345.6.", "it is one two three four five point six"),
    ("Bus 12347 it is.", "bus one two three four seventy it is"),
    ("I see 21345 of them", "i see twenty one three four five of them"),
]


@pytest.mark.parametrize(("written", "heard", "right"), CHANGED)
def test_digits_are_as_many_as_were_heard(written, heard, right):
    assert with_digits_heard(written, heard) == right
    assert with_digits_heard(right, heard) == right


@pytest.mark.parametrize(("written", "heard"), KEPT)
def test_other_numbers_are_the_decoders(written, heard):
    assert with_digits_heard(written, heard) == written
