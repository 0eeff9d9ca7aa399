"""Log-mel spectrogram in NumPy: a spec that travels, a pure function, and its streaming twin.

Held against torchaudio's `MelSpectrogram(center=False, norm=None)` by a test.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal

import msgspec
import numpy as np

from streamer.features.arrays import Float32
from streamer.features.voice_spectrum import reference, voice_spectrum

RelativeTo = Literal["bands", "level", "session", "nothing"]
MelScale = Literal["htk", "slaney"]


class LogMelSpec(msgspec.Struct, frozen=True, tag_field="kind", tag="log_mel", forbid_unknown_fields=True):
    """How a waveform becomes a picture of sound. Lengths are in samples at `sample_rate_hz`."""

    sample_rate_hz: int = 16_000
    n_fft: int = 512
    win_length: int = 400
    hop_length: int = 160
    n_mels: int = 64
    f_min_hz: float = 50.0
    f_max_hz: float = 7_600.0
    mel_scale: MelScale = "htk"
    """Where the bands lie. `slaney`: linear below 1 kHz, logarithmic above (Slaney, 1998), which is what Whisper hears."""
    floor: float = 1e-6
    """Added to mel power before the logarithm, so that silence is finite."""
    relative_to: RelativeTo = "bands"
    """What takes away level and microphone, which no corpus shares with a user. `bands`: subtract each band's mean over the
    utterance. `level`: subtract the logarithm of the utterance's mean power, which leaves the timbre (a tense voice is brighter).
    `session`: subtract the spectrum of the utterances before, which leaves how this one differs from them in level and timbre."""
    range_db: float = 48.0
    """With `level` and `session`: what lies further below is raised to this, so that a silent studio and a quiet room are alike;
    0 is the middle of the range."""
    history_utterances: int = 0
    """With `session`: so many utterances before are remembered."""
    std: float = 1.0
    """Everything is divided by this: the training set's standard deviation."""
    max_s: float = 12.0
    """A longer utterance keeps its last `max_s` seconds."""

    @property
    def width(self) -> int:
        """Values per step."""
        return self.n_mels

    @property
    def raw(self) -> "LogMelSpec":
        """The same frames before they are set in relation to anything: what can be kept, whatever was heard before."""
        return msgspec.structs.replace(self, relative_to="nothing", range_db=0.0, history_utterances=0, std=1.0)

    def frames(self, samples: int) -> int:
        """Whole windows in `samples`: 1 + (samples - win_length) // hop_length, or 0."""
        return 0 if samples < self.win_length else 1 + (samples - self.win_length) // self.hop_length

    def extract(self, waveform: Float32, earlier: Sequence[Float32] = ()) -> Float32:
        """[samples] -> [frames, n_mels], normalised: what the network sees. At least one frame: a shorter waveform is zero-padded.

        Args:
            waveform: Of one utterance.
            earlier: What `LogMelStream.memory` gave of those before, oldest first.
        """
        return normalise(log_mel(self._padded(waveform), self), self, earlier)

    def stream(self, earlier: Sequence[Float32] = ()) -> "LogMelStream":
        """A computation that goes on while speech does."""
        return LogMelStream(self, earlier)

    def _padded(self, waveform: Float32) -> Float32:
        return np.pad(waveform, (0, max(0, self.win_length - waveform.shape[0])))


def log_mel(waveform: Float32, spec: LogMelSpec) -> Float32:
    """[samples] -> [frames, n_mels], natural log of mel power.

    frames = 1 + (samples - win_length) // hop_length: only whole windows, no padding,
    so a frame's value does not depend on what comes after it.

    Raises:
        ValueError: the waveform is shorter than one window.
    """
    if waveform.shape[0] < spec.win_length:
        raise ValueError(f"log_mel needs at least {spec.win_length} samples, got {waveform.shape[0]}")
    windows = np.lib.stride_tricks.sliding_window_view(waveform, spec.win_length)[:: spec.hop_length]
    spectrum = np.fft.rfft(windows * _window(spec), n=spec.n_fft, axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    mel: Float32 = np.log(power @ mel_filters(spec) + spec.floor).astype(np.float32)
    return mel


def normalise(mel: Float32, spec: LogMelSpec, earlier: Sequence[Float32] | Float32 = ()) -> Float32:
    """[frames, n_mels] -> the same shape, as the spec says; keeps the last `max_s` seconds. `earlier` as in `extract`."""
    mel = mel[-spec.frames(round(spec.max_s * spec.sample_rate_hz)) :]
    match spec.relative_to:
        case "bands":
            mel = mel - mel.mean(axis=0, keepdims=True)
        case "level":
            mel = _within(mel - np.log(np.exp(mel).mean()), spec.range_db)
        case "session":
            mel = _within(mel - reference(mel, earlier, mel_edges_hz(spec)), spec.range_db)
        case "nothing":
            pass
    return np.asarray(mel / spec.std, np.float32)


def _within(mel: Float32, range_db: float) -> Float32:
    """Raised to `range_db` below 0, where the middle of that range becomes 0."""
    lowest = range_db * np.log(10) / 10
    return np.asarray(np.maximum(mel, -lowest) + lowest / 2, np.float32)


@lru_cache(maxsize=8)
def _window(spec: LogMelSpec) -> Float32:
    """Periodic Hann window, [win_length]."""
    n = np.arange(spec.win_length)
    return (0.5 - 0.5 * np.cos(2 * np.pi * n / spec.win_length)).astype(np.float32)


@lru_cache(maxsize=8)
def mel_filters(spec: LogMelSpec) -> Float32:
    """Triangles on the mel scale, peak 1: [n_fft // 2 + 1, n_mels]."""
    bins_hz = np.linspace(0, spec.sample_rate_hz / 2, spec.n_fft // 2 + 1)
    edges_hz = np.array(mel_edges_hz(spec))
    rise = (bins_hz[:, None] - edges_hz[:-2]) / (edges_hz[1:-1] - edges_hz[:-2])
    fall = (edges_hz[2:] - bins_hz[:, None]) / (edges_hz[2:] - edges_hz[1:-1])
    return np.asarray(np.maximum(0, np.minimum(rise, fall)), np.float32)


@lru_cache(maxsize=8)
def mel_edges_hz(spec: LogMelSpec) -> tuple[float, ...]:
    """Where each band begins, the next has its peak, and the one after ends: [n_mels + 2]."""
    bands = spec.n_mels + 2
    if spec.mel_scale == "htk":
        low, high = (2595 * np.log10(1 + hz / 700) for hz in (spec.f_min_hz, spec.f_max_hz))
        return tuple((700 * (10 ** (np.linspace(low, high, bands) / 2595) - 1)).tolist())
    low, high = (_slaney_mel(hz) for hz in (spec.f_min_hz, spec.f_max_hz))
    mel = np.linspace(low, high, bands)
    return tuple(np.where(mel < _KNEE_MEL, mel * 200 / 3, 1000 * np.exp((mel - _KNEE_MEL) * _PER_MEL)).tolist())


_KNEE_MEL: Final = 15.0
"""Of 1 kHz, where Slaney's scale goes over from linear to logarithmic."""
_PER_MEL: Final = math.log(6.4) / 27


def _slaney_mel(hz: float) -> float:
    return hz * 3 / 200 if hz < 1000 else _KNEE_MEL + math.log(hz / 1000) / _PER_MEL


_TOGETHER_S: Final = 0.128
"""Sound of which a stream makes frames at once: NumPy's work on a single chunk is mostly handing Python's lock over, eight times."""


class LogMelStream:
    """Log-mel frames as sound arrives; what it has at any moment equals `extract` of all that was pushed."""

    def __init__(self, spec: LogMelSpec, earlier: Sequence[Float32] = ()) -> None:
        self._spec = spec
        self._earlier = earlier
        self._pending: list[Float32] = []
        self._pending_samples = 0
        self._frames: list[Float32] = []

    def push(self, waveform: Float32) -> None:
        """Take the next samples, [samples]."""
        self._pending.append(waveform)
        self._pending_samples += waveform.shape[0]
        if self._pending_samples >= _TOGETHER_S * self._spec.sample_rate_hz:
            self._work_off()

    def features(self, samples: int | None = None) -> Float32:
        """What the network would see now, or would have seen after so many `samples`: [frames, n_mels], a frame at least."""
        pending = self._work_off()
        if not self._frames:
            return self._spec.extract(pending, self._earlier)
        return normalise(self._heard(samples), self._spec, self._earlier)

    def memory(self, samples: int | None = None) -> Float32 | None:
        """What later utterances are told of this one, [n_mels]; None where it was too short to sound like somebody."""
        self._work_off()
        return voice_spectrum(self._heard(samples)) if self._frames else None

    def _work_off(self) -> Float32:
        """Make all frames that can be made; gives what is left for the next."""
        pending = np.concatenate([np.zeros(0, np.float32), *self._pending])
        if frames := self._spec.frames(pending.shape[0]):
            self._frames.append(log_mel(pending, self._spec))
            pending = pending[frames * self._spec.hop_length :]
        self._pending, self._pending_samples = [pending], pending.shape[0]
        return pending

    def _heard(self, samples: int | None) -> Float32:
        frames = np.concatenate(self._frames)
        return frames if samples is None else frames[: max(1, self._spec.frames(samples))]
