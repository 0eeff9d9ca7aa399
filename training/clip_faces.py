"""The face that speaks in a clip, found and cut as the daemon does it."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import av
import numpy as np

from streamer.faces import FaceWatch, choose_speaker, open_detector
from streamer.features import FaceCropSpec
from streamer.features.arrays import Float32, UInt8
from streamer.messages import CHUNK_SAMPLES, SAMPLE_RATE_HZ, Heard, VideoFrame
from streamer.segment import VoiceActivity, open_voice_session
from streamer.segment.segment import level_dbfs
from streamer.settings import FaceSettings
from training.errors import TrainingError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_SETTINGS: Final = FaceSettings()
_LONGEST_PX: Final = 640
"""Larger pictures are made smaller while they are decoded, as at capture."""


class Faces(NamedTuple):
    """The crops of one face, in time order, or why there are none."""

    crops: UInt8
    """[n, size_px, size_px, channels]; n is 0 where there is a reason."""
    reason: str | None


def detector_name() -> str:
    """Which detector finds the faces here: part of what a cache entry depends on."""
    detector, _ = open_detector(_SETTINGS)
    return type(detector).__name__


def faces_of_clip(path: Path, spec: FaceCropSpec, waveform: Float32 | None) -> Faces:
    """The crops of the face that speaks; where none clearly does, of the one most in view: the clip is known to be one utterance.

    Args:
        path: The clip.
        spec: How the video network wants its crops.
        waveform: Its sound, [samples] at 16 kHz; None where it has none.

    Raises:
        TrainingError: the clip's pictures cannot be decoded.
    """
    detector, note = open_detector(_SETTINGS)
    if detector is None:
        return Faces(_none(spec), note)
    watch = FaceWatch(detector, spec, _SETTINGS)
    first_s = last_s = 0.0
    for number, frame in enumerate(_frames(path)):
        first_s, last_s = (frame.time_s if number == 0 else first_s), frame.time_s
        watch.step(frame)
    sightings = watch.ring.between(first_s, last_s)
    choice = choose_speaker(sightings, None if waveform is None else _heard(waveform, first_s))
    if choice.track_id is None:
        choice = choose_speaker(sightings, None)
    crops = [s.crop for s in sightings if s.track_id == choice.track_id and s.crop is not None]
    if choice.track_id is None or not crops:
        return Faces(_none(spec), choice.reason or "the face was too briefly in view")
    return Faces(np.stack(crops), None)


def _heard(waveform: Float32, start_s: float) -> list[Heard]:
    voice = VoiceActivity(_voice_session())
    heard = []
    for begin in range(0, len(waveform), CHUNK_SAMPLES):
        chunk = waveform[begin : begin + CHUNK_SAMPLES]
        end_s = start_s + (begin + len(chunk)) / SAMPLE_RATE_HZ
        heard.append(Heard(end_s, voice.push(chunk), level_dbfs(chunk)))
    return heard


@lru_cache(maxsize=1)
def _voice_session() -> "InferenceSession":
    return open_voice_session()


def _frames(path: Path) -> Iterator[VideoFrame]:
    """One by one: those of a clip of minutes, which MELD has, would fill the memory."""
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise TrainingError(f"{path}: has no pictures in it; fetch the file again or remove it")
            for number, frame in enumerate(container.decode(video=0)):
                yield VideoFrame.of(float(frame.time or number / 25), _picture(frame))
    except (av.error.FFmpegError, IndexError) as err:
        raise TrainingError(f"{path}: its pictures cannot be decoded ({err}); fetch the file again") from err


def _picture(frame: av.VideoFrame) -> UInt8:
    zoom = min(1.0, _LONGEST_PX / max(frame.width, frame.height))
    width, height = (max(2, 2 * round(side * zoom / 2)) for side in (frame.width, frame.height))
    return np.asarray(frame.to_ndarray(format="rgb24", width=width, height=height), np.uint8)


def _none(spec: FaceCropSpec) -> UInt8:
    return np.zeros((0, spec.size_px, spec.size_px, spec.channels), np.uint8)
