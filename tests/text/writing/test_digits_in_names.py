"""Names of letters and digits: a numeral beside its letters is no word."""

import pytest

from dictation.text.writing.digits_in_names import write_digits_in_names

WRITTEN = {
    "五G网络": "5G网络",
    "四K": "4K",
    "三D打印": "3D打印",
    "只有八GB内存": "只有8GB内存",
    "一tb硬盘": "1TB硬盘",
    "七B参数": "7B参数",
    "五A级景区": "5A级景区",
    "一v一": "1v1",
    "mp三格式": "MP3格式",
    "MP四": "MP4",
    "a四纸": "A4纸",
    "G二零峰会": "G20峰会",
    "航班ca一五零一": "航班CA1501",
    "t三航站楼": "T3航站楼",
    "q三的报告": "Q3的报告",
    "windows十": "windows 10",
    "gpt四": "gpt 4",
    "step三是编译": "step 3是编译",
    "P zero 的 bug": "P0 的 bug",
    "Q三revenue": "Q3 revenue",
    "C加加": "C++",
    "c sharp": "C#",
    "a four k video in mp four": "a 4K video in MP4",
    "five g": "5G",
    "three d printing": "3D printing",
    "a four paper": "A4 paper",
    "covid nineteen": "COVID-19",
    "b two b and o二o": "B2B and O2O",
    "ipv six": "IPv6",
    "gpt four": "GPT 4",
}

LEFT = [
    "a four hour flight",
    "第一K",
    "两个T",
    "一件 T 恤",
    "选A一定行",
    "python一样快",
    "python三个版本",
    "java二次开发",
    "API 三天没好",
    "one kilometre",
    "I have five good ones",
    "plan B一般",
    "三个GB",
]


@pytest.mark.parametrize(("said", "written"), WRITTEN.items())
def test_numerals_beside_their_letters_are_digits(said, written):
    assert write_digits_in_names(said) == written


@pytest.mark.parametrize("said", LEFT)
def test_numerals_of_other_words_stay(said):
    assert write_digits_in_names(said) == said
