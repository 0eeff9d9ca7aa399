"""The stage that turns what was heard and seen into events. One for each source; its state belongs to its thread.

While speech runs, features and face embeddings are computed as they arrive. At a short pause the words are finished and read on
trust. At the end, what is there is fused: little is left to do.
"""

import time
from collections.abc import Iterator
from typing import assert_never

from streamer.analysis.dialogue import Dialogue
from streamer.analysis.fields import speaker_field, transcript_field
from streamer.analysis.listening import Listening
from streamer.analysis.open_utterance import OpenUtterance
from streamer.analysis.speech_track import SpeechTrack
from streamer.analysis.status import Status
from streamer.analysis.stopwatch import Stopwatch
from streamer.analysis.voices import Voices
from streamer.analysis.watching import Watching
from streamer.asr import Recogniser
from streamer.errors import StageError
from streamer.faces import FaceRing
from streamer.inference import Model
from streamer.messages import (
    Heard,
    SegmentEvent,
    SpeechContinued,
    SpeechEnded,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    Waited,
    Watched,
)
from streamer.publish import Draft
from streamer.settings import Settings
from streamer.wire import UNSTAMPED, Activity, Partial, TranscriptField, Utterance


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
        self._speech = SpeechTrack(settings.segment.kept_s)
        self._now_s = 0.0
        self._open: OpenUtterance | None = None
        self._next_partial_s = 0.0
        self._partial_cost_s = 0.0

    def step(self, event: SegmentEvent) -> Iterator[Draft]:
        """One message of the segment stage."""
        match event:
            case Heard():
                self._speech.add(event)
                self._status.heard(event)
                yield from self._pass(event.time_s)
            case Watched():
                self._status.heard(None)
                yield from self._pass(event.time_s)
            case Waited():
                yield self._wait(lost=event.lost)
            case SpeechStarted():
                self._start(event)
                yield self._state("speaking")
            case SpeechContinued():
                if self._open is not None:
                    self._open.listening.push(event.waveform)
            case SpeechPaused():
                yield from self._pause(event.time_s)
            case SpeechResumed():
                self._status.activity = "speaking"
                if self._open is not None:
                    self._open.resume()
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
        """Time goes on: what is done in a pause, and what is said regularly, in stream time."""
        if self._open is not None and self._open.pauses:
            yield from self._anticipate(self._open, now_s)
        self._now_s = max(self._now_s, now_s)  # sound that is back may be a little behind the pictures
        self._status.goes_on()
        if self._open is not None and now_s >= self._next_partial_s and self._partials_are_cheap:
            yield self._partial(self._open, now_s)
        if self._status.due(now_s):
            yield self._state(self._status.activity)

    def _wait(self, *, lost: bool) -> Draft:
        """Nothing comes. Once its sound is lost, a source is as far as its pictures; where they do not go on either, none is in view."""
        before_s, ring = self._now_s, self._ring
        if lost and ring is not None:
            self._now_s = max(before_s, ring.seen_until_s)
        self._status.lost = lost
        return self._status.announce(
            self._status.activity, self._now_s, None if lost and self._now_s == before_s else ring
        )

    def _state(self, activity: Activity) -> Draft:
        if self._ring is not None:
            self._ring.wait_until(self._now_s, self._wait_s)
        return self._status.announce(activity, self._now_s, self._ring)

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
        self._open = OpenUtterance(
            Listening(event, self._model, recognition, self._voices.before(event.start_s)),
            Watching(self._model, self._ring, wait_s=self._wait_s) if self._ring is not None else None,
            model=self._model,
            dialogue=self._dialogue,
            speech=self._speech,
            status=self._status,
            has_recogniser=self._recogniser is not None,
        )
        self._next_partial_s = self._now_s + self._settings.inference.partial_every_s / 2
        self._partial_cost_s = 0.0  # what was slow once, on a busy moment, is tried again

    def _pause(self, now_s: float) -> Iterator[Draft]:
        self._status.activity = "pause"
        if self._open is not None:
            self._open.pause()
            yield from self._anticipate(self._open, now_s)

    def _anticipate(self, spoken: OpenUtterance, now_s: float) -> Iterator[Draft]:
        """While a pause lasts: do what the end would have to wait for, as soon as it can be done, and say at once what came of it."""
        if self._partials_are_cheap:
            spoken.listening.anticipate_voice()
        if not spoken.listening.is_settled:
            spoken.read_ahead(now_s)
        elif not spoken.is_foretold:
            spoken.is_foretold = True
            yield self._partial(spoken, now_s)  # which reads the words

    def _partial(self, spoken: OpenUtterance, now_s: float) -> Draft:
        begin = time.perf_counter()
        listening = spoken.listening
        provisional = spoken.pauses and listening.is_settled
        if provisional:
            foretold = listening.provisional()
            transcript = transcript_field(foretold)
            judged = spoken.judge(now_s, foretold)
        else:
            words = listening.words_so_far()
            engine = self._recogniser.name if self._recogniser is not None else ""
            transcript = TranscriptField(text=words, confidence=None, engine=engine) if words else None
            judged = spoken.judge(now_s, None, unread="read at the next pause")
        self._status.speaker_track_id = judged.seen.speaker.track_id
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
                emotion=judged.result.emotion,
                sentiment=judged.result.sentiment,
                modalities=judged.result.modalities,
                provisional=provisional,
            )
        )

    def _end(self, event: SpeechEnded) -> Iterator[Draft]:
        spoken, self._open = self._open, None
        if spoken is None:
            return
        listening, watch = spoken.listening, Stopwatch()
        with watch.step("asr"):
            transcript = listening.transcript(event.end_s)
        judged = spoken.judge(event.end_s, transcript, final=True, watch=watch)
        speaker, newest_s = judged.seen.speaker, judged.seen.newest_s
        if judged.by_words and transcript is not None:
            self._dialogue.add(transcript.text, speaker.track_id, event.end_s)
        endpoint_s = max(0.0, self._now_s - event.speech_end_s)
        latency_ms = {"endpoint": round(endpoint_s * 1000, 1), **watch.elapsed_ms}
        if newest_s is not None:
            latency_ms["frame_age"] = round((event.end_s - newest_s) * 1000, 1)
        utterance = Utterance(
            **UNSTAMPED,
            source=self._status.source,
            id=self._id(listening),
            start_s=round(listening.start_s, 3),
            end_s=round(event.end_s, 3),
            transcript=transcript_field(transcript),
            speaker=speaker_field(speaker),
            emotion=judged.result.emotion,
            sentiment=judged.result.sentiment,
            modalities=judged.result.modalities,
            latency_ms=latency_ms,
            bundle=self._model.field,
        )
        self._status.finished(judged.result.modalities)
        yield Draft(utterance, since_s=event.captured_s - endpoint_s)
        if self._voices.remembers and judged.by_voice:
            self._voices.add(listening.memory(event.end_s), event.end_s)
        yield self._state("idle")

    def _id(self, listening: Listening) -> str:
        return f"{self._status.source}-{listening.number:06d}"
