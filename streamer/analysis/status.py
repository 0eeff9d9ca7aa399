"""How a source is doing: what `state` events say."""

from collections.abc import Callable

from streamer.analysis.stopwatch import Latencies
from streamer.faces import FaceRing
from streamer.labels import Modality
from streamer.messages import Heard
from streamer.publish import Draft
from streamer.wire import Activity, Engines, FaceField, ModalityField, State


class Status:
    """The standing of one source; belongs to the analysis thread, but for `trouble`, which any thread may set."""

    def __init__(
        self,
        *,
        session: str,
        source: str,
        inputs: dict[str, str | None],
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
        self._session = session
        self._inputs = inputs
        self._engines = engines
        self._every_s = every_s
        self._dropped = dropped
        self._detector_reason = detector_reason
        self._latencies = Latencies()
        self._masked: dict[Modality, str] = {}
        self._utterances = 0
        self._last: Heard | None = None
        self._due_s = 0.0

    @property
    def envelope(self) -> dict[str, object]:
        """What every payload begins with; the publisher fills in `seq` and `time`."""
        return {"session": self._session, "source": self.source, "seq": 0, "time": ""}

    @property
    def video_reason(self) -> str:
        """Why no face is looked at."""
        return self._detector_reason if self._inputs["video"] else "no camera"

    def heard(self, event: Heard) -> None:
        """The newest chunk's meter values."""
        self._last = event
        if self.activity == "starting":
            self.activity = "idle"

    def finished(self, latency_ms: dict[str, float], modalities: dict[Modality, ModalityField], track_id: int | None) -> None:
        """An utterance is over."""
        self._utterances += 1
        self._latencies.add(latency_ms)
        self._masked = {name: field.reason for name, field in modalities.items() if field.reason is not None}
        self.speaker_track_id = track_id

    def due(self, stream_s: float) -> bool:
        """Whether it is time for the next regular state, in stream time."""
        return stream_s >= self._due_s

    def event(self, activity: Activity, stream_s: float, ring: FaceRing | None) -> Draft:
        """The state now."""
        self.activity = activity
        self._due_s = stream_s + self._every_s
        faces = ring.visible_at(stream_s) if ring is not None else []
        return Draft(
            State(
                **self.envelope,
                stream_s=round(stream_s, 3),
                activity=activity,
                speech_prob=round(self._last.speech_prob, 3) if self._last and self._last.speech_prob is not None else None,
                level_dbfs=round(self._last.level_dbfs, 1) if self._last and self._last.level_dbfs is not None else None,
                faces=[_field(face) for face in faces],
                speaker_track_id=self.speaker_track_id,
                inputs=self._inputs,
                engines=self._engines,
                reasons=dict(self._masked),
                dropped=self._dropped(),
                utterances=self._utterances,
                latency_ms=self._latencies.percentiles(),
                error=self.trouble,
            )
        )
