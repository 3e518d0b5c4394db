"""Log-mel features of a waveform, whole or as it comes."""

import math
from dataclasses import dataclass

import torch
import torchaudio.compliance.kaldi as kaldi
from torch import Tensor, nn
from torch.nn import functional as F
from torchaudio.functional import melscale_fbanks

from dictation.model.config import FeatureConfig

_WINDOW = 400  # 25 ms at 16 kHz
_HOP = 160  # 10 ms
_KALDI_FFT = 512
# Whisper subtracts 8 from the largest log10 power of the clip; speech at ordinary levels peaks near
# 1.5, and a constant is the same number for a stream and for the whole.
_WHISPER_FLOOR = 1.5 - 8.0
# Of a microphone set low whole consonants are below that floor. So what is quiet is raised: until
# the loudest tenth of a second, in log10 power as the median of each frame's strongest bin, is
# where that of ordinary recordings begins, by 30 dB at most; a click is too short to count, and
# mains hum too low. What is quieter than that is more likely a silence, and raised the less the
# quieter it is.
_QUIET = -0.25
_MOST_RAISED = 3.0
_LOUDEST_OVER_FRAMES = 9
_HUM = 200  # Hz


@dataclass(frozen=True)
class FeatureState:
    """Samples a stream still needs: (n,) float32; `started` once the left padding is spent. Of the
    frames that are over, the strongest bin of the last few (m,), and `loudest` over so many: in
    log10 power, -inf as long as there are fewer."""

    tail: Tensor
    peaks: Tensor
    loudest: float = -math.inf
    started: bool = False


class LogMel(nn.Module):
    """Waveform in [-1, 1] to log-mel frames (T, mel_bins), one every 10 ms."""

    filters: Tensor
    window: Tensor
    mean: Tensor
    inverse_deviation: Tensor

    def __init__(self, config: FeatureConfig) -> None:
        super().__init__()
        self.config = config
        # Computed, never stored: real numbers also where the weights are still to come (meta).
        with torch.device("cpu"):
            if config.frontend == "kaldi":
                window = torch.hann_window(_WINDOW, periodic=False).pow(0.85)
                filters = _kaldi_filters(config)
            else:
                window = torch.hann_window(_WINDOW)
                filters = melscale_fbanks(
                    _WINDOW // 2 + 1,
                    0.0,
                    config.sample_rate / 2,
                    config.mel_bins,
                    config.sample_rate,
                    norm="slaney",
                    mel_scale="slaney",
                )
        hum = filters[: _HUM * 2 * (filters.size(0) - 1) // config.sample_rate].sum(0)
        self._lowest = int((hum == 0.0).int().argmax())
        self.register_buffer("filters", filters, persistent=False)
        self.register_buffer("window", window, persistent=False)
        if config.normalized:
            self.register_buffer("mean", torch.zeros(config.mel_bins))
            self.register_buffer("inverse_deviation", torch.ones(config.mel_bins))

    @property
    def lookahead(self) -> int:
        """Samples after a frame's hop that must be there before the frame can be computed."""
        return _WINDOW // 2 if self.config.frontend == "whisper" else _WINDOW - _HOP

    def forward(self, waveform: Tensor) -> Tensor:
        """Return the frames (T, mel_bins) of a whole waveform (N,), N // 160 for `whisper`."""
        frames, state = self.step(waveform, self.initial_state(waveform.device))
        return self.levelled(torch.cat([frames, self.flush(state)]), state)

    def initial_state(self, device: torch.device) -> FeatureState:
        """Return the state before the first sample."""
        nothing = torch.zeros(0, device=device)
        return FeatureState(nothing, nothing)

    def step(self, samples: Tensor, state: FeatureState) -> tuple[Tensor, FeatureState]:
        """Return the logarithms (T, mel_bins) of the frames that `samples` (N,) complete, for
        `levelled`, and the next state."""
        tail = state.tail
        if not state.started and self.config.frontend == "whisper":
            # A frame is centred on its hop: silence stands before the first sample.
            tail = torch.zeros(_WINDOW // 2, device=samples.device)
        waiting = torch.cat([tail, samples])
        count = max(0, (waiting.numel() - _WINDOW) // _HOP + 1)
        frames = self._frames(waiting, count)
        peaks = torch.cat([state.peaks, frames[:, self._lowest :].amax(1)])
        loudest = max(state.loudest, _loudest(peaks))
        recent = peaks[max(0, peaks.numel() - _LOUDEST_OVER_FRAMES + 1) :]
        return frames, FeatureState(waiting[count * _HOP :], recent, loudest, started=True)

    def flush(self, state: FeatureState) -> Tensor:
        """Return the logarithms (T, mel_bins) of the last frames, completed with silence."""
        if self.config.frontend == "kaldi" or not state.started:
            return torch.zeros(0, self.config.mel_bins, device=state.tail.device)
        # Half a window of padding gives one frame more than N // 160 when N is a multiple of 160.
        real = state.tail.numel() - _WINDOW // 2
        waiting = torch.cat([state.tail, state.tail.new_zeros(_WINDOW // 2)])
        return self._frames(waiting, max(0, real // _HOP))

    def levelled(self, logarithms: Tensor, state: FeatureState) -> Tensor:
        """Return what the encoder takes (T, mel_bins) of the logarithms of some frames, when
        `state` is all that is known of the level: for `whisper` raised where speech is quiet, with
        its floor and scale."""
        frames = logarithms
        if self.config.frontend == "whisper":
            missing = _QUIET - state.loudest
            raised = max(0.0, min(missing, 2.0 * _MOST_RAISED - missing))
            frames = ((frames + raised).clamp(min=_WHISPER_FLOOR) + 4.0) / 4.0
        if self.config.normalized:
            frames = (frames - self.mean) * self.inverse_deviation
        return frames

    def _frames(self, waiting: Tensor, count: int) -> Tensor:
        if count == 0:
            return waiting.new_zeros(0, self.config.mel_bins)
        frames = waiting[: (count - 1) * _HOP + _WINDOW].unfold(0, _WINDOW, _HOP)
        if self.config.frontend == "kaldi":
            return self._fbank(frames * 32768.0)
        spectrum = torch.fft.rfft(frames * self.window)
        log: Tensor = (spectrum.abs().square() @ self.filters).clamp(min=1e-10).log10()
        return log

    def _fbank(self, frames: Tensor) -> Tensor:
        """Return what Kaldi's compute-fbank-feats does of frames (T, 400) without dither (Povey et
        al. 2011; feature-window.cc, feature-fbank.cc)."""
        frames = frames - frames.mean(1, keepdim=True)
        before = torch.cat([frames[:, :1], frames[:, :-1]], dim=1)
        emphasized = (frames - 0.97 * before) * self.window
        power = torch.fft.rfft(emphasized, n=_KALDI_FFT).abs().square()
        log: Tensor = (power @ self.filters).clamp(min=torch.finfo(torch.float32).eps).log()
        return log


def _loudest(peaks: Tensor) -> float:
    """Return the largest median of so many neighbours among peaks (T,), -inf for fewer."""
    if peaks.numel() < _LOUDEST_OVER_FRAMES:
        return -math.inf
    return float(peaks.unfold(0, _LOUDEST_OVER_FRAMES, 1).median(1).values.max())


def _kaldi_filters(config: FeatureConfig) -> Tensor:
    """Return Kaldi's mel filters from 20 Hz to the highest frequency, (257, mel_bins)."""
    filters: Tensor
    rate = float(config.sample_rate)
    filters, _ = kaldi.get_mel_banks(
        config.mel_bins, _KALDI_FFT, rate, 20.0, 0.0, 100.0, -500.0, 1.0
    )
    # None of them reaches the Nyquist frequency.
    return F.pad(filters, (0, 1)).T.contiguous()
