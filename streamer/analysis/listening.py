"""One utterance while it is being spoken: its sound, its words so far, and what the networks already made of them."""

from streamer.asr import Recognition
from streamer.features import AudioStream, ContextTurn
from streamer.features.arrays import Float32
from streamer.inference import Encoding, Model
from streamer.messages import SAMPLE_RATE_HZ, SpeechStarted, Transcript


class Listening:
    """The audio side of one open utterance; belongs to the analysis thread."""

    def __init__(
        self,
        started: SpeechStarted,
        model: Model,
        recognition: Recognition | None,
        earlier: tuple[Float32, ...] = (),
    ) -> None:
        """`earlier`: what the utterances before left for the audio network, see `Voices`."""
        self.number = started.utterance
        self.start_s = started.start_s
        self._model = model
        self._samples = 0
        part = model.manifest.audio
        self._features: AudioStream | None = part.spec.stream(earlier) if part else None
        self._recognition = recognition
        self._read: tuple[str, tuple[ContextTurn, ...], str | None, Encoding | None] | None = None
        self._voiced: tuple[int, Encoding | None] | None = None
        self._anticipated = 0
        self._provisional: Transcript | None = None
        self.push(started.waveform)

    @property
    def has_sound(self) -> bool:
        """False for a window of a source without a microphone."""
        return self._samples > 0

    def push(self, waveform: Float32) -> None:
        """The next samples: features and recognition go on with them at once."""
        if not waveform.shape[0]:
            return
        self._samples += waveform.shape[0]
        if self._features is not None:
            self._features.push(waveform)
        if self._recognition is not None:
            self._recognition.push(waveform)

    def words_so_far(self) -> str:
        """May change with every chunk."""
        return self._recognition.partial() if self._recognition is not None and self.has_sound else ""

    def speculate(self) -> None:
        """At a short pause: begin with the words of the whole utterance, on trust that this was its end."""
        if self._recognition is not None and self.has_sound:
            self._recognition.speculate()

    def has_read(self, words: str) -> bool:
        """Whether these are the words that the text network has read last."""
        return self._read is not None and self._read[0] == words

    def anticipate_voice(self) -> None:
        """While a pause lasts: encode the voice once no more of it is handed out, which is before the end is decided."""
        if self._samples == self._anticipated:
            self.encode_audio()
        self._anticipated = self._samples

    @property
    def is_settled(self) -> bool:
        """In a pause: whether words and voice are there as the end will find them, if this is it."""
        if self._recognition is not None and self.provisional() is None:
            return False
        return self._features is None or (self._voiced is not None and self._voiced[0] == self._samples)

    def provisional(self) -> Transcript | None:
        """In a pause: the words if this is the end; None until they are known, or without a recogniser."""
        if self._provisional is None and self._recognition is not None:
            self._provisional = self._recognition.provisional()
        return self._provisional

    def resume(self) -> None:
        """It was not the end."""
        self._provisional = None
        if self._recognition is not None:
            self._recognition.resume()

    def transcript(self, end_s: float) -> Transcript | None:
        """The words up to `end_s`; None without a recogniser."""
        if self._recognition is None:
            return None
        return self._recognition.finish(end_s - self.start_s)

    def encode_text(self, words: str, context: tuple[ContextTurn, ...], speaker: str | None) -> Encoding | None:
        """The words as the text network reads them; kept, since at the end they are mostly those of the last pause."""
        if self._read is None or self._read[:3] != (words, context, speaker):
            encoding = self._model.encode_text(words, speaker=speaker, context=context)
            self._read = (words, context, speaker, encoding)
        return self._read[3]

    def encode_audio(self, end_s: float | None = None) -> Encoding | None:
        """The voice so far, or up to `end_s` where the utterance was cut before what has been heard; kept as the words are."""
        if self._features is None or not self.has_sound:
            return None
        samples = self._until(end_s)
        if self._voiced is None or self._voiced[0] != samples:
            self._voiced = (samples, self._model.encode_audio(self._features.features(samples)))
        return self._voiced[1]

    def memory(self, end_s: float) -> Float32 | None:
        """What the utterances after this one are told of its voice, up to `end_s`; None where there is nothing to tell."""
        if self._features is None or not self.has_sound:
            return None
        return self._features.memory(self._until(end_s))

    def _until(self, end_s: float | None) -> int:
        """Samples heard, or fewer."""
        return self._samples if end_s is None else min(self._samples, round((end_s - self.start_s) * SAMPLE_RATE_HZ))
