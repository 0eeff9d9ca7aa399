"""What is known of a machine, and what is said about it. Nothing is looked up or judged here."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

Status = Literal["ok", "warn", "fail"]

CPU: Final = "CPUExecutionProvider"

OPENCV_WHEELS: Final = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
"""All of them write the same folder `cv2`."""
NEEDED: Final = {
    "av": "av>=17,<20",
    "cv2": "opencv-python-headless>=4.13,<5",
    "faster_whisper": "faster-whisper>=1.2,<2",
    "msgspec": "msgspec>=0.20",
    "numpy": "numpy>=2.0",
    "onnxruntime": "onnxruntime>=1.23",
    "pydantic": "pydantic>=2.12",
    "soxr": "soxr>=1.0",
    "tokenizers": "tokenizers>=0.21",
    "zmq": "pyzmq>=27",
}
"""The modules that the daemon cannot do without, and what brings each, as `pyproject.toml` has it."""
PACKAGES: Final = (
    "affect-streamer",
    "av",
    "ctranslate2",
    "faster-whisper",
    "msgspec",
    "numpy",
    "onnxruntime",
    "onnxruntime-gpu",
    *OPENCV_WHEELS,
    "nvidia-cublas-cu12",
    "pocketsphinx",
    "pyzmq",
    "sounddevice",
    "soxr",
    "tokenizers",
)
"""Distributions whose versions matter when something does not work."""


VOICE_ACTIVITY: Final = "voice activity"
"""The network that comes with faster-whisper, not with the bundle."""


@dataclass(frozen=True, slots=True)
class SessionFact:
    """One network on ONNX Runtime."""

    name: str
    provider: str | None
    """The execution provider that it really got; None where it could not be made."""
    error: str | None = None
    """Why it could not be made; or, where it was, why not on the GPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One machine. The defaults are those of one on which everything works on the CPU."""

    python: tuple[int, int, int] = (3, 11, 0)
    versions: dict[str, str] = field(default_factory=dict)
    """Of the installed among `PACKAGES`, by distribution."""
    broken_imports: dict[str, str] = field(default_factory=dict)
    """Those of `NEEDED` that cannot be imported, and why."""
    built_in_providers: tuple[str, ...] = ("CPUExecutionProvider",)
    """What the onnxruntime that is imported was built with; says nothing of the machine."""
    settings: str = "the defaults"
    """Where they come from: `config.toml`, where one lies here."""
    settings_error: str | None = None
    """What is wrong with them, if anything."""
    sessions: tuple[SessionFact, ...] = ()
    bundle: str = "small 1"
    own_bundle: Path | None = None
    """The folder that the settings name, in the place of the shipped one."""
    gpu_asked: bool = False
    """The settings name a GPU's provider, ..."""
    gpu_required: bool = False
    """... or let nothing start without one."""
    gpus: tuple[str, ...] = ()
    """By name, as the NVIDIA driver tells."""
    cublas_12: bool = False
    """Whether CTranslate2 would find `libcublas.so.12`."""
    haar: bool = True
    """Whether this OpenCV has Haar cascades."""
    portaudio_error: str | None = None
    microphones: tuple[str, ...] = ("default",)
    cameras: tuple[str, ...] = ("camera",)
    asr_engine: str = "auto"
    """As the settings have it."""
    whisper: str | None = None
    """The Whisper that would be used here, with these settings on this device."""
    whisper_to_pull: str = "tiny.en"
    """The one that would be best here."""
    asr_error: str | None = None
    """Why the settings' choice of one cannot work."""
    models: dict[str, Path | None] = field(default_factory=dict)
    """Pinned models, and where each lies; None where it is absent."""
    store: Path = Path("models")
    store_writable: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    status: Status
    about: str
    said: str
    mend: str | None = None
    """A command, where one mends it."""
