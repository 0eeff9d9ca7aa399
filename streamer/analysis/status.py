"""How a source is doing: what `state` events say."""

from collections.abc import Callable
from typing import Literal

from streamer.analysis.fields import face_field
from streamer.faces import FaceRing
from streamer.labels import Modality
from streamer.messages import Heard
from streamer.publish import Draft
from streamer.wire import UNSTAMPED, Activity, Engines, ModalityField, State

Inputs = dict[Literal["audio", "video"], str | None]
"""What is heard and seen, by name; the default microphone may be another one after it was unplugged."""


class Status:
    """The standing of one source; belongs to the analysis thread, but for `trouble`, which any thread may set."""

    def __init__(
        self,
        *,
        source: str,
        inputs: Callable[[], Inputs],
        engines: Engines,
        asr_reason: str | None,
        detector_reason: str | None,
        every_s: float,
        dropped: Callable[[], dict[str, int]],
    ) -> None:
        self.source = source
        self.activity: Activity = "starting"
        self.speaker_track_id: int | None = None
        self.asr_reason = asr_reason
        self.trouble: str | None = None
        """What hampers the source at present, in words."""
        self.lost = False
        """Whether a live source has given nothing for so long that its device counts as lost."""
        self._inputs = inputs
        self._engines = engines
        self._every_s = every_s
        self._dropped = dropped
        self._detector_reason = detector_reason
        self._masked = self._lacking()
        self._utterances = 0
        self._last: Heard | None = None
        self._due_s = 0.0

    @property
    def video_reason(self) -> str:
        """Why no face is looked at."""
        return (self._detector_reason or "no face detector") if self._inputs()["video"] else "no camera"

    def _lacking(self) -> dict[Modality, str]:
        """What no utterance will have, as far as it is known before the first."""
        found: dict[Modality, str] = {}
        if not self._inputs()["audio"]:
            found |= {"text": "no microphone", "audio": "no microphone"}
        elif self._engines.asr is None:
            found["text"] = self.asr_reason or "no speech recognition"
        if not self._inputs()["video"] or self._engines.detector is None:
            found["video"] = self.video_reason
        return found

    @property
    def dropped(self) -> dict[str, int]:
        """Items lost since the start, by channel."""
        return self._dropped()

    @property
    def utterances(self) -> int:
        """Those that are over."""
        return self._utterances

    def heard(self, event: Heard | None) -> None:
        """The newest chunk's meter values; None where there is no sound now."""
        self._last = event

    def goes_on(self) -> None:
        """Sound or pictures came."""
        self.lost = False
        if self.activity == "starting":
            self.activity = "idle"

    def finished(self, modalities: dict[Modality, ModalityField]) -> None:
        """An utterance is over: nobody speaks now."""
        self._utterances += 1
        self._masked = {name: field.reason for name, field in modalities.items() if field.reason is not None}
        self.speaker_track_id = None

    def due(self, stream_s: float) -> bool:
        """Whether it is time for the next regular state, in stream time."""
        return stream_s >= self._due_s

    @property
    def _silence(self) -> str | None:
        """That nothing comes, where it is so and the source itself sees nothing wrong."""
        if not self.lost:
            return None
        sound, pictures = self._inputs()["audio"], self._inputs()["video"]
        return f"{sound}: gives no sound" if sound else f"{pictures}: gives no pictures"

    def announce(self, activity: Activity, stream_s: float, ring: FaceRing | None) -> Draft:
        """What the source does from now on, and the state that says so; the next regular one is due a while later."""
        self.activity = activity
        self._due_s = stream_s + self._every_s
        faces = ring.visible_at(stream_s) if ring is not None else []
        heard = None if self.lost else self._last
        return Draft(
            State(
                **UNSTAMPED,
                source=self.source,
                stream_s=round(stream_s, 3),
                activity=activity,
                speech_prob=round(heard.speech_prob, 3) if heard is not None else None,
                level_dbfs=round(heard.level_dbfs, 1) if heard is not None else None,
                faces=[face_field(face.track_id, face.bbox_xyxy_px, face.score) for face in faces],
                speaker_track_id=self.speaker_track_id,
                inputs=self._inputs(),
                engines=self._engines,
                reasons=dict(self._masked),
                dropped=self._dropped(),
                utterances=self._utterances,
                latency_ms={},
                error=self.trouble or self._silence,
            )
        )
