"""What damaged files showed of code that is far from reading them."""

from tests.fuzz.targets import TARGETS


def test_words_longer_than_the_decoder_can_judge_are_written_as_they_were_heard(tmp_path):
    own = TARGETS["own"]
    own.write(tmp_path)
    file = tmp_path / "whole" / "units.txt"
    units = file.read_text(encoding="utf-8").splitlines()
    long = [unit if index < 2 else unit * 500 for index, unit in enumerate(units)]
    file.write_text("\n".join(long) + "\n", encoding="utf-8")
    recognition = own.read(tmp_path / "whole")
    assert len(recognition.words) > 500
    assert recognition.text
