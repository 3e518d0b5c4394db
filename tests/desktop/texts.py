"""Random texts as people dictate them: Mandarin, English, both, marks, emoji, lines."""

import random

_CHINESE = "语音识别 今天 我们讨论 这个 的 ， 。 ？ 《红楼梦》 “好的” —— …… 龘 𠮷 😀 🎉"
_LATIN = (
    "hello API response code don't e-mail C++ naïve café 100% 12:30 $5.99 a_b@c.org (x < y) & [z] "
    "~/tmp\\n #1! 👍🏽 é ½"
)
_PIECES = (*_CHINESE.split(), *(f"{word} " for word in _LATIN.split()))


def random_texts(count: int, seed: int, *, lines: bool = False) -> list[str]:
    """So many texts of 1 to 30 pieces, the same for the same seed; with line ends if asked."""
    chance = random.Random(seed)
    pieces = (*_PIECES, "\n", "\n") if lines else _PIECES
    texts = ["".join(chance.choices(pieces, k=chance.randint(1, 30))) for _ in range(count)]
    # Editors save and terminals read whole lines; a line end at the rim of a text proves nothing.
    return [text.strip("\n") or "好" for text in texts]
