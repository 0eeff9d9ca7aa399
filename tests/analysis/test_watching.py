"""The faces of one utterance, with the shipped video network."""

import numpy as np

from streamer.analysis.speech_track import SpeechTrack
from streamer.analysis.watching import Seen, Watching
from streamer.faces import LEAD_IN_S, FaceRing
from streamer.inference import Model
from streamer.messages import FaceSighting, Heard

RATE_HZ = 12


def sighting(number: int, track_id: int, side_px: int = 90) -> FaceSighting:
    """One of twelve a second; its mouth moves with the voice of `speech`, and no picture is as another."""
    crop = np.random.default_rng(number + 1000 * track_id).integers(0, 255, (48, 48, 1), np.uint8)
    box = (0.0, 0.0, float(side_px), float(side_px))
    return FaceSighting(number / RATE_HZ, track_id, box, 0.9, crop, 0.1 * (number % 4 < 2))


def speech(until_s: float) -> SpeechTrack:
    track = SpeechTrack(keep_s=60.0)
    for number in range(1, int(until_s / 0.032)):
        loud = (number * 0.032 * RATE_HZ - 2.4) % 4 < 2  # 0.2 s after the mouth
        track.add(Heard(number * 0.032, 0.9, -20.0 if loud else -40.0))
    return track


def embedded(seen: Seen) -> np.ndarray:
    assert seen.encoding is not None, seen.reason
    return seen.encoding.embedding


def test_who_becomes_the_face_most_in_view_is_judged_by_its_own_pictures(model: Model) -> None:
    ring = FaceRing(keep_s=60.0)
    for number in range(24):
        ring.add(number / RATE_HZ, [sighting(number, 1), sighting(number, 2, side_px=60 if number < 12 else 200)])
    watching = Watching(model, ring, wait_s=0.0)
    assert watching.look(0.0, 0.9, None, final=False).speaker.track_id == 1
    seen = watching.look(0.0, 1.9, None, final=True)
    assert seen.speaker.track_id == 2
    afresh = Watching(model, ring, wait_s=0.0).look(0.0, 1.9, None, final=True)
    np.testing.assert_allclose(embedded(seen), embedded(afresh), atol=1e-5)


def test_pictures_just_before_an_utterance_count_in_who_speaks_and_are_not_judged(model: Model) -> None:
    ring, begin_s, end_s = FaceRing(keep_s=60.0), 2.0, 2.45
    for number in range(int((begin_s - LEAD_IN_S) * RATE_HZ), int(end_s * RATE_HZ) + 1):
        ring.add(number / RATE_HZ, [sighting(number, 1)])
    seen = Watching(model, ring, wait_s=0.0).look(begin_s, end_s, speech(3.0), final=True)
    judged = len(ring.between(begin_s, end_s))
    assert judged < len(ring.between(0.0, end_s))
    assert embedded(seen).shape[0] == judged
    assert seen.newest_s == ring.between(begin_s, end_s)[-1].time_s
    late = FaceRing(keep_s=60.0)
    for found in ring.between(begin_s, end_s):
        late.add(found.time_s, [found])
    late.advance(end_s)
    alone = Watching(model, late, wait_s=0.0).look(begin_s, end_s, speech(3.0), final=True)
    assert seen.speaker.score != alone.speaker.score
