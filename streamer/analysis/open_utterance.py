"""One utterance from its first sound on: what there is to judge it by, and what it is by that."""

from typing import Final, NamedTuple

from streamer.analysis.dialogue import Dialogue, speaker_name
from streamer.analysis.listening import Listening
from streamer.analysis.speech_track import SpeechTrack
from streamer.analysis.status import Status
from streamer.analysis.stopwatch import Stopwatch
from streamer.analysis.watching import Seen, Watching
from streamer.faces import SpeakerChoice
from streamer.inference import Encoding, Model, Prediction
from streamer.labels import Modality
from streamer.messages import Transcript
from streamer.segment import QUIETEST_VOICE_DBFS, TOO_QUIET

NO_SPEAKER: Final = SpeakerChoice(None, None, 0.0, "no camera")


class Judged(NamedTuple):
    """What an utterance is, and who said it."""

    result: Prediction
    seen: Seen
    by_words: bool
    by_voice: bool


class OpenUtterance:
    """Its sound, its faces and what was said before; belongs to the analysis thread."""

    def __init__(
        self,
        listening: Listening,
        watching: Watching | None,
        *,
        model: Model,
        dialogue: Dialogue,
        speech: SpeechTrack,
        status: Status,
        has_recogniser: bool,
    ) -> None:
        """`watching` is None where no face can be looked at; `dialogue`, `speech` and `status` are the source's."""
        self.listening = listening
        self._watching = watching
        self._model = model
        self._dialogue = dialogue
        self._speech = speech
        self._status = status
        self._has_recogniser = has_recogniser
        self.pauses = False
        """There is a silence that may be its end."""
        self.is_foretold = False
        """In a pause: it was said what the utterance is if this is its end."""

    def pause(self) -> None:
        """This may be the end: what that needs is begun on trust."""
        self.pauses, self.is_foretold = True, False
        self.listening.speculate()

    def resume(self) -> None:
        """It was not the end."""
        self.pauses = False
        self.listening.resume()

    def judge(
        self,
        until_s: float,
        transcript: Transcript | None,
        *,
        unread: str | None = None,
        final: bool = False,
        watch: Stopwatch | None = None,
    ) -> Judged:
        """By what there is of it.

        Args:
            until_s: Its end, or how far it was heard.
            transcript: Its words; None where there are none.
            unread: Why words are not read yet, whatever they are.
            final: It is over: it is cut at its end, and faces that are dear to look at are looked at.
            watch: Takes the time of each step.
        """
        watch = watch or Stopwatch()
        reasons: dict[Modality, str] = {}
        with watch.step("video"):
            seen = self._look(until_s, final=final)
            if seen.reason is not None:
                reasons["video"] = seen.reason
        with watch.step("text"):
            text = self._read(transcript, seen.speaker, unread, reasons)
        with watch.step("audio"):
            audio = self._hear(until_s if final else None, reasons)
        with watch.step("fusion"):
            result = self._model.fuse({"audio": audio, "video": seen.encoding, "text": text}, reasons)
        return Judged(result, seen, by_words=text is not None, by_voice=audio is not None)

    def read_ahead(self, now_s: float) -> None:
        """In a pause: read the words as they are now, so that the end need not wait for it if they stay."""
        words = self.listening.words_so_far()
        if words and not self.listening.has_read(words):
            self._encode_text(words, self._look(now_s, final=False).speaker)

    def _look(self, until_s: float, *, final: bool) -> Seen:
        if self._watching is None:
            return Seen(NO_SPEAKER, None, self._status.video_reason)
        speech = self._speech if self.listening.has_sound else None
        return self._watching.look(self.listening.start_s, until_s, speech, final=final)

    def _read(
        self,
        transcript: Transcript | None,
        speaker: SpeakerChoice,
        unread: str | None,
        reasons: dict[Modality, str],
    ) -> Encoding | None:
        """The words as the text network sees them, or why it does not."""
        if reason := self._no_words() or unread:
            reasons["text"] = reason
        elif transcript is None:
            reasons["text"] = "no speech recognition"
        elif transcript.rejected is not None:
            reasons["text"] = transcript.rejected
        elif not transcript.text:
            reasons["text"] = "no words were recognised"
        else:
            return self._encode_text(transcript.text, speaker)
        return None

    def _no_words(self) -> str | None:
        """Why it can have none; None where it can."""
        if not self.listening.has_sound:
            return "no microphone"
        return None if self._has_recogniser else self._status.asr_reason or "no speech recognition"

    def _encode_text(self, words: str, speaker: SpeakerChoice) -> Encoding | None:
        context = self._dialogue.before(self.listening.start_s)
        return self.listening.encode_text(words, context, speaker_name(speaker.track_id))

    def _hear(self, end_s: float | None, reasons: dict[Modality, str]) -> Encoding | None:
        """The voice as the audio network hears it, or why it does not."""
        if not self.listening.has_sound:
            reasons["audio"] = "no microphone"
        elif self._speech.loudest_dbfs(self.listening.start_s) < QUIETEST_VOICE_DBFS:
            reasons["audio"] = TOO_QUIET
        else:
            return self.listening.encode_audio(end_s)
        return None
