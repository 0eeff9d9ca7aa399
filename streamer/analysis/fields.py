"""How faces and words stand in events: whole pixels, three decimals, null for what is not there."""

from streamer.faces import SpeakerChoice
from streamer.features.face_crops import Box
from streamer.messages import Transcript
from streamer.wire import FaceField, TranscriptField


def face_field(track_id: int, bbox_xyxy_px: Box, score: float) -> FaceField:
    """A face that is followed."""
    x0, y0, x1, y1 = (round(value) for value in bbox_xyxy_px)
    return FaceField(track_id=track_id, bbox_xyxy_px=(x0, y0, x1, y1), score=round(score, 3))


def speaker_field(speaker: SpeakerChoice) -> FaceField | None:
    """The face that speaks; None where none was chosen."""
    if speaker.track_id is None or speaker.bbox_xyxy_px is None:
        return None
    return face_field(speaker.track_id, speaker.bbox_xyxy_px, speaker.score)


def transcript_field(transcript: Transcript | None) -> TranscriptField | None:
    """The words; None where there are none."""
    if transcript is None or not transcript.text:
        return None
    confidence = None if transcript.confidence is None else round(transcript.confidence, 3)
    return TranscriptField(text=transcript.text, confidence=confidence, engine=transcript.engine)
