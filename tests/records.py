"""A record made by hand, with one figure of each kind."""

from dictation.bench.figures import Figure, Spread
from dictation.bench.machine import Machine
from dictation.bench.record import (
    FORMAT,
    Choice,
    Effort,
    ErrorRate,
    LanguagesAt,
    Model,
    Names,
    PrecisionChange,
    Record,
    SetFacts,
    SetRates,
)


def a_record(slower: float = 1.0, errors: float = 0.2) -> Record:
    """A record of 40 measurements of one latency, one memory figure and one set of 500 words."""
    spread = Spread(100.0 * slower, 110.0 * slower, 120.0 * slower, 130.0, 140.0, 40)
    rate = ErrorRate(errors, 500)
    captions = {320: ErrorRate(0.5, 500), 640: ErrorRate(0.45, 500)}
    languages = {"en": {"zh": 3, "en": 57, "mix": 0}}
    return Record(
        format=FORMAT,
        date="2026-01-02",
        machine=Machine(
            processor="Abacus",
            cores=4,
            usable_cores=2,
            flags=("amx_int8", "avx512f"),
            memory=16.0,
            load=0.1,
            system="Linux 6",
            python="3.11",
            torch="2.11",
            torchaudio="2.11",
            dictation="0.1.0",
            commit="abcdef0",
        ),
        model=Model("tiny, cpu, fp32", "0" * 64, 2),
        effort=Effort(12, 9, 20.0, 320, None, 300.0),
        figures=(
            Figure("final_10_s", "ms", "final text of 10 s", spread),
            Figure("cpu_idle", "%", "of one core, idle", 0.4),
            Figure("rtf_whole", "s/s", "whole recordings", 0.07 * slower),
            Figure("daemon_memory", "MB", "resident", None),
        ),
        rates=(
            SetRates("dev", "en", "WER", 60, captions, ErrorRate(0.4, 500), rate),
            SetRates("dev", "mix", "MER", 3, {}, ErrorRate(0.4, 9), ErrorRate(0.4, 9)),
        ),
        sets=(
            SetFacts("dev", 63, 5.0, languages, 0.07, {320: 0.11, 640: 0.09}, 0, 0, {}),
            SetFacts("noise-fan", 4, 5.0, {}, 0.07, {320: 0.11, 640: 0.09}, 4, 1, {320: 7, 640: 2}),
            SetFacts("all sets", 67, 10.0, languages, 0.07, {320: 0.11}, 4, 1, {320: 7}),
        ),
        names=(Names(False, 27, 60, 40, 3, 0, 0.18), Names(True, 27, 60, 40, 25, 0, 0.107)),
        precisions=(
            PrecisionChange("dev", "fp32", rate, rate, 0.0, 0.0),
            PrecisionChange("dev", "int8", rate, rate, 0.1, -0.2),
        ),
        choices=(
            Choice("dev", "final", "ctc", 30, ErrorRate(0.4, 250), 0.09, 0.0),
            Choice("dev", "final", "search", 30, ErrorRate(0.2, 250), 0.09, 14.0),
            Choice("dev", "final", "rescore", 30, ErrorRate(0.3, 250), 0.08, 1.0),
            Choice("dev", "captions", "ctc", 10, ErrorRate(0.5, 80), 0.04, 0.0),
            Choice("dev", "captions", "decoder", 10, ErrorRate(0.4, 80), 0.3, 0.0),
        ),
        languages_by_length=(LanguagesAt(0.5, languages),),
    )
