"""The faces stage of one source: pictures in, sightings of faces out, through the time-indexed ring."""

import math
from typing import Final

import cv2

from streamer.faces.cadence import Cadence
from streamer.faces.detection import FaceDetector
from streamer.faces.mouth import PATCH_PX, face_patch, mouth_motion
from streamer.faces.ring import FaceRing
from streamer.faces.search import FaceSearch, shrunk
from streamer.faces.tracks import Track, Tracker
from streamer.features import face_crops
from streamer.features.arrays import Float32, UInt8
from streamer.features.face_crops import Box, FaceCropSpec
from streamer.messages import FaceSighting, VideoFrame, VideoTick
from streamer.settings import FaceSettings

MIN_STEP_S: Final = 0.048
"""Pictures that follow sooner are not looked at: mouths move below 8 Hz, and 12 to 20 pictures a second show it."""


class FaceWatch:
    """Finds and follows the faces of one source. Belongs to the thread of its stage; `ring` is for others to read."""

    def __init__(
        self, detector: FaceDetector, spec: FaceCropSpec, settings: FaceSettings, *, keep_s: float = math.inf
    ) -> None:
        """Nothing is seen yet.

        Args:
            detector: Its own, detectors keep state.
            spec: How the bundle's video network wants its crops.
            settings: How faces are found.
            keep_s: For how long sightings stay in the ring; what is short enough to be kept whole needs no limit.
        """
        self.ring = FaceRing(keep_s)
        self._search = FaceSearch(detector, settings)
        self._tracker = Tracker(settings.max_faces)
        self._spec = spec
        self._last_s = float("-inf")
        self._patches: dict[int, Float32] = {}
        self._crop_times: dict[int, Cadence] = {}
        cv2.setNumThreads(1)  # pictures are small: more threads cost more than they save

    def step(self, frame: VideoFrame | VideoTick) -> None:
        """The next picture, or the news that there is none until then."""
        if isinstance(frame, VideoTick) or frame.time_s - self._last_s < MIN_STEP_S:
            self.ring.advance(frame.time_s)
        else:
            self._last_s = frame.time_s
            self.ring.add(frame.time_s, self._look(frame.time_s, frame.rgb()))

    def close(self) -> None:
        """The video is over."""
        self.ring.close()

    def _look(self, time_s: float, image_rgb: UInt8) -> list[FaceSighting]:
        views = _Views(image_rgb, self._search.zoom)
        grey = face_crops.grey(views.small_rgb)
        self._tracker.follow(time_s, grey)
        motions = self._mouth_motions(views)
        found = self._search.detect(time_s, views.small_rgb, self._tracker.tracks)
        if found is not None:
            self._tracker.update(time_s, grey, found)
        self._keep_patches(views, corrected=found is not None)
        return [
            self._sighting(time_s, views, track, motions.get(track.track_id))
            for track in self._tracker.tracks
            if track.confirmed and track.seen
        ]

    def _mouth_motions(self, views: "_Views") -> dict[int, float]:
        """Of the faces that were followed from the last picture, before a detection moves their boxes."""
        motions = {}
        for track in self._tracker.tracks:
            before = self._patches.pop(track.track_id, None)
            if track.followed:
                now = self._patches[track.track_id] = views.patch(track)
                if before is not None:
                    motions[track.track_id] = mouth_motion(before, now)
        return motions

    def _keep_patches(self, views: "_Views", *, corrected: bool) -> None:
        """The patches that the next picture is compared with: framed as the next step of the flow will start."""
        tracks = {track.track_id: track for track in self._tracker.tracks if track.seen}
        self._patches = {
            track_id: views.patch(track) if corrected or track_id not in self._patches else self._patches[track_id]
            for track_id, track in tracks.items()
        }
        self._crop_times = {
            track_id: self._crop_times.get(track_id, Cadence(self._spec.rate_hz)) for track_id in tracks
        }

    def _sighting(self, time_s: float, views: "_Views", track: Track, motion: float | None) -> FaceSighting:
        box = views.in_full(track.box)
        due = self._crop_times[track.track_id].due(time_s)
        crop = self._spec.crop(views.image_rgb, box, track.roll_deg) if due else None
        return FaceSighting(time_s, track.track_id, box, track.score, crop, motion)


class _Views:
    """One picture, as it came and as small as faces are looked for in it."""

    def __init__(self, image_rgb: UInt8, zoom: float) -> None:
        self.image_rgb = image_rgb
        self.zoom = zoom
        self.small_rgb = shrunk(image_rgb, zoom)

    def in_full(self, box: Box) -> Box:
        """A box of the small picture, in the picture as it came."""
        return (box[0] / self.zoom, box[1] / self.zoom, box[2] / self.zoom, box[3] / self.zoom)

    def patch(self, track: Track) -> Float32:
        """A face for the mouth measure; from the small picture where that shows enough of it: less to shrink."""
        if track.side_px >= PATCH_PX:
            return face_patch(self.small_rgb, track.box, track.roll_deg)
        return face_patch(self.image_rgb, self.in_full(track.box), track.roll_deg)
