"""All sources of one run: what they share is opened once, each runs in a `Flow` of its own, one publisher tells of them all."""

import threading
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from streamer.app import Flow, Parts
from streamer.asr import Device, Recogniser, open_recogniser, open_subtitles
from streamer.errors import ConfigError, SourceError, StageError
from streamer.faces import FaceWatch, open_detector
from streamer.features import FaceCropSpec
from streamer.inference import Model, open_model
from streamer.publish import Draft, Publisher
from streamer.segment import open_voice_session
from streamer.settings import Settings, SourceSettings
from streamer.sources import Source, open_source

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

    from streamer.models_store import OnProgress


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one source's run went."""

    source: str
    utterances: int
    dropped: dict[str, int]
    error: StageError | None
    trouble: str | None = None
    """What hampered it at its end; of a file all that was left out of it, and whether it is cut off."""


class Daemon:
    """Opens everything when it is made, so that what is missing is said before anything runs.

    Raises:
        StreamerError: a source, a device, the bundle, an engine or the address cannot be used; what was opened is closed again.
    """

    def __init__(
        self, settings: Settings, *, model: Model | None = None, on_download: "OnProgress | None" = None
    ) -> None:
        """Open what the settings name.

        Args:
            settings: Of the whole run.
            model: The bundle of these settings, already loaded, where one process runs many files one after the other.
            on_download: Told of a speech model that is fetched, which happens only where its engine is named.
        """
        if not settings.source:
            raise ConfigError(
                "source: nothing to listen to; give --camera, --mic, --source or a [[source]] table "
                "(`streamer devices` lists what is here)"
            )
        self.session = uuid.uuid4().hex[:12]
        self._settings = settings
        self._flows: list[Flow] = []
        self._troubles: dict[str, str | None] = {}
        self._opened = ExitStack()
        with self._opened:
            sources = [(wanted, self._open_source(wanted)) for wanted in settings.source]
            self.model = model or open_model(settings.inference)
            device: Device = "cuda" if self.model.on_gpu else "cpu"
            self.recogniser, self.asr_note = open_recogniser(
                settings.asr, device=device, offline=settings.offline, on_progress=on_download
            )
            if self.recogniser is not None:
                self._opened.callback(self.recogniser.close)
            voice = open_voice_session()
            self._flows = [self._flow(wanted, source, voice) for wanted, source in sources]
            # The last that is opened, so that a start that fails leaves no recording behind.
            self.publisher = Publisher(settings.publish, [s.name for s in settings.source], session=self.session)
            self._opened.callback(self.publisher.close)
            self._opened = self._opened.pop_all()

    def run(self, stop: threading.Event) -> list[Outcome]:
        """Until every source has ended, or `stop` is set; then what was captured is still analysed and published."""
        for flow in self._flows:
            flow.start()
        while not all(flow.join(0.1) for flow in self._flows):
            if stop.is_set():
                for flow in self._flows:
                    flow.stop()
        self.publisher.close()
        failure = self.publisher.failure
        unpublished = StageError("publish", failure) if failure is not None else None
        return [
            Outcome(f.name, f.status.utterances, f.status.dropped, f.error or unpublished, f.trouble)
            for f in self._flows
        ]

    def close(self) -> None:
        """Let everything go."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open_source(self, wanted: SourceSettings) -> Source:
        source = open_source(wanted, lambda trouble: self._tell(wanted.name, trouble))
        self._opened.callback(source.close)
        return source

    def _tell(self, name: str, trouble: str | None) -> None:
        """Called from a source's thread; also while it is opened, before its flow is made."""
        self._troubles[name] = trouble
        for flow in self._flows:
            if flow.name == name:
                flow.tell(trouble)

    def _flow(self, wanted: SourceSettings, source: Source, voice: "InferenceSession") -> Flow:
        watch, detector, note = self._watch(source, self.model)
        if source.audio_name is None and watch is None:
            raise SourceError(f"{wanted.name}: {source.video_name} has no sound, and no faces are looked for: {note}")
        recogniser: Recogniser | None = self.recogniser
        if wanted.subtitles is not None:
            recogniser = open_subtitles(wanted.subtitles, self._settings.asr.language)
        parts = Parts(
            source=source,
            model=self.model,
            voice_session=voice,
            recogniser=recogniser,
            asr_reason=self.asr_note,
            watch=watch,
            detector=detector,
            detector_reason=note,
        )
        return Flow(wanted, self._settings, parts, self._publish, self._troubles.get(wanted.name))

    def _publish(self, draft: Draft) -> None:
        """For the flows, which are made before the publisher."""
        self.publisher.put(draft)

    def _watch(self, source: Source, model: Model) -> tuple[FaceWatch | None, str | None, str | None]:
        """Detectors keep state: each source has its own."""
        if source.video_name is None:
            return None, None, "no camera"
        detector, note = open_detector(self._settings.faces)
        if detector is None:
            return None, None, note
        part = model.manifest.video
        spec, keep_s = part.spec if part else FaceCropSpec(), self._settings.segment.kept_s
        watch = FaceWatch(detector, spec, self._settings.faces, keep_s=keep_s)
        return watch, detector.name, note
