"""Drafts of events as a daemon would make them: a talk of a few minutes, the same each time."""

import itertools
from collections.abc import Iterator
from typing import Final

from streamer.labels import EMOTIONS, MODALITIES, SENTIMENTS, SENTIMENTS_OF, Emotion, Modality, Sentiment
from streamer.wire import (
    UNSTAMPED,
    Activity,
    BundleField,
    EmotionField,
    Engines,
    Event,
    FaceField,
    Heartbeat,
    ModalityField,
    Partial,
    SentimentField,
    State,
    TranscriptField,
    Utterance,
)

BUNDLE: Final = BundleField(name="small", version="1", sha256="3fa2b1c0" * 8)
SAID: Final[list[tuple[str, Emotion, float, tuple[Emotion, ...]]]] = [
    ("Good morning everyone, thank you for coming.", "neutral", 0.72, ()),
    ("I can't believe it!", "surprise", 0.55, ("joy",)),
    ("This is the best news that we have had all year, really.", "joy", 0.81, ()),
    ("But nobody told us about the second delay, and that is not acceptable.", "anger", 0.66, ()),
    ("I am so sorry.", "sadness", 0.49, ("neutral",)),
    ("That smell is awful.", "disgust", 0.44, ("anger", "fear")),
    ("What if it happens again?", "fear", 0.58, ()),
    ("Well, let us see what tomorrow brings.", "neutral", 0.64, ()),
]
SILENT: Final[dict[Modality, str]] = {"video": "no face in view"}


def emotion(label: Emotion, top: float, others: tuple[Emotion, ...] = ()) -> EmotionField:
    """`label` with probability `top`; the rest falls off over `others` and then the remaining labels."""
    rest = [*others, *(name for name in EMOTIONS if name != label and name not in others)]
    weights = [0.6**place for place in range(len(rest))]
    probs = {label: top} | {name: (1 - top) * weight / sum(weights) for name, weight in zip(rest, weights, strict=True)}
    ordered = {name: round(probs[name], 4) for name in EMOTIONS}
    return EmotionField(label=label, probs=ordered, set=[label, *others], uncertain=bool(others))


def sentiment(of: Emotion, top: float = 0.8) -> SentimentField:
    """The one that belongs to an emotion."""
    label: Sentiment = SENTIMENTS_OF[of][-1]
    probs = {name: top if name == label else round((1 - top) / 2, 4) for name in SENTIMENTS}
    return SentimentField(label=label, probs=probs, set=[label], uncertain=False)


def modalities(masked: dict[Modality, str]) -> dict[Modality, ModalityField]:
    """Text, audio and video, but for the masked ones."""
    weights = {"text": 0.6, "audio": 0.25, "video": 0.15}
    total = sum(weight for name, weight in weights.items() if name not in masked)
    return {
        name: ModalityField(used=False, weight=0.0, reason=masked[name])
        if name in masked
        else ModalityField(used=True, weight=round(weights[name] / total, 4), reason=None)
        for name in MODALITIES
    }


def face(track_id: int = 1, score: float = 0.91) -> FaceField:
    """Somewhere in the picture."""
    return FaceField(track_id=track_id, bbox_xyxy_px=(212, 80, 330, 231), score=score)


def heartbeat(*sources: str, error: str | None = None) -> Heartbeat:
    """Of a daemon that has run for a while."""
    return Heartbeat(
        **UNSTAMPED,
        source=None,
        version="0.1.0",
        uptime_s=172.4,
        sources=list(sources),
        published=1240,
        overflows=0,
        error=error,
    )


def utterance(
    source: str, number: int, start_s: float, end_s: float, masked: dict[Modality, str] | None = None
) -> Utterance:
    """The `number`-th thing said, going round."""
    text, label, top, others = SAID[number % len(SAID)]
    masked = masked or {}
    return Utterance(
        **UNSTAMPED,
        source=source,
        id=f"{source}-{number}",
        start_s=start_s,
        end_s=end_s,
        transcript=None
        if "text" in masked
        else TranscriptField(text=text, confidence=0.83, engine="pocketsphinx/en-us"),
        speaker=None if "video" in masked else face(),
        emotion=emotion(label, top, others),
        sentiment=sentiment(label),
        modalities=modalities(masked),
        latency_ms={"endpoint": 402.1, "asr": 3.0, "text": 7.2, "audio": 4.4, "video": 6.1, "fusion": 0.6},
        bundle=BUNDLE,
    )


def partial(source: str, number: int, start_s: float, end_s: float, words: int = 5) -> Partial:
    """The beginning of the `number`-th thing said."""
    text, label, top, others = SAID[number % len(SAID)]
    return Partial(
        **UNSTAMPED,
        source=source,
        id=f"{source}-{number}",
        start_s=start_s,
        end_s=end_s,
        transcript=TranscriptField(text=" ".join(text.split()[:words]), confidence=None, engine="pocketsphinx/en-us"),
        emotion=emotion(label, top * 0.8, others),
        sentiment=sentiment(label, 0.6),
        modalities=modalities({"text": "the words may still change"}),
    )


def state(
    source: str,
    stream_s: float,
    activity: Activity = "idle",
    *,
    speech_prob: float | None = 0.04,
    faces: tuple[FaceField, ...] = (),
    speaking: int | None = None,
    error: str | None = None,
    utterances: int = 0,
) -> State:
    """How a source does."""
    return State(
        **UNSTAMPED,
        source=source,
        stream_s=stream_s,
        activity=activity,
        speech_prob=speech_prob,
        level_dbfs=None if speech_prob is None else -21.0 if activity == "speaking" else -52.0,
        faces=list(faces),
        speaker_track_id=speaking,
        inputs={"audio": None if speech_prob is None else "USB microphone", "video": "/dev/video0"},
        engines=Engines(
            asr="pocketsphinx/en-us",
            detector="yunet",
            providers=dict.fromkeys(("text", "audio", "video", "fusion"), "CPUExecutionProvider"),
            bundle=BUNDLE,
        ),
        reasons={} if faces else SILENT,
        dropped={"audio": 0, "video": 3 if error else 0},
        utterances=utterances,
        latency_ms={},
        error=error,
    )


def talk(source: str = "cam", *, until_s: float = 172.0, ends: bool = False) -> Iterator[Event]:
    """Somebody talks, stops, talks on; in the middle of a sentence we leave, or else the stream ends."""
    faces = (face(1, 0.98), face(2, 0.93))
    yield heartbeat(source)
    yield state(source, 0.0, "starting")
    now_s = 1.2
    for number in itertools.count():
        length_s = 1.0 + len(SAID[number % len(SAID)][0]) * 0.07
        if now_s + length_s > until_s:
            break
        for part in range(1, 4):
            yield state(source, now_s, "speaking", speech_prob=0.97, faces=faces, speaking=1, utterances=number)
            yield partial(source, number, now_s, now_s + length_s * part / 4, words=2 * part)
        masked = SILENT if number % 5 == 4 else {}
        yield utterance(source, number, round(now_s, 2), round(now_s + length_s, 2), masked)
        now_s += length_s
        yield state(source, now_s + 0.4, "idle", faces=faces, utterances=number + 1)
        now_s += 1.4 + (number % 3) * 1.6
    if ends:
        yield state(source, until_s, "ended", utterances=number)
        return
    yield state(source, until_s, "speaking", speech_prob=0.93, faces=faces, speaking=1, utterances=number)
    yield partial(source, number, until_s - 1.9, until_s)
