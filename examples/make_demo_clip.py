"""Make `streamer/demo/clip.mp4`, a portrait whose mouth moves with a synthetic voice, and the times of its sentences, `clip.rttm`.

    apt-get install flite                # the voice
    pip install scikit-image             # the portrait (in the extra `dev`)
    python examples/make_demo_clip.py streamer/demo/clip.mp4

Sources and licences: `streamer/demo/PROVENANCE.md`. The picture is slowly panned and zoomed; the lower lip and the jaw follow the
loudness of the voice and nothing else in the face moves, which is what the choice of the speaking face looks for.
"""

import subprocess
import sys
import tempfile
import wave
from fractions import Fraction
from pathlib import Path
from typing import Final, NamedTuple

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

SENTENCES: Final = (
    "We will meet at the office on Monday.",
    "I love you, this is wonderful!",
    "Leave me alone, I hate you!",
    "Something is out there, I'm really scared.",
    "I feel so sad and alone.",
    "The smell is really disgusting.",
    "What a wonderful surprise!",
)
"""One for each emotion, in words that pocketsphinx's English model gets right in this voice."""
VOICE: Final = "slt"
SAMPLE_RATE_HZ: Final = 16_000
LEAD_S: Final = 1.0
PAUSE_S: Final = 0.95
SPEECH_RMS: Final = 0.1
ROOM_NOISE_RMS: Final = 0.0008
"""No room is digitally silent."""

FPS: Final = 25
WIDTH_PX: Final = 640
HEIGHT_PX: Final = 480

Float = NDArray[np.float32]


class Mouth(NamedTuple):
    """Where the mouth is in scikit-image's `astronaut` (512 x 512 px)."""

    x: float = 224.0
    teeth_y: float = 149.0
    """The lower edge of the upper teeth, in the middle; everything above stands still."""
    smile: float = 8.0
    """How much higher the corners are than the middle."""
    jaw_y: float = 161.0
    """Down to here everything moves as far as the lip; from here on less and less."""
    neck_y: float = 187.0
    """From here on nothing moves."""
    half_width: float = 23.0
    opening: float = 8.0
    """How far the lip goes down in the loudest moment."""


def say(sentence: str, voice: str = VOICE) -> Float:
    """[samples] in [-1, 1] at `SAMPLE_RATE_HZ`, without the silence that flite puts around it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "voice.wav"
        subprocess.run(["flite", "-voice", voice, "-t", sentence, "-o", str(path)], check=True)
        with wave.open(str(path)) as file:
            if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (SAMPLE_RATE_HZ, 1, 2):
                raise SystemExit(f"flite's voice {voice} is not {SAMPLE_RATE_HZ} Hz mono 16 bit")
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    spoken = samples[loud[0] : loud[-1] + 1]
    level = float(np.sqrt(np.mean(spoken**2)))
    return np.asarray(spoken * (SPEECH_RMS / level), np.float32)


def soundtrack(voices: list[Float]) -> Float:
    """[samples]: all sentences with pauses between them, over the faint noise of a room."""
    pause = np.zeros(round(PAUSE_S * SAMPLE_RATE_HZ), np.float32)
    pieces = [np.zeros(round(LEAD_S * SAMPLE_RATE_HZ), np.float32)]
    for voice in voices:
        pieces += [voice, pause]
    track = np.concatenate(pieces)
    noise = np.random.default_rng(0).normal(0, ROOM_NOISE_RMS, track.shape)
    return np.clip(track + noise, -1, 1).astype(np.float32)


def times(voices: list[Float], name: str) -> str:
    """When each sentence is spoken, to a millisecond, as RTTM: what `streamer bench` holds the daemon against."""
    lines, at_s = [], LEAD_S
    for voice in voices:
        length_s = len(voice) / SAMPLE_RATE_HZ
        lines.append(f"SPEAKER {name} 1 {at_s:.3f} {length_s:.3f} <NA> <NA> {VOICE} <NA> <NA>\n")
        at_s += length_s + PAUSE_S
    return "".join(lines)


def mouth_opening(track: Float) -> Float:
    """[frames] in [0, 1]: how far the mouth is open in each video frame, from the loudness around it."""
    step = SAMPLE_RATE_HZ // FPS
    frames = len(track) // step
    loudness = np.sqrt(np.mean(track[: frames * step].reshape(frames, step) ** 2, axis=1))
    smooth = np.convolve(loudness, [0.25, 0.5, 0.25], "same")
    opening = np.clip((smooth - 0.012) / 0.15, 0, 1) ** 0.7
    return opening.astype(np.float32)


def frame(portrait: NDArray[np.uint8], at_s: float, opening: float, mouth: Mouth) -> NDArray[np.uint8]:
    """[HEIGHT_PX, WIDTH_PX, 3] RGB: the portrait as a slowly moving camera sees it."""
    zoom = 1.45 + 0.12 * np.sin(2 * np.pi * at_s / 17.0)
    centre_x = 240 + 12 * np.sin(2 * np.pi * at_s / 13.0)
    centre_y = 178 + 6 * np.sin(2 * np.pi * at_s / 11.0)
    y, x = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX].astype(np.float32)
    x = (x - WIDTH_PX / 2) / zoom + centre_x
    y = (y - HEIGHT_PX / 2) / zoom + centre_y

    aside = np.clip((x - mouth.x) / mouth.half_width, -1, 1)
    edge_y = mouth.teeth_y - mouth.smile * aside**2
    across = np.cos(np.pi / 2 * aside) ** 2
    down = np.cos(np.pi / 2 * np.clip((y - mouth.jaw_y) / (mouth.neck_y - mouth.jaw_y), 0, 1)) ** 2
    shift = opening * mouth.opening * across * down
    below = y > edge_y
    warped = cv2.remap(
        portrait,
        x.astype(np.float32),
        np.where(below, np.maximum(y - shift, edge_y), y).astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    inside = np.clip(shift - (y - edge_y), 0, 1.5) / 1.5 * below  # between the teeth and the lowered lip
    dark = np.array([58, 18, 20], np.float32)
    picture = warped + inside[..., None] * (dark - warped)
    return np.asarray(np.clip(np.rint(picture), 0, 255), np.uint8)


def write(path: Path, track: Float, crf: int = 25) -> None:
    """H.264 and AAC in MP4; one thread and fixed settings, so that the same libraries write the same bytes."""
    portrait = data.astronaut()
    mouth = Mouth()
    with av.open(str(path), "w", options={"movflags": "+faststart", "fflags": "+bitexact"}) as container:
        video = container.add_stream(
            "libx264",
            rate=FPS,
            options={"crf": str(crf), "preset": "veryslow", "threads": "1", "x264-params": "keyint=125"},
        )
        video.width, video.height, video.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        audio = container.add_stream("aac", rate=SAMPLE_RATE_HZ, layout="mono", options={"flags": "+bitexact"})
        audio.bit_rate = 48_000
        for index, opening in enumerate(mouth_opening(track)):
            picture = av.VideoFrame.from_ndarray(frame(portrait, index / FPS, float(opening), mouth), format="rgb24")
            picture.pts, picture.time_base = index, Fraction(1, FPS)
            container.mux(video.encode(picture))
        sound = av.AudioFrame.from_ndarray(track[None, :], format="fltp", layout="mono")
        sound.sample_rate, sound.pts, sound.time_base = SAMPLE_RATE_HZ, 0, Fraction(1, SAMPLE_RATE_HZ)
        container.mux(audio.encode(sound))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python examples/make_demo_clip.py CLIP.mp4")
    clip = Path(sys.argv[1])
    spoken = [say(sentence) for sentence in SENTENCES]
    write(clip, soundtrack(spoken))
    clip.with_suffix(".rttm").write_text(times(spoken, clip.stem), encoding="utf-8")
    print(f"{clip}: {clip.stat().st_size / 1e3:.0f} kB")
