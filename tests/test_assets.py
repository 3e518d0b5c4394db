"""Names of models that lead nowhere."""

import pytest

from dictation.assets import AssetError, model_folder
from dictation.config import ConfigError, RecognitionSection, hot_words_file


@pytest.mark.parametrize(
    "name", ["no-such-model", "~nobody-of-this-name/model", "x" * 5000, "a\0b", "/dev/null/x"]
)
def test_a_name_that_is_no_model_is_told(name):
    with pytest.raises(AssetError, match="there is no model"):
        model_folder(name)


def test_a_list_of_words_in_the_home_of_nobody_is_told():
    with pytest.raises(ConfigError, match="no such user"):
        hot_words_file(RecognitionSection(hot_words="~nobody-of-this-name/words.txt"))
