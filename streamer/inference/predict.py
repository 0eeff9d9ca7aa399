"""`Model.predict`: one utterance from what a caller has of it, checked, through the same parts as the daemon's."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from streamer.faces import FaceDetector, FaceWatch, choose_speaker, open_detector
from streamer.faces.search import FaceSearch, shrunk
from streamer.faces.tracks import FAIR_SCORE
from streamer.features import AudioSpec, AudioStream, ContextTurn, FaceCropSpec
from streamer.features.arrays import Float32, UInt8
from streamer.inference import arguments
from streamer.inference.prediction import Prediction
from streamer.labels import Modality
from streamer.messages import CHUNK_SAMPLES, SAMPLE_RATE_HZ, Heard, VideoFrame
from streamer.segment import (
    QUIETEST_VOICE_DBFS,
    TOO_QUIET,
    VoiceActivity,
    level_dbfs,
    loudest_dbfs,
    open_voice_session,
)
from streamer.settings import FaceSettings, SourceSettings

if TYPE_CHECKING:
    from streamer.inference.model import Encoding, Model

_FEW: Final = 10
"""Pictures, at most, of which each is looked at by itself where no face could be followed."""


def predict(
    model: "Model",
    *,
    text: str | None,
    waveform: Float32 | None,
    frames: UInt8 | None,
    face_crops: UInt8 | None,
    times_s: Sequence[float] | None,
    speaker: str | None,
    context: Sequence[tuple[str | None, str]],
    earlier_waveforms: Sequence[Float32],
) -> Prediction:
    """See `Model.predict`."""
    if frames is not None and face_crops is not None:
        raise ValueError(
            "frames and face_crops exclude each other: give whole pictures, or faces that are cut out already"
        )
    encodings: dict[Modality, Encoding | None] = {}
    reasons: dict[Modality, str] = {}
    sound = None if waveform is None else arguments.waveform(waveform)
    heard_before = [arguments.waveform(wave) for wave in earlier_waveforms]
    if text is not None and arguments.text(text).strip():
        turns = [ContextTurn(*arguments.turn(turn)) for turn in context]
        encodings["text"] = model.encode_text(text, speaker=speaker, context=turns)
    elif text is not None:
        reasons["text"] = "no words"
    if sound is not None and loudest_dbfs(sound) < QUIETEST_VOICE_DBFS:
        reasons["audio"], sound = TOO_QUIET, None  # nor has a mouth anything to agree with
    elif sound is not None and model.manifest.audio is not None:
        spec = model.manifest.audio.spec
        encodings["audio"] = model.encode_audio(spec.extract(sound, _memories(spec, heard_before)))
    crops: UInt8 | None = None
    if face_crops is not None and model.manifest.video is not None:
        pictures = arguments.pictures("face_crops", face_crops)
        arguments.times(times_s, len(pictures))
        crops = np.stack([model.manifest.video.spec.resize(picture) for picture in pictures])
    elif frames is not None and model.manifest.video is not None:
        pictures = arguments.pictures("frames", frames)
        times = arguments.times(times_s, len(pictures))
        crops, reason = _faces(pictures, times, sound, model.manifest.video.spec)
        if reason is not None:
            reasons["video"] = reason
    if crops is not None and model.manifest.video is not None:
        encodings["video"] = model.encode_crops(crops[model.manifest.video.spec.pick(len(crops))])
    return model.fuse(encodings, reasons)


def _memories(spec: AudioSpec, waveforms: Sequence[Float32]) -> list[Float32]:
    """What the daemon would remember of them."""
    found = []
    voices = [waveform for waveform in waveforms if loudest_dbfs(waveform) >= QUIETEST_VOICE_DBFS]
    for waveform in voices[-spec.history_utterances :] if spec.history_utterances else ():
        stream: AudioStream = spec.stream()
        stream.push(waveform)
        if (memory := stream.memory()) is not None:
            found.append(memory)
    return found


def _faces(
    frames: UInt8, times_s: list[float], waveform: Float32 | None, spec: FaceCropSpec
) -> tuple[UInt8 | None, str | None]:
    """The crops of the face that speaks, or of the one most in view where no sound can tell that; or why there are none."""
    settings = _face_settings(frames)
    detector, note = open_detector(settings)
    if detector is None:
        return None, note
    watch = FaceWatch(detector, spec, settings)
    for time_s, picture in zip(times_s, frames, strict=True):
        watch.step(VideoFrame.of(time_s, picture))
    sightings = watch.ring.between(times_s[0], times_s[-1])
    if not sightings and len(frames) <= _FEW:
        return _each(frames, detector, spec, settings)
    # Of single pictures no mouth is seen to move: the voice cannot tell whose it is.
    agrees = waveform is not None and any(sighting.mouth_motion is not None for sighting in sightings)
    choice = choose_speaker(sightings, _heard(waveform) if agrees and waveform is not None else None)
    if choice.track_id is None:
        return None, choice.reason
    crops = [s.crop for s in sightings if s.track_id == choice.track_id and s.crop is not None]
    return (np.stack(crops), None) if crops else (None, "the speaking face was too briefly in view")


def _face_settings(frames: UInt8) -> FaceSettings:
    """The daemon's, whose pictures are made smaller before faces are looked for: of a larger one no smaller part may be a face."""
    usual, usual_px = FaceSettings(), SourceSettings.model_fields["max_width_px"].default
    return FaceSettings(min_face_px=round(usual.min_face_px * max(1.0, max(frames.shape[1:3]) / usual_px)))


def _each(
    frames: UInt8, detector: FaceDetector, spec: FaceCropSpec, settings: FaceSettings
) -> tuple[UInt8 | None, str | None]:
    """The surest face of each picture, where it is one that would be followed."""
    crops = []
    for picture in frames:
        search = FaceSearch(detector, settings)
        found = search.detect(0.0, shrunk(picture, search.zoom), ()) or []
        if found and found[0].score >= FAIR_SCORE:
            x0, y0, x1, y1 = (edge / search.zoom for edge in found[0].bbox_xyxy_px)
            crops.append(spec.crop(picture, (x0, y0, x1, y1), found[0].roll_deg or 0.0))
    return (np.stack(crops), None) if crops else (None, "no face in view")


def _heard(waveform: Float32) -> list[Heard]:
    voice = VoiceActivity(open_voice_session())
    heard = []
    for begin in range(0, waveform.shape[0], CHUNK_SAMPLES):
        chunk = waveform[begin : begin + CHUNK_SAMPLES]
        end_s = (begin + chunk.shape[0]) / SAMPLE_RATE_HZ
        heard.append(Heard(end_s, voice.push(chunk), level_dbfs(chunk)))
    return heard
