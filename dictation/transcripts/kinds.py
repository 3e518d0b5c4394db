"""The kinds of files that are made of a transcript."""

from enum import StrEnum


class Format(StrEnum):
    """A kind of file, named as its ending is."""

    TXT = "txt"
    SRT = "srt"
    VTT = "vtt"
    JSON = "json"
    TSV = "tsv"
