"""Short films of one utterance for the mini-MELD: a moving portrait with a made voice, or seconds cut from a real clip."""

from fractions import Fraction
from pathlib import Path
from typing import Final, NamedTuple

import av
import cv2
import numpy as np

from streamer.features.arrays import Float32, UInt8
from training.errors import TrainingError

SAMPLE_RATE_HZ: Final = 16_000
FPS: Final = 12
SIDE_PX: Final = 192
_FACE_X, _FACE_Y, _FACE_PX = 224, 110, 190
"""The face in scikit-image's `astronaut`, and the side of the picture around it."""
_MOUTH = (slice(118, 160), slice(196, 252))
"""Where its mouth is: rows and columns."""
_SYLLABLES_HZ: Final = 3.5


class Made(NamedTuple):
    """The pictures and the sound of one clip."""

    frames: list[UInt8]
    """[height, width, 3], RGB, `FPS` a second."""
    waveform: Float32
    """[samples], `SAMPLE_RATE_HZ`."""


def portrait() -> UInt8:
    """[512, 512, 3]: NASA's portrait of Eileen Collins, public domain, from scikit-image.

    Raises:
        TrainingError: scikit-image is not installed.
    """
    try:
        from skimage import data  # only the making of films needs it
    except ImportError:
        raise TrainingError(
            "scikit-image is not installed, its portrait is in the films; `pip install -e .[train]`"
        ) from None
    return np.asarray(data.astronaut(), np.uint8)


def made_clip(face: UInt8, emotion: int, rng: np.random.Generator, seconds: float) -> Made:
    """A portrait that moves and talks in a made voice: pitch, loudness and light differ with the emotion, and a little by chance."""
    times_s = np.arange(round(seconds * FPS)) / FPS
    loudness = 0.5 + 0.5 * np.sin(2 * np.pi * _SYLLABLES_HZ * times_s + rng.uniform(0, 6))
    drift = rng.uniform(-4, 4, 2)
    frames = [
        _picture(face, float(loudness[i]), drift * float(np.sin(2 * t)), light=0.7 + 0.1 * emotion)
        for i, t in enumerate(times_s)
    ]
    return Made(frames, _voice(seconds, 110.0 + 30.0 * emotion + rng.uniform(-8, 8), rng))


def _picture(face: UInt8, opening: float, shift: np.ndarray[tuple[int], np.dtype[np.float64]], light: float) -> UInt8:
    moved = face.copy()
    rows, columns = _MOUTH
    mouth = moved[rows, columns]
    stretched = cv2.resize(mouth, None, fx=1.0, fy=1.0 + 0.25 * opening, interpolation=cv2.INTER_LINEAR)
    moved[rows, columns] = stretched[: mouth.shape[0]]
    half = _FACE_PX / 2
    corner = np.array([_FACE_X - half, _FACE_Y - half]) + shift
    matrix = np.array([[1, 0, -corner[0]], [0, 1, -corner[1]]]) * (SIDE_PX / _FACE_PX)
    seen = cv2.warpAffine(moved, matrix, (SIDE_PX, SIDE_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(np.clip(seen.astype(np.float32) * light, 0, 255), np.uint8)


def _voice(seconds: float, pitch_hz: float, rng: np.random.Generator) -> Float32:
    """Harmonics that fall with their number, in syllables, with some breath."""
    times_s = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tone = sum(np.sin(2 * np.pi * k * pitch_hz * times_s) / k for k in range(1, 12))
    envelope = np.clip(np.sin(2 * np.pi * _SYLLABLES_HZ * times_s), 0, 1)
    return np.asarray(0.12 * tone * envelope + 0.004 * rng.standard_normal(len(times_s)), np.float32)


def cut(source: Path, start_s: float, seconds: float) -> Made:
    """Seconds of a real clip, made small.

    Raises:
        TrainingError: it has no pictures or no sound there.
    """
    frames: list[UInt8] = []
    sound: list[Float32] = []
    try:
        with av.open(str(source)) as container:
            resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE_HZ)
            for frame in container.decode(video=0, audio=0):
                if isinstance(frame, av.VideoFrame):
                    if start_s + len(frames) / FPS <= float(frame.time or 0.0) < start_s + seconds:
                        frames.append(_small(frame))
                elif isinstance(frame, av.AudioFrame) and float(frame.time or 0.0) < start_s + seconds:
                    heard = (part.to_ndarray().reshape(-1) for part in resampler.resample(frame))
                    sound += [np.asarray(part, np.float32) for part in heard]
    except (av.error.FFmpegError, IndexError) as err:
        raise TrainingError(f"{source}: cannot be decoded ({err})") from err
    waveform = np.concatenate(sound or [np.zeros(0, np.float32)])[round(start_s * SAMPLE_RATE_HZ) :]
    waveform = waveform[: round(seconds * SAMPLE_RATE_HZ)]
    if not frames or not len(waveform):
        raise TrainingError(f"{source}: no pictures or no sound from {start_s} s on")
    return Made(frames, waveform)


def _small(frame: av.VideoFrame) -> UInt8:
    zoom = SIDE_PX / min(frame.width, frame.height)
    width, height = (2 * round(side * zoom / 2) for side in (frame.width, frame.height))
    return np.asarray(frame.to_ndarray(format="rgb24", width=width, height=height), np.uint8)


def write(path: Path, made: Made) -> None:
    """An mp4 with H.264 and AAC, the same bytes each time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        pictures = container.add_stream(
            "libx264", rate=FPS, options={"threads": "1", "preset": "ultrafast", "crf": "26"}
        )
        pictures.height, pictures.width = made.frames[0].shape[:2]
        pictures.pix_fmt = "yuv420p"
        pictures.time_base = Fraction(1, FPS)
        sound = container.add_stream("aac", rate=SAMPLE_RATE_HZ, layout="mono")
        for number, image in enumerate(made.frames):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        block = av.AudioFrame.from_ndarray(made.waveform[None], format="fltp", layout="mono")
        block.sample_rate, block.pts, block.time_base = SAMPLE_RATE_HZ, 0, Fraction(1, SAMPLE_RATE_HZ)
        resampler = av.AudioResampler("fltp", "mono", SAMPLE_RATE_HZ, frame_size=1024)
        for part in [*resampler.resample(block), *resampler.resample(None)]:
            container.mux(sound.encode(part))
        container.mux(sound.encode(None))
