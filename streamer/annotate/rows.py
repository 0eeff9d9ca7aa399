"""One row for each utterance: the same flat columns in JSON Lines and in Parquet."""

from typing import Any, Final, NamedTuple

from streamer.labels import EMOTIONS, MODALITIES, SENTIMENTS, Modality
from streamer.wire import EmotionField, Utterance

Row = dict[str, Any]


class Judged(NamedTuple):
    """What is in a recording."""

    rows: list[Row]
    trouble: str | None = None
    """Why it was read in part only; None where all of it was."""


COLUMNS: Final[dict[str, type]] = {
    "file": str,
    "channel": int,
    "id": str,
    "start_s": float,
    "end_s": float,
    "text": str,
    "text_confidence": float,
    "asr": str,
    "track_id": int,
    "speaker_score": float,
    "emotion": str,
    "emotion_uncertain": bool,
    **{f"emotion_{label}": float for label in EMOTIONS},
    "sentiment": str,
    "sentiment_uncertain": bool,
    **{f"sentiment_{label}": float for label in SENTIMENTS},
    **{f"{modality}_emotion": str for modality in MODALITIES},
    **{f"{modality}_weight": float for modality in MODALITIES},
    **{f"{modality}_reason": str for modality in MODALITIES},
    "bundle": str,
    "bundle_sha256": str,
}
"""Name and type, in the order of `row`; what stands for a channel, words or a face may be null."""


def row(file: str, channel: int | None, said: Utterance) -> Row:
    """The columns of one utterance; `file` is its path inside the folder, `channel` the one that was heard, None for all of them."""
    words, face = said.transcript, said.speaker
    return {
        "file": file,
        "channel": channel,
        "id": said.id,
        "start_s": said.start_s,
        "end_s": said.end_s,
        "text": words.text if words else None,
        "text_confidence": words.confidence if words else None,
        "asr": words.engine if words else None,
        "track_id": face.track_id if face else None,
        "speaker_score": face.score if face else None,
        "emotion": said.emotion.label,
        "emotion_uncertain": said.emotion.uncertain,
        **{f"emotion_{label}": said.emotion.probs[label] for label in EMOTIONS},
        "sentiment": said.sentiment.label,
        "sentiment_uncertain": said.sentiment.uncertain,
        **{f"sentiment_{label}": said.sentiment.probs[label] for label in SENTIMENTS},
        **{f"{modality}_emotion": alone.label if alone else None for modality, alone in _alone(said)},
        **{f"{modality}_weight": said.modalities[modality].weight for modality in MODALITIES},
        **{f"{modality}_reason": said.modalities[modality].reason for modality in MODALITIES},
        "bundle": f"{said.bundle.name} {said.bundle.version}",
        "bundle_sha256": said.bundle.sha256,
    }


def _alone(said: Utterance) -> list[tuple[Modality, EmotionField | None]]:
    return [(modality, said.modalities[modality].emotion) for modality in MODALITIES]
