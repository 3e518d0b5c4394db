"""Spreads are of measured numbers, and a report reads the same for people and programs."""

import json
import os

import numpy as np
import pytest

from dictation.audio import SAMPLE_RATE
from dictation.bench.figures import Figure, Spread, spread
from dictation.bench.machine import describe_machine
from dictation.bench.process import memory_of, own_memory, own_usage, usage_of
from dictation.bench.run import BenchSettings, Report
from dictation.bench.sounds import quiet_room, recordings, speech_of
from dictation.cli.figures import markdown, report_values
from dictation.config import Settings


def test_percentiles_are_numbers_that_were_measured():
    assert spread([float(n) for n in range(1, 101)]) == Spread(50.0, 90.0, 95.0, 99.0, 100.0, 100)
    assert spread([3.0, 1.0, 2.0]) == Spread(2.0, 3.0, 3.0, 3.0, 3.0, 3)
    assert spread([7.0]) == Spread(7.0, 7.0, 7.0, 7.0, 7.0, 1)
    assert spread([]) is None


def test_the_kernel_counts_the_same_from_inside_and_outside():
    before = own_usage()
    seen = usage_of(os.getpid())
    after = own_usage()
    assert seen is not None
    # The kernel counts in ticks of 10 ms.
    assert before.cpu - 0.05 <= seen.cpu <= after.cpu + 0.05
    assert own_memory() == pytest.approx(memory_of(os.getpid()), rel=0.05)


def test_a_process_that_is_gone_has_no_usage():
    assert usage_of(2**22 + 1) is None
    assert memory_of(2**22 + 1) is None


def test_speech_of_any_length_is_joined_from_the_recordings():
    samples = [np.full(SAMPLE_RATE, 0.1, np.float32), np.full(SAMPLE_RATE, 0.2, np.float32)]
    assert speech_of(2.5, samples, 1)[[0, SAMPLE_RATE, -1]] == pytest.approx([0.2, 0.1, 0.2])
    assert len(speech_of(2.5, samples, 1)) == 2.5 * SAMPLE_RATE


def test_three_recordings_come_with_the_program():
    assert [len(sound) > 3 * SAMPLE_RATE for sound in recordings()] == [True] * 3


def test_a_quiet_room_is_60_db_under_full_scale():
    level = 20 * np.log10(np.sqrt(np.mean(quiet_room(2.0) ** 2)))
    assert level == pytest.approx(-60.0, abs=0.2)


def test_the_machine_is_described():
    machine = describe_machine()
    assert 1 <= machine.usable_cores <= machine.cores
    assert machine.processor
    assert machine.torch


def test_a_report_is_a_table_to_paste_and_values_for_programs():
    figures = (
        Figure("chunk", "ms", "compute per chunk", Spread(20.25, 30.0, 31.5, 40.0, 40.0, 12)),
        Figure("ready", "s", "start to ready", 3.456),
        Figure("memory", "MB", "resident", None),
    )
    report = Report(describe_machine(), "tiny, cpu, fp32", 2, BenchSettings(Settings()), figures)
    lines = markdown(report)
    assert "- model: tiny, cpu, fp32, 2 threads" in lines
    assert lines[-3:] == [
        "| compute per chunk | 20.2 | 31.5 | ms | 12 |",
        "| start to ready | 3.46 |  | s | 1 |",
        "| resident | not measured |  | MB |  |",
    ]
    values = json.loads(json.dumps(report_values(report)))
    assert values["figures"]["chunk"]["value"]["p95"] == 31.5
    assert values["figures"]["memory"]["value"] is None
