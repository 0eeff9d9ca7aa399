"""Faces: found, followed, and tied to the voice. `FaceWatch` is the stage, `FaceRing` what it leaves for the analysis."""

from streamer.faces.detection import Detection, FaceDetector
from streamer.faces.registry import DETECTORS, open_detector
from streamer.faces.ring import FaceRing
from streamer.faces.speaking import LEAD_IN_S, SpeakerChoice, choose_speaker
from streamer.faces.watch import FaceWatch

__all__ = [
    "DETECTORS",
    "LEAD_IN_S",
    "Detection",
    "FaceDetector",
    "FaceRing",
    "FaceWatch",
    "SpeakerChoice",
    "choose_speaker",
    "open_detector",
]
