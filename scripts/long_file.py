"""Shows that `dictation transcribe` does not grow with the length of a file.

Makes a file of hours from the bundled recordings, prints memory and speed while it is heard:

    python scripts/long_file.py --hours 2
"""

import argparse
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import psutil

from dictation.assets import samples_folder
from dictation.audio import SAMPLE_RATE
from dictation.audio.files import read_audio
from dictation.cli.progress import clock


def main() -> int:
    """Make the file, transcribe it and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--model", default="starter", help="a model's name or folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "long.mp3"
        write_speech(source, options.hours * 3600)
        print(f"{clock(options.hours * 3600)} of speech, {source.stat().st_size / 1e6:.0f} MB")
        return measure(source, options.model, options.hours * 3600)


def write_speech(path: Path, seconds: float) -> None:
    """The bundled recordings over and over, with pauses, as an MP3 file."""
    pause = np.zeros(SAMPLE_RATE, dtype=np.float32)
    sounds = [pause]
    for recording in sorted(samples_folder().glob("*.wav")):
        sounds += [*read_audio(recording), pause]
    speech = np.concatenate(sounds)
    with av.open(path, "w") as container:
        stream = container.add_stream("mp3", rate=SAMPLE_RATE, layout="mono")
        written = 0
        while written < seconds * SAMPLE_RATE:
            frame = av.AudioFrame.from_ndarray(speech[None], "fltp", "mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE, written
            frame.time_base = Fraction(1, SAMPLE_RATE)
            container.mux(stream.encode(frame))
            written += len(speech)
        container.mux(stream.encode(None))


def measure(source: Path, model: str, seconds: float) -> int:
    """Transcribe the file into subtitles and print the memory of the process as it goes on."""
    began = time.monotonic()
    out = source.parent / "out"
    child = subprocess.Popen(
        [sys.executable, "-m", "dictation", "transcribe", "--model", model,
         "--format", "srt", "--output-dir", str(out), str(source)]
    )  # fmt: skip
    process = psutil.Process(child.pid)
    memory: list[int] = []
    while child.poll() is None:
        time.sleep(1.0)
        try:
            memory.append(process.memory_info().rss)
        except psutil.NoSuchProcess:
            break
        if len(memory) % 60 == 0:
            print(f"{clock(time.monotonic() - began)}  {memory[-1] / 1e6:.0f} MB", flush=True)
    took = time.monotonic() - began
    quarter = max(1, len(memory) // 4)
    growth = max(memory[3 * quarter :] or [0]) - max(memory[:quarter])
    print(
        f"{clock(took)} for {clock(seconds)}: {seconds / took:.1f}x real time; "
        f"{max(memory) / 1e6:.0f} MB at most, {growth / 1e6:+.0f} MB from the first quarter to the "
        "last"
    )
    return child.wait()


if __name__ == "__main__":
    sys.exit(main())
