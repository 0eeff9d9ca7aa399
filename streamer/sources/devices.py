"""The microphones and cameras of this machine."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streamer.sources import portaudio

VIDEO_DEVICES: Final = Path("/sys/class/video4linux")


@dataclass(frozen=True, slots=True)
class MicrophoneInfo:
    """A sound input, as PortAudio names it."""

    index: int
    name: str
    """Any part of it chooses the microphone: `--mic NAME`."""
    channels: int
    sample_rate_hz: int
    """Its own rate."""
    is_default: bool


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """A camera, as the kernel names it."""

    index: int
    """`--camera INDEX`."""
    name: str
    path: str
    """`/dev/video0`."""


def list_microphones() -> tuple[MicrophoneInfo, ...]:
    """Every sound input, in PortAudio's order.

    Raises:
        DeviceError: PortAudio is not installed, or does not answer.
    """
    default, devices = portaudio.known_devices()
    return tuple(
        MicrophoneInfo(
            index=device["index"],
            name=device["name"],
            channels=device["max_input_channels"],
            sample_rate_hz=round(device["default_samplerate"]),
            is_default=device["index"] == default,
        )
        for device in devices
        if device["max_input_channels"] > 0
    )


def list_cameras(video_devices: Path = VIDEO_DEVICES) -> tuple[CameraInfo, ...]:
    """Every camera that the kernel knows (Linux only), by index.

    A camera has several nodes; the first one of each gives pictures, the others describe them.
    """
    cameras = []
    for node in video_devices.glob("video*"):
        number = node.name.removeprefix("video")
        if number.isdigit() and _read(node / "index", "0") == "0":
            cameras.append(CameraInfo(int(number), _read(node / "name", "unnamed"), f"/dev/{node.name}"))
    return tuple(sorted(cameras, key=lambda camera: camera.index))


def microphones_there() -> str:
    """What could be chosen instead, for the end of an error message."""
    names = [f"{mic.name!r}{' (default)' if mic.is_default else ''}" for mic in list_microphones()]
    return f"microphones here: {', '.join(names)}" if names else "there is no microphone here"


def cameras_there() -> str:
    """What could be chosen instead, for the end of an error message."""
    names = [f"{camera.index} ({camera.name}, {camera.path})" for camera in list_cameras()]
    return f"cameras here: {', '.join(names)}" if names else "there is no camera here"


def _read(file: Path, otherwise: str) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError:
        return otherwise
