"""Every number and address of a text in digits, in both languages."""

from dictation.text.writing.addresses import write_addresses
from dictation.text.writing.chinese_numbers import write_chinese_numbers
from dictation.text.writing.digits_in_names import write_digits_in_names
from dictation.text.writing.english_numbers import write_english_numbers


def write_numbers(text: str) -> str:
    """Write the numbers of a text in digits; words and what is in digits already stay."""
    text = write_chinese_numbers(write_digits_in_names(text))
    return write_english_numbers(write_addresses(text))


def warm_up() -> None:
    """Make ready what the first number of a process would wait for: rules and libraries."""
    write_numbers("二十一, twenty one")
