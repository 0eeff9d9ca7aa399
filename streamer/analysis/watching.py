"""The faces of one utterance: which of them speaks, and what the video network makes of it while speech goes on."""

from dataclasses import dataclass

import numpy as np

from streamer.analysis.speech_track import SpeechTrack
from streamer.faces import LEAD_IN_S, FaceRing, SpeakerChoice, choose_speaker
from streamer.features.arrays import Float32, UInt8
from streamer.inference import Encoding, Model
from streamer.messages import FaceSighting


@dataclass(frozen=True, slots=True)
class Seen:
    """What the picture has to say of an utterance."""

    speaker: SpeakerChoice
    encoding: Encoding | None
    reason: str | None
    """Why there is no encoding."""
    newest_s: float | None = None
    """When the newest of the pictures behind the encoding was taken."""


class Watching:
    """The video side of one open utterance; belongs to the analysis thread."""

    def __init__(self, model: Model, ring: FaceRing, *, wait_s: float | None) -> None:
        """`wait_s`: how long to wait for pictures of a moment that was already heard; None: until they are there."""
        self._model = model
        self._ring = ring
        self._wait_s = wait_s
        part = model.manifest.video
        self._spec = part.spec if part else None
        self._incremental = bool(part and part.incremental)
        self._embeddings: dict[tuple[int, float], Float32] = {}

    def look(self, start_s: float, end_s: float, speech: SpeechTrack | None, *, final: bool) -> Seen:
        """What is seen of an utterance between two times; before its end only where that is cheap.

        Args:
            start_s: Its beginning.
            end_s: Its end, or how far it has been heard.
            speech: When there was a voice; None without a microphone, where the largest face is judged.
            final: The utterance is over.
        """
        self._ring.wait_until(end_s, self._wait_s)
        begin_s = start_s - LEAD_IN_S if speech is not None else start_s
        sightings = self._ring.between(begin_s, end_s)
        speaker = choose_speaker(sightings, speech.between(begin_s, end_s) if speech is not None else None)
        if speaker.track_id is None:
            return Seen(speaker, None, speaker.reason or "no face in view")
        crops = [s for s in sightings if s.track_id == speaker.track_id and s.crop is not None and s.time_s >= start_s]
        if self._spec is None or not crops:
            return Seen(speaker, None, "the speaking face was too briefly in view")
        if not self._incremental and not final:
            return Seen(speaker, None, "looked at when the utterance is over")
        picked = [crops[i] for i in self._spec.pick(len(crops))]
        return Seen(speaker, self._encode(picked), None, picked[-1].time_s)

    def _encode(self, sightings: list[FaceSighting]) -> Encoding | None:
        if not self._incremental:
            return self._model.encode_crops(_stack(sightings))
        new = [s for s in sightings if (s.track_id, s.time_s) not in self._embeddings]
        if new:
            encoding = self._model.encode_crops(_stack(new))
            if encoding is None:
                return None
            for sighting, embedding in zip(new, encoding.embedding, strict=True):
                self._embeddings[sighting.track_id, sighting.time_s] = embedding
        embeddings = np.stack([self._embeddings[s.track_id, s.time_s] for s in sightings])
        return Encoding(embeddings, np.ones(len(sightings), np.float32))


def _stack(sightings: list[FaceSighting]) -> UInt8:
    return np.stack([s.crop for s in sightings if s.crop is not None])
