"""Which detection is which face: tracks with stable ids, moved by optical flow between detections."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from streamer.faces.detection import Detection, square_box
from streamer.faces.flow import STILL, Movement, movements
from streamer.faces.looks import LOOK_PX, face_look, is_cut
from streamer.faces.overlap import iou
from streamer.features.arrays import Float32, UInt8
from streamer.features.face_crops import Box

LOST_S: Final = 1.0
"""A face that was neither detected nor followed for longer is gone; what comes back later is a new track."""
UNCONFIRMED_S: Final = 2.0
"""So is one that was followed, but not detected, for longer: the detector knows faces, the flow only textures."""
HIDDEN_S: Final = 3.0
"""A face that is expected behind another one is waited for this long."""
SURE_SCORE: Final = 0.8
"""A detection this sure is a face at once; ..."""
FAIR_SCORE: Final = 0.5
"""... a weaker one when others confirm it, of which one is at least this sure."""
REACH: Final = 0.4
"""How far from where it is expected a face may be found, in sides of its box, ..."""
REACH_PER_S: Final = 0.8
"""... and how much further per second since it was lost."""
UNLIKE: Final = 2.0
"""What a difference in looks (mean, of [0, 1]) counts in sides of distance."""
UPRIGHT: Final = 0.9
"""Share of the turn found by flow that is kept at a detection that cannot tell it: errors add up, and heads are mostly upright."""
DOUBLE: Final = 0.25
"""Overlap (IoU) with a face that is followed from which a detection is no other one."""


@dataclass(slots=True, eq=False)
class Track:
    """One face over time. Positions in pixels of the small picture."""

    track_id: int
    x_px: float
    y_px: float
    side_px: float
    score: float
    detected_s: float
    seen_s: float
    """When it was last detected or followed."""
    roll_deg: float = 0.0
    detections: int = 1
    best_score: float = 0.0
    velocity_px_s: tuple[float, float] = (0.0, 0.0)
    seen: bool = True
    """Detected in, or followed by flow into, the latest picture; otherwise where it is is only expected."""
    followed: bool = False
    """By flow from the picture before into the latest one, so that the two may be compared."""
    look: Float32 = field(default_factory=lambda: np.zeros((LOOK_PX, LOOK_PX), np.float32))
    seen_in: UInt8 = field(default_factory=lambda: np.zeros((1, 1), np.uint8))
    """The latest picture in which it was, [height, width]."""

    @property
    def box(self) -> Box:
        """Canonical square box."""
        return square_box(self.x_px, self.y_px, self.side_px)

    @property
    def confirmed(self) -> bool:
        """A face to be reported, not a first suspicion."""
        return self.best_score >= (FAIR_SCORE if self.detections > 1 else SURE_SCORE)


class Tracker:
    """The faces of one source. Deterministic: the same pictures and detections give the same tracks."""

    def __init__(self, max_faces: int) -> None:
        self.tracks: list[Track] = []
        self._max_faces = max_faces
        self._next_id = 1
        self._before: tuple[float, UInt8] | None = None

    def follow(self, time_s: float, grey: UInt8) -> None:
        """Move every track on to the next picture [height, width]; forget those that are gone."""
        before, self._before = self._before, (time_s, grey)
        hidden = _sharing_place(self.tracks)
        self.tracks = [
            track for track in self.tracks if _inside(track, grey) and not _gone(track, time_s, hidden=track in hidden)
        ]
        if before is None:
            return
        if before[1].shape != grey.shape:
            self.tracks = []  # another camera, or another mode of it: nothing is where it was
            return
        passed_s = time_s - before[0]
        moved = movements(before[1], grey, [track.box for track in self.tracks])
        for track, movement in zip(self.tracks, moved, strict=True):
            _move(track, movement, passed_s)
            if track.seen:
                track.seen_s, track.seen_in = time_s, grey

    def update(self, time_s: float, grey: UInt8, found: Sequence[Detection]) -> None:
        """Tie detections, in the picture that was followed last, to tracks; start tracks for the rest, while there is room.

        A face that is followed keeps its place until it is gone, whoever comes.
        """
        looks = [face_look(grey, face.bbox_xyxy_px) for face in found]
        taken: set[int] = set()
        tied: set[int] = set()
        for _, t, d in sorted(self._candidates(time_s, found, looks, grey)):
            if t in tied or d in taken:
                continue
            tied.add(t)
            taken.add(d)
            _correct(self.tracks[t], found[d], looks[d], grey, time_s)
        for d in sorted(set(range(len(found))) - taken, key=lambda d: _precedence(found[d])):
            if len(self.tracks) < self._max_faces and not self._is_double(found[d]):
                self.tracks.append(_start(self._next_id, found[d], looks[d], grey, time_s))
                self._next_id += 1

    def _candidates(
        self, time_s: float, found: Sequence[Detection], looks: Sequence[Float32], grey: UInt8
    ) -> list[tuple[float, int, int]]:
        """Costs of tying track to detection, where one is within the other's reach and the film has not been cut in between."""
        candidates = []
        for t, track in enumerate(self.tracks):
            if not track.seen and is_cut(track.seen_in, grey):
                continue
            for d, face in enumerate(found):
                x, y, side = _centre(face.bbox_xyxy_px)
                distance = float(np.hypot(x - track.x_px, y - track.y_px)) / max(side, track.side_px)
                reach = REACH + REACH_PER_S * (time_s - track.seen_s)
                if distance < reach and 0.5 < side / track.side_px < 2:
                    unlike = float(np.abs(track.look - looks[d]).mean())
                    candidates.append((distance + UNLIKE * unlike, t, d))
        return candidates

    def _is_double(self, face: Detection) -> bool:
        return any(track.seen and iou(track.box, face.bbox_xyxy_px) > DOUBLE for track in self.tracks)


def _precedence(face: Detection) -> tuple[bool, float]:
    """Of newcomers: those that are a face at once come before suspicions, large ones before small ones."""
    return face.score < SURE_SCORE, face.bbox_xyxy_px[0] - face.bbox_xyxy_px[2]


def _start(track_id: int, face: Detection, look: Float32, grey: UInt8, time_s: float) -> Track:
    x, y, side = _centre(face.bbox_xyxy_px)
    roll_deg, score = face.roll_deg or 0.0, face.score
    return Track(track_id, x, y, side, score, time_s, time_s, roll_deg, best_score=score, look=look, seen_in=grey)


def _move(track: Track, movement: Movement | None, passed_s: float) -> None:
    """By the flow where it is sure of itself, else on as before."""
    # Only a detection finds a face again that the flow has lost: flow would hold fast to the wall behind it.
    track.followed = track.seen = track.seen and movement is not None
    if movement is None or not track.seen:
        vx, vy = track.velocity_px_s
        movement = STILL._replace(dx_px=vx * passed_s, dy_px=vy * passed_s)
    elif passed_s > 0:
        keep = 0.7  # of the velocity before: a face that is hidden goes on as it went, not as it last trembled
        vx, vy = track.velocity_px_s
        dx, dy = movement.dx_px / passed_s, movement.dy_px / passed_s
        track.velocity_px_s = (keep * vx + (1 - keep) * dx, keep * vy + (1 - keep) * dy)
    track.x_px += movement.dx_px
    track.y_px += movement.dy_px
    track.side_px *= movement.zoom
    track.roll_deg += movement.turn_deg


def _correct(track: Track, face: Detection, look: Float32, grey: UInt8, time_s: float) -> None:
    """Half way to the detection, whose box trembles; all the way where the flow was lost or the two are far apart."""
    x, y, side = _centre(face.bbox_xyxy_px)
    far = np.hypot(x - track.x_px, y - track.y_px) > 0.3 * side or not 0.75 < side / track.side_px < 1.33
    gain = 1.0 if far or not track.seen else 0.4
    track.x_px += gain * (x - track.x_px)
    track.y_px += gain * (y - track.y_px)
    track.side_px += gain * (side - track.side_px)
    if face.roll_deg is not None:
        track.roll_deg += gain * (face.roll_deg - track.roll_deg)
    else:
        track.roll_deg *= UPRIGHT
    track.look = 0.8 * track.look + 0.2 * look
    track.seen_in = grey
    track.score = face.score
    track.best_score = max(track.best_score, face.score)
    track.detected_s = track.seen_s = time_s
    track.detections += 1
    track.seen = True


def _sharing_place(tracks: Sequence[Track]) -> list[Track]:
    """Tracks whose boxes meet another one's: each may be hidden behind it."""
    return [track for track in tracks if any(other is not track and iou(track.box, other.box) > 0 for other in tracks)]


def _centre(box: Box) -> tuple[float, float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, max(box[2] - box[0], 1.0)


def _gone(track: Track, time_s: float, *, hidden: bool) -> bool:
    if hidden:
        return time_s - track.detected_s > HIDDEN_S
    return time_s - track.seen_s > LOST_S or time_s - track.detected_s > UNCONFIRMED_S


def _inside(track: Track, grey: UInt8) -> bool:
    """A face whose centre is further out than a quarter of it has left the picture."""
    height, width = (int(size) for size in grey.shape[:2])
    margin_px = 0.25 * track.side_px
    return -margin_px < track.x_px < width + margin_px and -margin_px < track.y_px < height + margin_px
