"""The whole bench on a model of a few kilobytes: every figure is there and fits the others."""

from concurrent.futures import Future

import pytest

from dictation.bench.figures import Spread
from dictation.bench.run import BenchSettings, run_bench
from dictation.bench.running import watch_daemon
from dictation.config import ModelSection, Settings
from dictation.control.client import NotRunning
from dictation.control.protocol import DaemonStatus, Reply
from dictation.control.server import ControlServer
from dictation.errors import DictationError
from tests.tiny_model import write_tiny_model


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = write_tiny_model(tmp_path_factory.mktemp("tiny"))
    return Settings(model=ModelSection(name=str(folder), precision="fp32", threads=1))


@pytest.fixture(scope="module")
def report(settings):
    # A single utterance: they are spoken in real time.
    return run_bench(
        BenchSettings(settings, repetitions=2, utterances=1, seconds=0.5), lambda _: None
    )


def test_every_figure_was_measured(report):
    figures = {figure.name: figure.value for figure in report.figures}
    assert len(figures) == len(report.figures)
    assert None not in figures.values()
    assert {"chunk_320_ms", "chunk_640_ms", "final_2_s", "final_5_s", "final_10_s"} <= set(figures)
    assert {"first_partial", "endpoint_wait", "final_live", "ready", "load"} <= set(figures)
    assert {"word_caption", "final_after_speech", "released"} <= set(figures)
    assert {"memory_loaded", "memory_after", "cpu_idle", "cpu_quiet"} <= set(figures)
    assert {"rtf_stream_320_ms", "rtf_stream_640_ms", "rtf_whole"} <= set(figures)


def test_the_figures_are_consistent(report):
    figures = {figure.name: figure.value for figure in report.figures}
    for name, value in figures.items():
        if isinstance(value, Spread):
            assert 0 <= value.p50 <= value.p90 <= value.p95 <= value.p99 <= value.worst, name
            assert value.count > 0
        else:
            assert value >= 0, name
    # 2 x (2 + 5 + 10) s make 2 x (6 + 15 + 31) whole chunks, give or take those at the ends.
    assert figures["chunk_320_ms"].count == pytest.approx(104, abs=8)
    assert figures["chunk_640_ms"].count == pytest.approx(52, abs=8)
    assert figures["final_2_s"].count == 2
    assert figures["load"] <= figures["ready"]
    assert figures["memory_loaded"] > 50
    assert figures["endpoint_wait"].worst <= 1000


def test_the_report_names_what_it_depends_on(report):
    assert report.model.startswith("tiny, ")
    assert report.threads == 1


def test_a_missing_model_is_told_in_one_line():
    settings = Settings(model=ModelSection(name="nowhere"))
    with pytest.raises(DictationError, match="there is no model 'nowhere'"):
        run_bench(BenchSettings(settings, 1, 1, 0.5), lambda _: None)


@pytest.fixture
def runtime(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return folder


def answering(runtime, status, asked):
    import os

    def answer(request):
        asked.append(request.command)
        reply: Future[Reply] = Future()
        reply.set_result(Reply(DaemonStatus(pid=os.getpid(), status=status)))
        return reply

    return ControlServer(answer, runtime / "dictation")


def test_a_running_daemon_is_watched_idle_and_listening_and_drops_what_it_heard(runtime):
    asked: list[str] = []
    server = answering(runtime, "idle", asked)
    server.start()
    try:
        figures = {figure.name: figure.value for figure in watch_daemon(0.2)}
    finally:
        server.close()
    assert asked == ["status", "start", "cancel"]
    assert figures.pop("delivery") is None  # nothing was dictated yet
    opening = figures.pop("microphone_opening")
    assert opening is None or opening > 0  # a computer without a microphone has the others
    assert set(figures) == {"daemon_cpu_idle", "daemon_cpu_listening", "daemon_memory"}
    assert all(value is not None and value >= 0 for value in figures.values())


def test_a_busy_daemon_is_left_alone(runtime):
    asked: list[str] = []
    server = answering(runtime, "listening", asked)
    server.start()
    try:
        with pytest.raises(DictationError, match="the daemon is listening"):
            watch_daemon(0.2)
    finally:
        server.close()
    assert asked == ["status"]


def test_without_a_daemon_there_is_nothing_to_watch(runtime):
    with pytest.raises(NotRunning):
        watch_daemon(0.2)
