"""A small model in the ARPA format."""

from pathlib import Path

TEXT = """
\\data\\
ngram 1=8
ngram 2=4
ngram 3=1

\\1-grams:
-99\t<s>\t0
-2.0\t</s>
-1.0\t今天\t-0.3
-2.5\t今\t-0.2
-2.0\t天
-1.2\t讨论\t-0.4
-1.5\tthe\t-0.1
-2.2\tcode\t-0.5

\\2-grams:
-0.5\t今天 讨论\t-0.25
-0.7\t<s> 今天
-0.4\tthe code
-0.9\t讨论 今天

\\3-grams:
-0.1\t今天 讨论 今天

\\end\\
"""


def write_arpa(folder: Path, text: str = TEXT) -> Path:
    """Write the file and return where it is."""
    path = folder / "words.arpa"
    path.write_text(text, encoding="utf-8")
    return path
