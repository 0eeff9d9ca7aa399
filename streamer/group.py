"""Sources that run in one process: what they share is opened once, each runs in a `Flow` of its own."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamer.app import Flow, Parts
from streamer.asr import Device, OpenedRecogniser, Recogniser, open_recogniser, open_subtitles
from streamer.errors import SourceError, StageError
from streamer.faces import FaceWatch, open_detector
from streamer.features import FaceCropSpec
from streamer.inference import Model, open_model
from streamer.publish import Draft
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


class Group:
    """Opens everything when it is made, so that what is missing is said before anything runs.

    Raises:
        StreamerError: a source, a device, the bundle or an engine cannot be used; what was opened is closed again.
    """

    def __init__(
        self,
        settings: Settings,
        publish: Callable[[Draft], None],
        *,
        model: Model | None = None,
        recogniser: OpenedRecogniser | None = None,
        on_download: "OnProgress | None" = None,
    ) -> None:
        """Open what the settings name.

        Args:
            settings: Of these sources; what they say of publishing is another's.
            publish: Called from the threads of the sources.
            model: The bundle of these settings, already loaded.
            recogniser: As `open_recogniser` gave it; stays open.
            on_download: Told of a speech model that is fetched.
        """
        self._settings = settings
        self._publish = publish
        self._flows: list[Flow] = []
        self._troubles: dict[str, str | None] = {}
        self._opened = ExitStack()
        with self._opened:
            sources = [(wanted, self._open_source(wanted)) for wanted in settings.source]
            self._model = model or open_model(settings.inference)
            device: Device = "cuda" if self._model.on_gpu else "cpu"
            self._recogniser, self._asr_note = recogniser or open_recogniser(
                settings.asr,
                device=device,
                offline=settings.offline,
                on_progress=on_download,
                sources=max(1, sum(bool(source.audio_name) and wanted.subtitles is None for wanted, source in sources)),
            )
            if self._recogniser is not None and recogniser is None:
                self._opened.callback(self._recogniser.close)
            voice = open_voice_session()
            self._flows = [self._flow(wanted, source, voice) for wanted, source in sources]
            self._opened = self._opened.pop_all()

    def start(self) -> None:
        """Let every source run."""
        for flow in self._flows:
            flow.start()

    def stop(self) -> None:
        """End the capture; what was captured is still analysed and published. May be called again."""
        for flow in self._flows:
            flow.stop()

    def join(self, timeout_s: float) -> bool:
        """Whether every source has ended; waits for it."""
        return all(flow.join(timeout_s) for flow in self._flows)

    def outcomes(self) -> list[Outcome]:
        """How each source's run went, once all have ended."""
        return [Outcome(f.name, f.status.utterances, f.status.dropped, f.error, f.trouble) for f in self._flows]

    def close(self) -> None:
        """Let everything go."""
        self._opened.close()

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
        watch, detector, note = self._watch(source)
        if source.audio_name is None and watch is None:
            raise SourceError(f"{wanted.name}: {source.video_name} has no sound, and no faces are looked for: {note}")
        recogniser: Recogniser | None = self._recogniser
        if wanted.subtitles is not None:
            recogniser = open_subtitles(wanted.subtitles, self._settings.asr.language)
        parts = Parts(
            source=source,
            model=self._model,
            voice_session=voice,
            recogniser=recogniser,
            asr_reason=self._asr_note,
            watch=watch,
            detector=detector,
            detector_reason=note,
        )
        return Flow(wanted, self._settings, parts, self._publish, self._troubles.get(wanted.name))

    def _watch(self, source: Source) -> tuple[FaceWatch | None, str | None, str | None]:
        """Detectors keep state: each source has its own."""
        if source.video_name is None:
            return None, None, "no camera"
        detector, note = open_detector(self._settings.faces)
        if detector is None:
            return None, None, note
        part = self._model.manifest.video
        spec, keep_s = part.spec if part else FaceCropSpec(), self._settings.segment.kept_s
        watch = FaceWatch(detector, spec, self._settings.faces, keep_s=keep_s)
        return watch, detector.name, note
