"""Every file a person may hand over is read, or refused in one line that helps."""

import os
import pickle
import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dictation.audio import SAMPLE_RATE
from dictation.audio.files import BLOCK, AudioFileError, probe, read_audio
from tests.audio.media import encode, tone, with_cover, write_wav


def decoded(source, on_warning=pytest.fail):
    return np.concatenate(list(read_audio(source, on_warning)))


def pitch(samples):
    """The strongest frequency in Hz of the middle second (or of all of it)."""
    middle = len(samples) // 2
    part = samples[max(0, middle - SAMPLE_RATE // 2) : middle + SAMPLE_RATE // 2]
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
    return float(np.fft.rfftfreq(len(part), 1 / SAMPLE_RATE)[np.argmax(spectrum)])


def refusal(source):
    with pytest.raises(AudioFileError) as caught:
        list(read_audio(source))
    message = str(caught.value)
    assert "\n" not in message
    return message


KINDS = [
    ("sound.wav", "pcm_s16le", 16_000),
    ("sound.wav", "pcm_f32le", 16_000),
    ("sound.wav", "pcm_u8", 8_000),
    ("sound.wav", "pcm_s24le", 96_000),
    ("sound.wav", "pcm_s32le", 44_100),
    ("sound.wav", "pcm_mulaw", 8_000),
    ("sound.mp3", "libmp3lame", 44_100),
    ("sound.mp3", "libmp3lame", 22_050),
    ("sound.m4a", "aac", 48_000),
    ("sound.m4a", "aac", 96_000),
    ("sound.m4a", "alac", 44_100),
    ("sound.aac", "aac", 44_100),
    ("sound.ogg", "libopus", 48_000),
    ("sound.opus", "libopus", 16_000),
    ("sound.flac", "flac", 96_000),
    ("sound.flac", "flac", 44_100),
    ("sound.webm", "libopus", 48_000),
    ("sound.mkv", "flac", 32_000),
    ("sound.aiff", "pcm_s16be", 11_025),
]


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("name", "codec", "rate"), KINDS)
def test_every_kind_of_file_gives_the_same_sound(tmp_path, name, codec, rate, channels):
    sound = tone(1.7, rate)
    track = sound if channels == 1 else np.stack((sound, sound), axis=1)
    path = encode(tmp_path / name, codec, rate, track)
    info = probe(path)
    assert info.channels == channels
    assert info.duration is None or info.duration == pytest.approx(1.7, abs=0.15)
    samples = decoded(path)
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    # Lossy codecs may leave their padding at the end.
    assert len(samples) / SAMPLE_RATE == pytest.approx(1.7, abs=0.15)
    assert pitch(samples) == pytest.approx(440, abs=2)
    assert np.sqrt(np.mean(samples**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.1)


def test_vorbis_is_read(tmp_path):
    path = tmp_path / "sound.ogg"
    write_wav(path, tone(1.5, 44_100), 44_100, subtype="VORBIS")
    assert pitch(decoded(path)) == pytest.approx(440, abs=2)


def test_a_video_gives_its_sound(tmp_path):
    path = encode(tmp_path / "film.mp4", "aac", 48_000, tone(1.5, 48_000), picture=True)
    assert pitch(decoded(path)) == pytest.approx(440, abs=2)


def test_a_16_khz_wav_comes_through_bit_by_bit(tmp_path):
    sound = (np.random.default_rng(0).integers(-32768, 32767, 40_001) / 32768).astype(np.float32)
    path = write_wav(tmp_path / "sound.wav", sound, SAMPLE_RATE)
    assert np.array_equal(decoded(path), sound)


def test_sound_comes_in_blocks_of_half_a_second(tmp_path):
    path = write_wav(tmp_path / "sound.wav", tone(2.3, 44_100), 44_100)
    lengths = [len(block) for block in read_audio(path)]
    assert lengths[:-1] == [BLOCK] * 4
    assert sum(lengths) == pytest.approx(2.3 * SAMPLE_RATE, abs=2)


def test_what_16_khz_cannot_hold_is_filtered_out_not_folded_back(tmp_path):
    mixed = tone(2.0, 48_000, 440.0) + tone(2.0, 48_000, 15_000.0, level=0.4)
    samples = decoded(write_wav(tmp_path / "sound.wav", mixed, 48_000))
    spectrum = np.abs(np.fft.rfft(samples[:SAMPLE_RATE] * np.hanning(SAMPLE_RATE)))
    assert spectrum[1000] < 1e-3 * spectrum[440]


def test_stereo_is_averaged(tmp_path):
    both = np.stack((tone(1.0, 16_000, 300.0), tone(1.0, 16_000, 500.0)), axis=1)
    samples = decoded(write_wav(tmp_path / "sound.wav", both, 16_000))
    assert np.allclose(samples, both.mean(axis=1), atol=1e-4)


def test_channels_of_opposite_phase_do_not_cancel(tmp_path):
    sound = np.concatenate((np.zeros(8_000, np.float32), tone(1.0, 16_000)))
    path = write_wav(tmp_path / "sound.wav", np.stack((sound, -sound), axis=1), 16_000)
    samples = decoded(path)
    assert np.sqrt(np.mean(samples[8_000:] ** 2)) == pytest.approx(0.35, rel=0.02)


def test_one_silent_channel_of_six_does_not_silence_the_voice(tmp_path):
    tracks = np.zeros((16_000, 6), np.float32)
    tracks[:, 2] = tone(1.0, 16_000)
    samples = decoded(write_wav(tmp_path / "sound.wav", tracks, 16_000))
    assert np.max(np.abs(samples)) > 0.05


def test_cover_art_and_broken_tags_do_not_disturb(tmp_path):
    path = with_cover(encode(tmp_path / "song.mp3", "libmp3lame", 44_100, tone(1.5, 44_100)))
    assert pitch(decoded(path)) == pytest.approx(440, abs=2)


def test_of_several_audio_streams_the_first_equal_one_is_taken(tmp_path):
    first, second = tone(1.5, 48_000, 440.0), tone(1.5, 48_000, 880.0)
    path = encode(tmp_path / "film.mkv", "flac", 48_000, first, second, picture=True)
    assert pitch(decoded(path)) == pytest.approx(440, abs=2)


def test_samples_that_are_not_numbers_become_silence(tmp_path):
    sound = tone(1.0, 16_000)
    sound[1000:1100], sound[2000], sound[3000], sound[4000] = np.nan, np.inf, -np.inf, 7.0
    samples = decoded(write_wav(tmp_path / "sound.wav", sound, 16_000, subtype="FLOAT"))
    assert np.isfinite(samples).all()
    assert (samples[1000:1100] == 0).all()
    assert (samples[2000], samples[3000], samples[4000]) == (1.0, -1.0, 1.0)


@pytest.mark.parametrize("count", [1, 160, 1600])
def test_a_moment_of_sound_is_enough(tmp_path, count):
    path = write_wav(tmp_path / "sound.wav", tone(count / 16_000, 16_000), 16_000)
    assert len(decoded(path)) == count


def test_a_stream_in_memory_is_read_and_looked_at(tmp_path):
    path = encode(tmp_path / "sound.m4a", "aac", 48_000, tone(1.5, 48_000))
    stream = BytesIO(path.read_bytes())
    assert probe(stream).rate == 48_000
    assert pitch(decoded(stream)) == pytest.approx(440, abs=2)


PIPED = """
import sys, numpy
from dictation.audio.files import read_audio
print(sum(len(block) for block in read_audio(sys.stdin.buffer)))
"""


def piped(data, script=PIPED):
    """Feed `data` to a reader of standard input, through a pipe."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        input=data,
        capture_output=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )


@pytest.mark.parametrize(("name", "codec"), [("a.wav", "pcm_s16le"), ("a.m4a", "aac")])
def test_standard_input_is_read(tmp_path, name, codec):
    path = encode(tmp_path / name, codec, 48_000, tone(1.5, 48_000))
    result = piped(path.read_bytes())
    assert result.stderr == b""
    assert int(result.stdout) == pytest.approx(1.5 * SAMPLE_RATE, rel=0.1)


def test_empty_standard_input_is_named():
    assert b"AudioFileError: Standard input is empty" in piped(b"").stderr


def test_a_stream_that_cannot_be_rewound_is_not_probed():
    reading, writing = os.pipe()
    os.close(writing)
    with os.fdopen(reading, "rb") as stream, pytest.raises(ValueError, match="rewound"):
        probe(stream)


def test_an_error_survives_the_way_from_another_process():
    error = AudioFileError("{0} is empty: record or copy it again", "a{0}{b}.mp3")
    there = pickle.loads(pickle.dumps(error))
    assert str(there) == "a{0}{b}.mp3 is empty: record or copy it again"
    assert there.translated(lambda text: text.replace("is", "ist")).startswith("a{0}{b}.mp3 ist")


class TestDamage:
    def test_an_mp3_without_its_end_gives_what_is_there_and_one_warning(self, tmp_path):
        path = encode(tmp_path / "cut.mp3", "libmp3lame", 44_100, tone(6.0, 44_100))
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        warnings = []
        samples = decoded(path, warnings.append)
        assert len(samples) / SAMPLE_RATE == pytest.approx(3.0, abs=0.4)
        (warning,) = warnings
        assert re.match(rf"{path} ends early: [23]\.\d s of 6\.\d s could be read", str(warning))

    def test_a_wav_without_its_end_gives_what_is_there(self, tmp_path):
        path = write_wav(tmp_path / "cut.wav", tone(4.0, 16_000), 16_000)
        path.write_bytes(path.read_bytes()[:64_001])
        warnings = []
        assert len(decoded(path, warnings.append)) == pytest.approx(2.0 * SAMPLE_RATE, abs=100)

    def test_a_hole_in_the_middle_is_left_out_with_a_warning(self, tmp_path):
        sound = np.random.default_rng(0).normal(0, 0.1, 6 * 48_000).astype(np.float32)
        path = encode(tmp_path / "hole.m4a", "aac", 48_000, sound)
        data = bytearray(path.read_bytes())
        middle = len(data) // 2
        data[middle : middle + 600] = np.random.default_rng(0).bytes(600)
        path.write_bytes(data)
        warnings = []
        assert len(decoded(path, warnings.append)) > 5 * SAMPLE_RATE
        (warning,) = warnings
        assert str(warning).startswith(f"{path} is damaged: ")

    def test_damage_is_silent_on_the_terminal(self, tmp_path):
        path = encode(tmp_path / "cut.mp3", "libmp3lame", 44_100, tone(6.0, 44_100))
        data = bytearray(path.read_bytes()[:-20_000])
        data[5000:9000] = np.random.default_rng(0).bytes(4000)
        result = piped(bytes(data))
        assert result.stderr == b""
        assert int(result.stdout) > SAMPLE_RATE


class TestRefusals:
    def test_a_missing_file(self, tmp_path):
        path = tmp_path / "nowhere.wav"
        assert refusal(path) == f"{path} does not exist: check the path"

    def test_a_folder(self, tmp_path):
        assert refusal(tmp_path) == f"{tmp_path} is a folder without audio or video files"

    def test_an_empty_file(self, tmp_path):
        path = tmp_path / "empty.wav"
        path.touch()
        assert refusal(path) == f"{path} is empty: record or copy it again"

    @pytest.mark.parametrize("name", ["notes.txt", "notes.wav", "notes.mp3", "notes.m4a"])
    def test_a_text_whatever_its_name(self, tmp_path, name):
        path = tmp_path / name
        path.write_text("今天我们讨论 API 的 response code。\n" * 50, encoding="utf-8")
        assert refusal(path).startswith(f"{path} ")

    @pytest.mark.parametrize("name", ["noise.wav", "noise.mp3", "noise"])
    def test_random_bytes(self, tmp_path, name):
        path = tmp_path / name
        path.write_bytes(np.random.default_rng(0).bytes(3000))
        assert refusal(path).startswith(f"{path} ")

    def test_a_moment_of_what_says_that_it_is_longer(self, tmp_path):
        path = encode(tmp_path / "scrap.mp3", "libmp3lame", 44_100, tone(6.0, 44_100))
        path.write_bytes(path.read_bytes()[:1500] + np.random.default_rng(0).bytes(3000))
        assert probe(path).duration == pytest.approx(6.0, abs=0.1)
        assert refusal(path).startswith(f"{path} is damaged: no sound could be decoded")

    @pytest.mark.parametrize("seed", range(40))
    def test_random_bytes_that_may_look_like_an_mp3(self, tmp_path, seed):
        path = tmp_path / "noise.mp3"
        path.write_bytes(np.random.default_rng(seed).bytes(1_000_000))
        assert refusal(path).startswith(f"{path} ")

    def test_a_picture(self, tmp_path):
        path = tmp_path / "picture.png"
        Image.new("RGB", (8, 8)).save(path)
        assert refusal(path).startswith(f"{path} holds no audio")

    def test_a_video_without_sound(self, tmp_path):
        path = encode(tmp_path / "mute.mp4", "aac", 48_000, picture=True)
        assert refusal(path).startswith(f"{path} holds no audio")

    def test_a_sound_of_zero_length(self, tmp_path):
        path = write_wav(tmp_path / "zero.wav", np.zeros(0, np.float32), 16_000)
        assert refusal(path).startswith(f"{path} has a length of zero")

    def test_a_header_without_the_rest(self, tmp_path):
        path = encode(tmp_path / "cut.m4a", "aac", 48_000, tone(1.0, 48_000))
        path.write_bytes(path.read_bytes()[:200])
        assert refusal(path).startswith(f"{path} is an MP4 or M4A file without its index")

    def test_a_playlist_opens_nothing_else(self, tmp_path):
        other = write_wav(tmp_path / "other.wav", tone(1.0, 16_000), 16_000)
        for text in (
            f"ffconcat version 1.0\nfile {other}\n",
            f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{other}\n#EXT-X-ENDLIST\n",
        ):
            path = tmp_path / "list.wav"
            path.write_text(text)
            assert refusal(path).startswith(f"{path} ")

    def test_a_file_that_may_not_be_read(self, tmp_path):
        path = write_wav(tmp_path / "private.wav", tone(0.5, 16_000), 16_000)
        path.chmod(0)
        if os.access(path, os.R_OK):
            # The superuser may read everything: ask as the user nobody.
            source = f"__import__('pathlib').Path({str(path)!r})"
            script = PIPED.replace("print", "import os; os.setuid(65534)\nprint")
            script = script.replace("sys.stdin.buffer", source)
            output = piped(b"", script).stderr.decode()
        else:
            output = refusal(path)
        assert f"{path} may not be read: 'chmod u+r'" in output
