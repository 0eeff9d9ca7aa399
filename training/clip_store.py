"""What the networks see of a clip: its sound's features and its face's crops, computed once by the daemon's own functions and kept."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np

from streamer.features import AudioSpec, FaceCropSpec, LogMelSpec, TextSpec, VectorsSpec
from streamer.features.arrays import Float32, UInt8
from streamer.messages import SAMPLE_RATE_HZ
from training.array_cache import ArrayCache, Arrays, digest
from training.clip_faces import detector_name, faces_of_clip
from training.corpora.meld_clips import clip_name, split_of
from training.corpora.meld_vectors import read_vectors
from training.decode import decode
from training.errors import TrainingError
from training.progress import Progress
from training.runner import Specs
from training.samples import Sample

VERSION: Final = b"1"
"""Raised when what is computed from the same clip and spec changes."""
_HERE: Final = "{here}"
"""In a reason that is kept, the file's name: files that are alike, such as empty ones, share an entry, and files move."""


class Sound(NamedTuple):
    """Of one clip."""

    features: Float32 | None
    """[steps, width]."""
    reason: str | None


class Face(NamedTuple):
    """Of one clip."""

    crops: UInt8 | None
    """[frames, size_px, size_px, channels], as the spec picks them."""
    reason: str | None


class ClipStore:
    """Features of clips by spec; every thread may ask."""

    def __init__(
        self,
        cache: Path,
        progress: Progress,
        audio: AudioSpec | None = None,
        video: FaceCropSpec | None = None,
        data: Path | None = None,
    ) -> None:
        """Args: data: MELD's folder, where the features come with the corpus (`VectorsSpec`)."""
        self._data = data
        if isinstance(audio, LogMelSpec) and audio.relative_to == "session":
            audio = audio.raw  # what is kept is the same whatever was heard before
        self.audio: AudioSpec | None = audio
        self.video = video
        self._arrays = ArrayCache(cache / "clips", progress)
        self._progress = progress
        self._hashes: dict[Path, bytes] = {}
        self._detector = detector_name().encode() if video else b""

    @property
    def computed(self) -> int:
        """How many entries were computed rather than found."""
        return self._arrays.computed

    def sound(self, sample: Sample) -> Sound:
        """The features of a sample's sound, or why there are none; where they are relative to a session, before that.

        Raises:
            TrainingError: the features are not finite.
        """
        path, spec = sample.audio, self.audio
        if isinstance(spec, VectorsSpec):
            return self._published(sample, spec.width)
        if path is None or spec is None:
            return Sound(None, sample.reason or f"{sample.key}: has no sound")
        found = self._arrays.get(self.key(path, spec), lambda: _sound(path, spec))
        if not np.isfinite(found["values"]).all():
            raise TrainingError(f"{sample.key}: the features of {path} hold NaN or infinity")
        reason = _reason(sample, path, found)
        return Sound(None if reason else np.asarray(found["values"], np.float32), reason)

    def lengths(self, samples: list[Sample]) -> list[int]:
        """Of each sample, the steps of its sound's features; 0 where it has none."""
        found = (self.sound(sample).features for sample in samples)
        return [0 if features is None else len(features) for features in found]

    def face(self, sample: Sample) -> Face:
        """The crops of the face that speaks in a sample's pictures, or why there are none."""
        path, spec = sample.video, self.video
        if path is None or spec is None:
            return Face(None, sample.reason or f"{sample.key}: has no pictures")
        found = self._arrays.get(self.key(path, spec, self._detector), lambda: _face(path, spec))
        reason = _reason(sample, path, found)
        return Face(None if reason else np.asarray(found["values"], np.uint8), reason)

    def _published(self, sample: Sample, width: int) -> Sound:
        """From the corpus; the same for every clip store."""
        if self._data is None:
            raise TrainingError(f"{sample.key}: its features come with MELD, whose folder is not given")
        vector = read_vectors(self._data, width).get(split_of(sample), {}).get(clip_name(sample))
        return (
            Sound(None, f"{sample.key}: has no features of {width} values")
            if vector is None
            else Sound(vector[None], None)
        )

    def prepare(self, samples: list[Sample], *, workers: int) -> list[str]:
        """Compute what is not kept yet, in several threads.

        Returns:
            One line for each sample that lacks sound or a face, beginning with file and row.
        """

        def one(sample: Sample) -> list[str | None]:
            sound = self.sound(sample).reason if self.audio else None
            return [sound, self.face(sample).reason if self.video else None]

        troubles: list[str] = []
        with ThreadPoolExecutor(workers) as pool, self._progress.epoch("clips", 1, 1, len(samples)) as bar:
            for found in pool.map(one, samples):
                troubles += dict.fromkeys(reason for reason in found if reason)
                bar.advance()
        return troubles

    def key(self, path: Path, spec: AudioSpec | FaceCropSpec, *more: bytes) -> str:
        """Of a file's features: changes with the file's bytes, the spec, and the version of this code."""
        if path not in self._hashes:
            with path.open("rb") as file:
                self._hashes[path] = hashlib.file_digest(file, "sha256").digest()
        return digest(VERSION, self._hashes[path], msgspec.json.encode(spec), *more)


def store_of(specs: Specs, cache: Path, progress: Progress, *, data: Path | None = None) -> ClipStore:
    """A store of the features that some networks read."""
    audio, video = specs.get("audio"), specs.get("video")
    return ClipStore(
        cache,
        progress,
        audio=None if isinstance(audio, TextSpec | FaceCropSpec) else audio,
        video=video if isinstance(video, FaceCropSpec) else None,
        data=data,
    )


def _sound(path: Path, spec: AudioSpec) -> Arrays:
    try:
        return _entry(spec.extract(decode(path, spec.sample_rate_hz)))
    except TrainingError as err:
        return _entry(np.zeros((0, 0), np.float32), str(err).replace(str(path), _HERE))


def _face(path: Path, spec: FaceCropSpec) -> Arrays:
    try:
        waveform = decode(path, SAMPLE_RATE_HZ)
    except TrainingError:
        waveform = None
    try:
        crops, reason = faces_of_clip(path, spec, waveform)
    except TrainingError as err:
        return _entry(np.zeros((0, 0, 0, 0), np.uint8), str(err).replace(str(path), _HERE))
    return _entry(crops[spec.pick(len(crops))], reason)


def _entry(values: Float32 | UInt8, reason: str | None = None) -> Arrays:
    return {"values": values, "reason": np.frombuffer((reason or "").encode(), np.uint8)}


def _reason(sample: Sample, path: Path, found: Arrays) -> str | None:
    """Why a clip is of no use, naming row and file; None where it is."""
    reason = found["reason"].tobytes().decode().replace(_HERE, str(path))
    return f"{sample.key}: {reason}" if reason else None
