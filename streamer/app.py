"""The stages of one source and the channels between them.

    source ── AudioChunk ──▶ segment ── SegmentEvent ──▶ analyze ── Draft ──▶ publisher
       └───── VideoFrame ──▶ faces ───▶ ring of crops ──────┘

Without a microphone, the faces stage cuts the time into windows and feeds `analyze` itself.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from streamer.analysis import Analyzer, Status
from streamer.asr import Recogniser
from streamer.channel import Channel, WhenFull
from streamer.errors import PublishError, StageError
from streamer.faces import FaceRing, FaceWatch
from streamer.inference import Model
from streamer.messages import (
    CHUNK_SAMPLES,
    SAMPLE_RATE_HZ,
    AudioChunk,
    AudioTick,
    SegmentEvent,
    VideoFrame,
    VideoTick,
    Waited,
    Watched,
)
from streamer.publish import Draft
from streamer.segment import FaceWindows, Segment
from streamer.settings import AHEAD_S, PAUSE_S, Settings, SourceSettings
from streamer.sources import Source
from streamer.stage import Supervisor, consume, transform
from streamer.wire import Engines

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

AUDIO_CHUNKS: Final = 128
"""4 s: how far capture may be ahead of the segment stage before live sound is dropped."""
VIDEO_FRAMES: Final = 8
"""Pictures are large, and an old one is worth little."""
SPEECH_S: Final = AHEAD_S - AUDIO_CHUNKS * CHUNK_SAMPLES / SAMPLE_RATE_HZ - 1.0
"""How far the stage before it may be ahead of the analysis. A second is left for the lead-in of an utterance, and for what stages have in
hand."""
SPEECH_EVENTS: Final = int(SPEECH_S * SAMPLE_RATE_HZ / CHUNK_SAMPLES)
"""Each chunk makes one, or more. Pictures have no rate that is known: without sound they wait by their time."""
SILENT_DEVICE_S: Final = 2.0
"""A live source that delivers nothing for this long has lost its microphone, or its camera where it has no other: an open utterance
is ended."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What one source works with; model and recogniser may be shared with others."""

    source: Source
    model: Model
    voice_session: "InferenceSession"
    """Silero's network."""
    recogniser: Recogniser | None
    asr_reason: str | None
    """Why there is no recogniser."""
    watch: FaceWatch | None
    """None without a picture or a detector."""
    detector: str | None
    detector_reason: str | None


class Flow:
    """One source from capture to publication, in threads of its own."""

    def __init__(
        self,
        wanted: SourceSettings,
        settings: Settings,
        parts: Parts,
        publish: Callable[[Draft], None],
        trouble: str | None = None,
    ) -> None:
        """`trouble`: what its source has told when it was opened; see `tell`."""
        self.name = wanted.name
        self.error: StageError | None = None
        self.trouble = trouble
        self._settings = settings
        self._parts = parts
        self._publish = publish
        self._stop = threading.Event()
        source = parts.source
        when_full = WhenFull.DROP_OLDEST if source.live else WhenFull.WAIT
        self._audio = Channel[AudioChunk | AudioTick]("audio", AUDIO_CHUNKS, when_full)
        self._video = Channel[VideoFrame | VideoTick]("video", VIDEO_FRAMES, when_full)
        self._speech = Channel[SegmentEvent]("speech", SPEECH_EVENTS, WhenFull.WAIT)
        self._ring: FaceRing | None = parts.watch.ring if parts.watch is not None else None
        self.status = Status(
            source=self.name,
            inputs=lambda: {"audio": source.audio_name, "video": source.video_name},
            engines=Engines(
                asr=parts.recogniser.name if parts.recogniser else None,
                detector=parts.detector,
                providers=parts.model.providers,
                bundle=parts.model.field,
            ),
            asr_reason=parts.asr_reason,
            detector_reason=parts.detector_reason,
            every_s=settings.publish.state_every_s,
            dropped=lambda: {channel.name: channel.dropped for channel in (self._audio, self._video)} | source.dropped,
        )
        self.status.trouble = trouble
        self._analyzer = Analyzer(
            model=parts.model,
            recogniser=parts.recogniser,
            ring=self._ring,
            status=self.status,
            settings=settings,
            in_step=wanted.pace == "fast" and not source.live,
        )
        self._supervisor = Supervisor(
            self.name,
            self._stages(),
            on_failure=self._failed,
            on_end=self._end,
        )

    def start(self) -> None:
        """Begin to listen and to look."""
        self._supervisor.start()

    def _stages(self) -> dict[str, Callable[[], None]]:
        """Readers stand before writers, so that nothing is captured that nobody takes."""
        stages = {"analyze": consume(self._speech, lambda event: self._send(self._analyzer.step(event)))}
        watch = self._parts.watch
        idle_s = min(self._settings.publish.state_every_s, SILENT_DEVICE_S) if self._parts.source.live else None
        if self._parts.source.audio_name is not None:
            recogniser = self._parts.recogniser
            liked_pause_s = PAUSE_S if recogniser is None else recogniser.pause_s
            segment = Segment(self._settings.segment, self._parts.voice_session, liked_pause_s)
            waiting = _waiting(segment.flush)
            stages["segment"] = transform(self._audio, segment.push, self._speech, segment.flush, waiting, idle_s)
            if watch is not None:
                stages["faces"] = consume(self._video, watch.step, at_end=watch.close)
            else:
                stages["unseen"] = consume(self._video, lambda _: None)  # what nobody looks at must not stop the sound
        elif watch is not None:
            windows = FaceWindows(self._settings.segment)

            def end_of_video() -> Iterable[SegmentEvent]:
                watch.close()
                return windows.flush()

            look, waiting = _look_in(windows, watch, self._speech), _waiting(windows.flush)
            stages["faces"] = transform(self._video, look, self._speech, end_of_video, waiting, idle_s)
        stages["capture"] = self._capture
        return stages

    def tell(self, trouble: str | None) -> None:
        """What hampers its source at present, from any thread.

        Of a file it stands in the last state only: the capture is ahead of what is analysed, as far as there is time, and the same
        file gives the same events.
        """
        self.trouble = trouble
        if self._parts.source.live:
            self.status.trouble = trouble

    def stop(self) -> None:
        """End the capture; what was captured is still analysed."""
        self._stop.set()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until the source has ended and all of it is published; True when it has."""
        return self._supervisor.join(timeout_s)

    def _capture(self) -> None:
        try:
            self._parts.source.run(self._audio, self._video, self._stop)
        finally:
            self._audio.close()
            self._video.close()
            self._parts.source.close()

    def _send(self, drafts: Iterable[Draft]) -> None:
        for draft in drafts:
            self._publish(draft)

    def _end(self) -> None:
        """The last word, after all stages have ended."""
        self.status.trouble = self.trouble
        try:
            self._send(self._analyzer.at_end(self.error))
        except PublishError as err:  # nobody is left who could be told, but for whoever started this source
            self.error = self.error or StageError("analyze", err)

    def _failed(self, error: StageError) -> None:
        """The first failure of a stage ends this source: what was captured before is still published."""
        self.error = error
        self._stop.set()


def _waiting(flush: Callable[[], Iterable[SegmentEvent]]) -> Callable[[float], Iterable[SegmentEvent]]:
    """What a stage hands on while its live source gives nothing: that it waits, and once that is a loss, the end of what was open."""

    def while_idle(waited_s: float) -> Iterable[SegmentEvent]:
        lost = waited_s >= SILENT_DEVICE_S
        return [*(flush() if lost else ()), Waited(lost)]

    return while_idle


def _look_in(
    windows: FaceWindows, watch: FaceWatch, speech: Channel[SegmentEvent]
) -> Callable[[VideoFrame | VideoTick], Iterable[SegmentEvent]]:
    """The faces stage where there is no sound; it looks no further than so that what waits to be analysed is still kept."""

    def step(frame: VideoFrame | VideoTick) -> Iterable[SegmentEvent]:
        speech.wait_while(lambda event: isinstance(event, Watched) and event.time_s < frame.time_s - SPEECH_S)
        watch.step(frame)
        visible = bool(watch.ring.visible_at(frame.time_s))
        return [Watched(frame.time_s), *windows.push(frame.time_s, frame.captured_s, face_visible=visible)]

    return step
