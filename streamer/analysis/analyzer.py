"""The stage that turns what was heard and seen into events. One for each source; its state belongs to its thread.

While speech runs, features and face embeddings are computed as they arrive. At a short pause the words are finished and read on
trust. At the end, what is there is fused: little is left to do.
"""

import time
from collections.abc import Iterator
from typing import assert_never

from streamer.analysis.dialogue import Dialogue, speaker_name
from streamer.analysis.fields import speaker_field, transcript_field
from streamer.analysis.listening import Listening
from streamer.analysis.speech_track import SpeechTrack
from streamer.analysis.status import Status
from streamer.analysis.stopwatch import Stopwatch
from streamer.analysis.voices import Voices
from streamer.analysis.watching import Seen, Watching
from streamer.asr import Recogniser
from streamer.errors import StageError
from streamer.faces import FaceRing, SpeakerChoice
from streamer.features import ContextTurn
from streamer.inference import Encoding, Model
from streamer.labels import Modality
from streamer.messages import (
    Heard,
    SegmentEvent,
    SpeechContinued,
    SpeechEnded,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    Transcript,
    Waited,
    Watched,
)
from streamer.publish import Draft
from streamer.segment import QUIETEST_VOICE_DBFS, TOO_QUIET
from streamer.settings import Settings
from streamer.wire import UNSTAMPED, Activity, Partial, TranscriptField, Utterance

NO_SPEAKER = SpeakerChoice(None, None, 0.0, "no camera")


class Analyzer:
    """Everything that is known of one source, and the events that follow from it."""

    def __init__(
        self,
        *,
        model: Model,
        recogniser: Recogniser | None,
        ring: FaceRing | None,
        status: Status,
        settings: Settings,
        in_step: bool,
    ) -> None:
        """`in_step`: wait for the pictures of every moment that was heard, so that a file always gives the same events."""
        self._model = model
        self._recogniser = recogniser
        self._ring = ring
        self._wait_s = None if in_step else 0.0
        self._in_step = in_step
        self._status = status
        self._settings = settings
        text = model.manifest.text
        self._dialogue = Dialogue(text.spec.context_utterances if text else 0)
        self._voices = Voices(model.manifest.audio.spec if model.manifest.audio else None)
        self._speech = SpeechTrack()
        self._now_s = 0.0
        self._listening: Listening | None = None
        self._watching: Watching | None = None
        self._next_partial_s = 0.0
        self._partial_cost_s = 0.0
        self._told = False
        """In a pause: whether it was said what the utterance is if this is its end."""

    def step(self, event: SegmentEvent) -> Iterator[Draft]:
        """One message of the segment stage."""
        match event:
            case Heard():
                self._speech.add(event)
                self._status.heard(event)
                if self._listening is not None and self._status.activity == "pause":
                    yield from self._anticipate(self._listening, event.time_s)
                yield from self._pass(event.time_s)
            case Watched():
                yield from self._pass(event.time_s)
            case Waited():
                yield self._wait(lost=event.lost)
            case SpeechStarted():
                self._start(event)
                yield self._state("speaking")
            case SpeechContinued():
                if self._listening is not None:
                    self._listening.push(event.waveform)
            case SpeechPaused():
                yield from self._pause(event.time_s)
            case SpeechResumed():
                self._status.activity = "speaking"
                if self._listening is not None:
                    self._listening.resume()
            case SpeechEnded():
                yield from self._end(event)
            case _:
                assert_never(event)

    def at_end(self, error: StageError | None) -> Iterator[Draft]:
        """The stream is over; every utterance was ended by the segment stage before."""
        if error is not None:
            self._status.trouble = str(error)
        yield self._state("failed" if error else "ended")

    def _pass(self, now_s: float) -> Iterator[Draft]:
        """Time goes on: what is said regularly, in stream time."""
        self._now_s = max(self._now_s, now_s)  # sound that is back may be a little behind the pictures
        self._status.lost = False
        listening = self._listening
        if listening is not None and now_s >= self._next_partial_s and self._partials_are_cheap:
            yield self._partial(listening, now_s)
        if self._status.due(now_s):
            yield self._state(self._status.activity)

    def _wait(self, *, lost: bool) -> Draft:
        """Nothing comes. Once its sound is lost, a source is as far as its pictures; where they do not go on either, none is in view."""
        before_s, ring = self._now_s, self._ring
        if lost and ring is not None:
            self._now_s = max(before_s, ring.seen_until_s)
        self._status.lost = lost
        return self._status.event(
            self._status.activity, self._now_s, None if lost and self._now_s == before_s else ring
        )

    def _state(self, activity: Activity) -> Draft:
        if self._ring is not None:
            self._ring.wait_until(self._now_s, self._wait_s)
        return self._status.event(activity, self._now_s, self._ring)

    @property
    def _partials_are_cheap(self) -> bool:
        """A network that takes long must not make its own stream late; a file has time."""
        return self._in_step or self._partial_cost_s < self._settings.inference.partial_every_s / 2

    def _start(self, event: SpeechStarted) -> None:
        recognition = (
            self._recogniser.begin(event.start_s, source=self._status.source, in_step=self._in_step)
            if self._recogniser is not None and event.waveform.shape[0]
            else None
        )
        self._listening = Listening(event, self._model, recognition, self._voices.before(event.start_s))
        self._watching = Watching(self._model, self._ring, wait_s=self._wait_s) if self._ring is not None else None
        self._next_partial_s = self._now_s + self._settings.inference.partial_every_s / 2
        self._partial_cost_s = 0.0  # what was slow once, on a busy moment, is tried again

    def _pause(self, now_s: float) -> Iterator[Draft]:
        """This may be the end: what that needs is begun on trust."""
        self._status.activity = "pause"
        if self._listening is not None:
            self._told = False
            self._listening.speculate()
            yield from self._anticipate(self._listening, now_s)

    def _partial(self, listening: Listening, now_s: float) -> Draft:
        begin = time.perf_counter()
        provisional = self._status.activity == "pause" and listening.is_settled
        seen = self._look(listening, now_s, final=False)
        reasons: dict[Modality, str] = {}
        text = None
        if provisional:
            foretold = listening.provisional()
            text = self._read(listening, foretold, seen.speaker, reasons)
            transcript = transcript_field(foretold)
        else:
            reasons["text"] = self._no_words(listening) or "read at the next pause"
            words = listening.words_so_far()
            engine = self._recogniser.name if self._recogniser is not None else ""
            transcript = TranscriptField(text=words, confidence=None, engine=engine) if words else None
        encodings = self._sound_and_sight(listening, seen, reasons)
        result = self._model.fuse({**encodings, "text": text}, reasons)
        self._status.speaker_track_id = seen.speaker.track_id
        self._partial_cost_s = time.perf_counter() - begin
        self._next_partial_s = now_s + self._settings.inference.partial_every_s
        return Draft(
            Partial(
                **UNSTAMPED,
                source=self._status.source,
                id=self._id(listening),
                start_s=round(listening.start_s, 3),
                end_s=round(now_s, 3),
                transcript=transcript,
                emotion=result.emotion,
                sentiment=result.sentiment,
                modalities=result.modalities,
                provisional=provisional,
            )
        )

    def _end(self, event: SpeechEnded) -> Iterator[Draft]:
        listening, self._listening = self._listening, None
        if listening is None:
            return
        watch = Stopwatch()
        reasons: dict[Modality, str] = {}
        with watch.step("asr"):
            transcript = listening.transcript(event.end_s)
        with watch.step("video"):
            seen = self._look(listening, event.end_s, final=True)
        with watch.step("text"):
            text = self._read(listening, transcript, seen.speaker, reasons)
        with watch.step("audio"):
            encodings = self._sound_and_sight(listening, seen, reasons, end_s=event.end_s)
        with watch.step("fusion"):
            result = self._model.fuse({**encodings, "text": text}, reasons)
        if text is not None and transcript is not None:
            self._dialogue.add(transcript.text, seen.speaker.track_id, event.end_s)
        endpoint_s = max(0.0, self._now_s - event.speech_end_s)
        latency_ms = {"endpoint": round(endpoint_s * 1000, 1), **watch.elapsed_ms}
        if seen.newest_s is not None:
            latency_ms["frame_age"] = round((event.end_s - seen.newest_s) * 1000, 1)
        utterance = Utterance(
            **UNSTAMPED,
            source=self._status.source,
            id=self._id(listening),
            start_s=round(listening.start_s, 3),
            end_s=round(event.end_s, 3),
            transcript=transcript_field(transcript),
            speaker=speaker_field(seen.speaker),
            emotion=result.emotion,
            sentiment=result.sentiment,
            modalities=result.modalities,
            latency_ms=latency_ms,
            bundle=self._model.field,
        )
        self._status.finished(result.modalities)
        yield Draft(utterance, since_s=event.captured_s - endpoint_s)
        if self._voices.remembers and encodings["audio"] is not None:
            self._voices.add(listening.memory(event.end_s), event.end_s)
        yield self._state("idle")

    def _read(
        self, listening: Listening, transcript: Transcript | None, speaker: SpeakerChoice, reasons: dict[Modality, str]
    ) -> Encoding | None:
        """The words as the text network sees them, or why it does not."""
        if transcript is None or not listening.has_sound:
            reasons["text"] = self._no_words(listening) or "no speech recognition"
        elif transcript.rejected is not None:
            reasons["text"] = transcript.rejected
        elif not transcript.text:
            reasons["text"] = "no words were recognised"
        else:
            context = self._dialogue.before(listening.start_s)
            return listening.encode_text(transcript.text, context, speaker_name(speaker.track_id))
        return None

    def _no_words(self, listening: Listening) -> str | None:
        """Why this utterance can have none; None where it can."""
        if not listening.has_sound:
            return "no microphone"
        return None if self._recogniser is not None else self._status.asr_reason or "no speech recognition"

    def _sound_and_sight(
        self, listening: Listening, seen: Seen, reasons: dict[Modality, str], *, end_s: float | None = None
    ) -> dict[Modality, Encoding | None]:
        audio = None
        if not listening.has_sound:
            reasons["audio"] = "no microphone"
        elif self._speech.loudest_dbfs(listening.start_s) < QUIETEST_VOICE_DBFS:
            reasons["audio"] = TOO_QUIET
        else:
            audio = listening.encode_audio(end_s)
        if seen.reason is not None:
            reasons["video"] = seen.reason
        return {"audio": audio, "video": seen.encoding}

    def _look(self, listening: Listening, end_s: float, *, final: bool) -> Seen:
        if self._watching is None:
            return Seen(NO_SPEAKER, None, self._status.video_reason)
        speech = self._speech if listening.has_sound else None
        return self._watching.look(listening.start_s, end_s, speech, final=final)

    def _anticipate(self, listening: Listening, now_s: float) -> Iterator[Draft]:
        """While a pause lasts: do what the end would have to wait for, as soon as it can be done, and say at once what came of it."""
        if self._partials_are_cheap:
            listening.anticipate_voice()
        if listening.is_settled:
            if not self._told:
                self._told = True
                yield self._partial(listening, now_s)  # which reads the words
            return
        words = listening.words_so_far()
        if words and not listening.has_read(words):
            listening.encode_text(words, *self._setting(listening, now_s))

    def _setting(self, listening: Listening, now_s: float) -> tuple[tuple[ContextTurn, ...], str | None]:
        """The dialogue before an open utterance, and who seems to speak."""
        seen = self._look(listening, now_s, final=False)
        return self._dialogue.before(listening.start_s), speaker_name(seen.speaker.track_id)

    def _id(self, listening: Listening) -> str:
        return f"{self._status.source}-{listening.number:06d}"
