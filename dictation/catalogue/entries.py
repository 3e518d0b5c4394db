"""The published models that can be had by name, with what their publishers say of them.

Error rates and addresses: WeNet's docs/pretrained_models.md of several years and the READMEs of its
recipes; sizes: what the copy's host lists. Rates are with attention rescoring, of whole utterances
first, then in chunks of 640 ms unless noted. A model's licence is that of its corpus, WeNet says.
"""

from dataclasses import dataclass
from typing import Literal

_PUBLISHER = "https://wenet.org.cn/downloads?models=wenet&version={}.tar.gz"
# What the publisher named in 2022.
_EARLIER = "https://wenet-1256283475.cos.ap-shanghai.myqcloud.com/models/{}.tar.gz"
# A copy that the authors of sherpa-onnx keep.
_COPY = "https://huggingface.co/openspeech/wenet-models/resolve/main/{}.tar.gz"


@dataclass(frozen=True)
class Shape:
    """What a U2 or U2++ Conformer of 12 blocks has of its own; kernel size in frames, `reduction`
    the feature frames to one of the encoder's."""

    units: int
    width: int
    heads: int
    kernel_size: int
    decoder_blocks: int = 3
    reverse_blocks: int = 3
    reduction: Literal[4, 6] = 4


@dataclass(frozen=True)
class Rate:
    """A published error rate in per cent, of whole utterances and chunk by chunk."""

    test: str
    whole: float
    chunks: float


@dataclass(frozen=True)
class Entry:
    """A published model.

    `megabytes`: about the size of the download. `sha256`: of the archive, None: not published; the
    first one seen is then held to. `addresses` are tried in turn.
    """

    name: str
    language: Literal["zh", "en"]
    units: str
    megabytes: int
    rates: tuple[Rate, ...]
    measure: Literal["CER", "WER"]
    licence: str
    shape: Shape
    addresses: tuple[str, ...]
    note: str = ""
    sha256: str | None = None


def _addresses(name: str, earlier: str) -> tuple[str, ...]:
    return _PUBLISHER.format(name), _EARLIER.format(earlier), _COPY.format(name)


CATALOGUE = (
    Entry(
        name="aishell_u2pp_conformer_exp",
        language="zh",
        units="characters",
        megabytes=191,
        rates=(Rate("AISHELL-1 test", 4.63, 5.05),),
        measure="CER",
        licence="as AISHELL-1: Apache-2.0",
        shape=Shape(units=4233, width=256, heads=4, kernel_size=8),
        addresses=_addresses(
            "aishell_u2pp_conformer_exp", "aishell/20210601_u2%2B%2B_conformer_exp"
        ),
    ),
    Entry(
        name="aishell2_u2pp_conformer_exp",
        language="zh",
        units="characters",
        megabytes=196,
        rates=(Rate("AISHELL-2 iOS test", 5.39, 5.78),),
        measure="CER",
        licence="as AISHELL-2: see its terms",
        shape=Shape(units=5200, width=256, heads=4, kernel_size=8),
        addresses=_addresses("aishell2_u2pp_conformer_exp", "aishell2/20210618_u2pp_conformer_exp"),
    ),
    Entry(
        name="librispeech_u2pp_conformer_exp",
        language="en",
        units="pieces",
        megabytes=195,
        rates=(
            Rate("LibriSpeech test-clean", 3.32, 3.80),
            Rate("LibriSpeech test-other", 8.67, 10.38),
        ),
        measure="WER",
        licence="as LibriSpeech: CC BY 4.0",
        shape=Shape(units=5002, width=256, heads=4, kernel_size=15),
        addresses=_addresses(
            "librispeech_u2pp_conformer_exp", "librispeech/20210610_u2pp_conformer_exp"
        ),
    ),
    Entry(
        name="gigaspeech_u2pp_conformer_exp",
        language="en",
        units="pieces",
        megabytes=504,
        rates=(Rate("GigaSpeech test", 11.3, 12.5),),
        measure="WER",
        licence="as GigaSpeech: see its terms",
        shape=Shape(units=5002, width=512, heads=8, kernel_size=8, reduction=6),
        addresses=_addresses(
            "gigaspeech_u2pp_conformer_exp", "gigaspeech/20210728_u2pp_conformer_exp"
        ),
        note="rates in chunks are of 480 ms",
    ),
    Entry(
        name="wenetspeech_u2pp_conformer_exp",
        language="zh",
        units="characters, Latin letters",
        megabytes=499,
        rates=(
            Rate("WenetSpeech dev", 7.10, 7.57),
            Rate("WenetSpeech test-net", 8.83, 10.13),
            Rate("WenetSpeech test-meeting", 13.64, 15.55),
        ),
        measure="CER",
        licence="as WenetSpeech: see its terms",
        shape=Shape(units=5537, width=512, heads=8, kernel_size=15),
        addresses=_addresses(
            "wenetspeech_u2pp_conformer_exp", "wenetspeech/20220506_u2pp_conformer_exp"
        ),
    ),
    Entry(
        name="multi_cn_unified_conformer_exp",
        language="zh",
        units="characters",
        megabytes=202,
        rates=(
            Rate("AISHELL-1 test", 1.42, 1.72),
            Rate("AISHELL-2 test", 5.22, 5.61),
            Rate("MagicData test", 2.52, 2.94),
            Rate("TAL-ASR test", 9.66, 10.55),
        ),
        measure="CER",
        licence="as its corpora: see their terms",
        shape=Shape(
            units=5500, width=256, heads=4, kernel_size=15, decoder_blocks=6, reverse_blocks=0
        ),
        addresses=_addresses(
            "multi_cn_unified_conformer_exp", "multi_cn/20210815_unified_conformer_exp"
        ),
    ),
)


def find_entry(name: str) -> Entry | None:
    """Return the catalogue's model of that name."""
    return next((entry for entry in CATALOGUE if entry.name == name), None)
