"""Which face speaks: agreement between the movement of mouths and the voice. Pure; says so where it cannot tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamer.features.arrays import Float64
from streamer.features.face_crops import Box
from streamer.messages import FaceSighting, Heard

LEAD_IN_S: Final = 0.5
"""A mouth that begins to move when the voice begins says most: sightings and sound from this long before the voice belong in."""
SURE: Final = 0.5
"""Probability from which a face is named as the speaker."""
ALIKE: Final = 0.5
"""Where none is named: a second face with at least this share of the first one's probability makes it a draw."""

VOICE: Final = 0.5
"""Speech probability of a chunk with a voice."""
VOICE_AFTER_MOUTH_S: Final = (0.10, 0.20, 0.30)
"""Lips move before they are heard (Chandrasekaran et al. 2009: by 0.1 to 0.3 s; on the calibration clips about 0.2 s fits best)."""
LEVEL_RANGE_DB: Final = 40.0
"""Below the loudest chunk; what is quieter is silence."""
WILD: Final = 0.3
"""Mouth motion above this is a bad picture as often as a mouth: it counts no more than this."""
STILL, MOVING = 0.015, 0.045
"""Mean mouth motion while there is a voice: silent mouths stay below the first, speaking ones reach the second."""
MIN_SAMPLES: Final = 6
"""Fewer moments show no agreement and no lack of it."""
SEEN_WITHIN_S: Final = 0.15

# How Fisher's z of the correlation lies for the voice that belongs to a face and for another's (calibration half of
# `benchmarks/faces.py --speaker`); the variance has a part that stays and one that falls with the number of moments.
OWN_MEAN, OTHER_MEAN, VARIANCE, VARIANCE_PER_MOMENT = 0.90, 0.28, 0.08, 2.5
IN_VIEW_ODDS: Final = 4.0
"""Before any look: a voice with a moving mouth in view belongs to a face in view, rather than to somebody beside the camera."""


@dataclass(frozen=True, slots=True)
class SpeakerChoice:
    """The face that speaks, or why none is named."""

    track_id: int | None
    bbox_xyxy_px: Box | None
    """Where the face was last seen in the utterance."""
    score: float
    """Probability that the likeliest face is the speaker, in [0, 1]."""
    reason: str | None
    """Why no face is named, for people to read; None where one is."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One face in the utterance."""

    last: FaceSighting
    motion: float | None
    """Mean while there is a voice; None where it was never followed from one picture to the next."""
    weight: float
    """How far it moves its mouth and was in view at all, in [0, 1]."""
    evidence: float
    """Log of how much likelier its mouth is with this voice as its own than with another's."""


def choose_speaker(sightings: Sequence[FaceSighting], heard: Sequence[Heard] | None) -> SpeakerChoice:
    """Name the face that speaks.

    Args:
        sightings: Of all faces in the utterance and in the `LEAD_IN_S` before it, in time order.
        heard: Every chunk of the same span; None or empty where there is no sound: the face most in view is taken.
    """
    if not sightings:
        return SpeakerChoice(None, None, 0.0, "no face in view")
    if not heard:
        return _most_in_view(sightings)
    by_track: dict[int, list[FaceSighting]] = {}
    for sighting in sightings:
        by_track.setdefault(sighting.track_id, []).append(sighting)
    voice = _Voice(heard)
    candidates = [_judge(of_track, voice) for _, of_track in sorted(by_track.items())]
    return _decide(candidates)


def _most_in_view(sightings: Sequence[FaceSighting]) -> SpeakerChoice:
    area: dict[int, float] = {}
    for sighting in sightings:
        x0, y0, x1, y1 = sighting.bbox_xyxy_px
        area[sighting.track_id] = area.get(sighting.track_id, 0.0) + (x1 - x0) * (y1 - y0)
    largest = max(sorted(area), key=lambda track_id: area[track_id])
    last = next(sighting for sighting in reversed(sightings) if sighting.track_id == largest)
    return SpeakerChoice(largest, last.bbox_xyxy_px, last.score, None)


class _Voice:
    """The sound of the span, to be asked about any moment of it."""

    def __init__(self, heard: Sequence[Heard]) -> None:
        self._times_s = np.array([chunk.time_s for chunk in heard])  # of the chunks' ends
        speech = np.array([chunk.speech_prob for chunk in heard])
        # An utterance without any chunk above the line was still taken for one: then all of it counts.
        self._speech = speech >= VOICE if (speech >= VOICE).any() else np.ones(len(heard), bool)
        level = np.array([chunk.level_dbfs for chunk in heard])
        self._level_db = _smooth(np.maximum(level, level.max() - LEVEL_RANGE_DB), 5)

    @property
    def voiced_s(self) -> Float64:
        """Times of the chunks with a voice."""
        return np.asarray(self._times_s[self._speech], np.float64)

    def active(self, times_s: Float64) -> NDArray[np.bool_]:
        """Whether there is a voice about then."""
        return np.asarray(np.interp(times_s, self._times_s, self._speech.astype(float)) >= VOICE)

    def level_db(self, times_s: Float64) -> Float64:
        """How loud it is then."""
        return np.asarray(np.interp(times_s, self._times_s, self._level_db), np.float64)


def _judge(sightings: Sequence[FaceSighting], voice: _Voice) -> _Candidate:
    moved = [(sighting.time_s, sighting.mouth_motion) for sighting in sightings if sighting.mouth_motion is not None]
    if not moved:
        return _Candidate(sightings[-1], None, 0.0, 0.0)
    times_s, motion = np.array([time_s for time_s, _ in moved]), np.array([value for _, value in moved])
    speaking = motion[voice.active(times_s)]
    mean = float(np.minimum(speaking, WILD).mean()) if speaking.size else 0.0
    seen = np.abs(voice.voiced_s[:, None] - times_s[None, :]).min(axis=1) <= SEEN_WITHIN_S
    weight = float(np.clip((mean - STILL) / (MOVING - STILL), 0, 1) * seen.mean())
    return _Candidate(sightings[-1], mean, weight, _evidence(times_s, np.minimum(motion, WILD), voice))


def _evidence(times_s: Float64, motion: Float64, voice: _Voice) -> float:
    if len(times_s) < MIN_SAMPLES:
        return 0.0
    movement = _smooth(motion, 3)
    best = max(_correlation(movement, _smooth(voice.level_db(times_s + lag_s), 3)) for lag_s in VOICE_AFTER_MOUTH_S)
    fisher_z = float(np.arctanh(np.clip(best, -0.95, 0.95)))
    variance = VARIANCE + VARIANCE_PER_MOMENT / len(times_s)
    return (fisher_z - (OWN_MEAN + OTHER_MEAN) / 2) * (OWN_MEAN - OTHER_MEAN) / variance


def _decide(candidates: Sequence[_Candidate]) -> SpeakerChoice:
    """Bayes' rule over the faces and somebody out of view; the odds of being in view are shared by those who move."""
    moving = [candidate for candidate in candidates if candidate.weight > 0]
    if not moving:
        motions = ", ".join(f"{candidate.motion:.2f}" for candidate in candidates if candidate.motion is not None)
        if not motions:
            return SpeakerChoice(None, None, 0.0, "no face could be followed from one picture to the next")
        who = "the only face keeps its mouth still" if len(candidates) == 1 else "no face moves its mouth"
        return SpeakerChoice(None, None, 0.0, f"{who} ({motions})")
    odds = [IN_VIEW_ODDS / len(moving) * c.weight * float(np.exp(np.clip(c.evidence, -20, 20))) for c in moving]
    probs = [value / (1 + sum(odds)) for value in odds]
    first, *others = sorted(range(len(moving)), key=lambda i: -probs[i])
    if probs[first] >= SURE:
        last = moving[first].last
        return SpeakerChoice(last.track_id, last.bbox_xyxy_px, probs[first], None)
    told = ", ".join(f"{probs[i]:.2f}" for i in (first, *others))
    if others and probs[first] + probs[others[0]] >= SURE and probs[others[0]] >= ALIKE * probs[first]:
        reason = f"two faces move their mouths alike ({probs[first]:.2f}, {probs[others[0]]:.2f})"
    elif others:
        reason = f"no face moves its mouth clearly in step with the voice ({told})"
    else:
        reason = f"the only face that moves its mouth does not clearly go with the voice ({told})"
    return SpeakerChoice(None, None, probs[first], reason)


def _smooth(values: Float64, width: int) -> Float64:
    """Moving average, as long as what goes in."""
    padded = np.pad(values, width // 2, mode="edge")
    return np.convolve(padded, np.ones(width) / width, "valid")


def _correlation(one: Float64, other: Float64) -> float:
    one, other = one - one.mean(), other - other.mean()
    spread = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / spread if spread > 1e-9 else 0.0
