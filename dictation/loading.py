"""From settings to the parts they describe."""

import os
from collections.abc import MutableMapping
from typing import TYPE_CHECKING

from dictation.assets import model_folder
from dictation.audio.endpoint import EndpointRules
from dictation.audio.segmenter import SegmenterSettings
from dictation.config import (
    EndpointSection,
    ModelSection,
    RecognitionSection,
    Settings,
    hot_words_file,
)
from dictation.worker import WorkerSettings

if TYPE_CHECKING:
    from dictation.recognizer import Recognizer


def prepare_torch(environment: MutableMapping[str, str]) -> None:
    """Set what torch reads when it is imported, unless the user has: to be called before that."""
    # OpenMP's threads spin while they wait for each other: on a computer with other work to do, a
    # chunk then takes 50 times as long. Sleeping at once costs an idle one half its speed, so they
    # spin for a moment only (libgomp manual, GOMP_SPINCOUNT).
    environment.setdefault("GOMP_SPINCOUNT", "1000")
    # oneDNN keeps the machine code it makes for each length of utterance: 1024 pieces, 60 MB, of
    # which all but those of chunks wait in vain for the same length (its guide, primitive cache).
    environment.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "128")


def prepare_training(environment: MutableMapping[str, str]) -> None:
    """Set what makes a run the same each time, unless the user has: to be called before torch.

    MKL takes other ways through a product by where its numbers lie in memory, and a run that goes
    on after a kill would not be the one that was killed (its guide, conditional numerical
    reproducibility).
    """
    environment.setdefault("MKL_CBWR", "AUTO,STRICT")


def load_recognizer(
    section: ModelSection, recognition: RecognitionSection | None = None
) -> "Recognizer":
    """Load the model; takes seconds and imports torch. Raises AssetError or ModelError.

    With `recognition` it decides on texts as set there and listens for the user's words.
    """
    folder = model_folder(section.name)
    prepare_torch(os.environ)
    from dictation.recognizer import Recognizer, RescoringWeights, SecondPassSettings

    how = recognition or RecognitionSection()
    recognizer = Recognizer.load(
        folder,
        device=section.device,
        precision=section.precision,
        threads=section.threads or None,
        second_pass=SecondPassSettings(
            final=how.final,
            n_best=how.n_best,
            beam=how.beam,
            weights=RescoringWeights(how.ctc_weight, how.reverse_weight, how.length_weight),
            max_distance=how.max_distance,
            language_model=how.language_model,
        ),
        blank_threshold=how.blank_threshold,
        captions=how.captions,
        window_ms=how.window_ms,
    )
    if recognition is not None:
        recognizer.follow_hot_words(hot_words_file(recognition))
    return recognizer


def segmenter_settings(settings: Settings) -> SegmenterSettings:
    """How utterances are found."""
    section = settings.segmenter
    return SegmenterSettings(
        start_ms=section.start_ms,
        end_ms=section.end_ms,
        max_seconds=section.max_seconds,
        pre_roll_ms=settings.audio.pre_roll_ms,
        aggressiveness=section.aggressiveness,
    )


def worker_settings(settings: Settings) -> WorkerSettings:
    """How live sound is heard."""
    return WorkerSettings(
        chunk_ms=settings.recognition.chunk_ms,
        language=settings.recognition.language,
        pre_roll_ms=settings.audio.pre_roll_ms,
        post_roll_ms=settings.audio.post_roll_ms,
        segmenter=segmenter_settings(settings),
        endpoint=endpoint_rules(settings.endpoint) if settings.endpoint.ctc else None,
    )


def endpoint_rules(section: EndpointSection) -> EndpointRules:
    """When an utterance ends by what is recognised."""
    return EndpointRules(
        no_words=section.no_words_ms / 1000,
        after_words=section.after_words_ms / 1000,
        longest=section.longest_ms / 1000,
    )
