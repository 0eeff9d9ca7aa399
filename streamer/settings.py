"""Every setting of the daemon, typed, with its default, once. `streamer/configuration.py` fills them from flags, environment and file.

No number here changes what a network sees: that is the bundle's.
"""

import os.path
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from streamer import languages
from streamer.config_errors import WrongKeyError

DEFAULT_BIND: Final = "tcp://127.0.0.1:5599"
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]

# os.path leaves the `~` of a user whom nobody knows where it is; pathlib raises.
HomePath = Annotated[Path, AfterValidator(lambda path: Path(os.path.expanduser(path)))]  # noqa: PTH111
"""A path; `~` is the home folder, which no shell has put into what stands in a file or a variable."""
Url = Annotated[str, AfterValidator(os.path.expanduser)]
"""An address, or the name of a file, of which the same is true."""


class Section(BaseModel):
    """A table of `config.toml`; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)


class SourceSettings(Section):
    """One `[[source]]`: a camera and a microphone, or one file or stream."""

    name: Name = "live"
    """Appears in topics."""
    url: Url | None = None
    """A file, `rtsp://`, `udp://`, `http://`; excludes camera and mic."""
    camera: int | str | None = None
    """Index, or a device path such as `/dev/v4l/by-id/…`."""
    mic: str | None = None
    """`default`, or part of the device's name; none for no microphone."""
    channel: int | None = Field(None, ge=1)
    """Of its sound, the one channel that is heard, counted from 1: of a call that has one speaker in each. None: all of them, mixed."""
    pace: Literal["realtime", "fast"] = "realtime"
    """For files: as fast as they would be heard, or as fast as they can be read."""
    subtitles: HomePath | None = None
    """An SRT file whose words are taken instead of speech recognition."""
    max_width_px: int = Field(640, ge=64)
    """Wider pictures are scaled down to this before faces are looked for in them; sizes of faces are in pixels after that."""
    max_fps: float = Field(25.0, gt=0)
    """Pictures that come faster are left out: decoded, since others refer to them, but neither converted nor looked at."""

    @model_validator(mode="after")
    def _has_an_input(self) -> "SourceSettings":
        if self.url is not None and (self.camera is not None or self.mic is not None):
            raise ValueError("url excludes camera and mic: a file or stream brings its own sound and pictures")
        if self.url is None and self.camera is None and self.mic is None:
            raise ValueError("has neither url, camera nor mic; `streamer devices` lists what is there")
        if self.channel is not None and self.url is None and self.mic is None:
            raise ValueError("channel is one of a microphone or of a url, and it has neither")
        return self


AHEAD_S: Final = 20.0
"""How far sound and pictures may at most be ahead of the analysis that asks for them; `streamer/app.py` sees to it."""
PAUSE_S: Final = 0.16
"""A silence that is longer than most gaps inside a sentence (`python -m benchmarks.segmentation --set pause_s=…` counts)."""


class SegmentSettings(Section):
    """When speech begins and ends."""

    onset: float = Field(0.4, ge=0, le=1)
    """Speech probability above which a voice begins."""
    offset: float = Field(0.2, ge=0, le=1)
    """Below which it pauses; lower than `onset`, so that it does not flicker."""
    min_speech_s: float = Field(0.15, gt=0)
    """Less voice than this is a cough, not an utterance."""
    pause_s: float | None = Field(None, gt=0)
    """Silence after which the words so far are recognised on trust; unless named, as the recogniser likes it."""
    min_silence_s: float = Field(0.4, gt=0)
    """Silence that ends an utterance; shorter pauses belong to it."""
    pad_s: float = Field(0.2, ge=0)
    """Kept before the first and after the last voice."""
    max_utterance_s: float = Field(12.0, gt=1)
    """A longer one is cut at its best pause."""
    window_s: float = Field(3.0, gt=0.5)
    """Without a microphone: length of the windows in which a face is judged."""

    @property
    def kept_s(self) -> float:
        """How long what was heard and seen is kept, so that the longest utterance or window is judged by all of it."""
        return max(self.max_utterance_s, self.window_s) + AHEAD_S

    @model_validator(mode="after")
    def _in_order(self) -> "SegmentSettings":
        if self.offset > self.onset:
            raise ValueError(f"offset {self.offset} is above onset {self.onset}")
        if self.pause_s is not None and self.pause_s > self.min_silence_s:
            raise ValueError(f"pause_s {self.pause_s} is longer than min_silence_s {self.min_silence_s}")
        if self.pad_s > self.min_silence_s:
            raise ValueError(f"pad_s {self.pad_s} is longer than min_silence_s {self.min_silence_s}")
        if self.pad_s + self.min_speech_s >= self.max_utterance_s:
            raise ValueError(
                f"max_utterance_s {self.max_utterance_s} leaves no room for min_speech_s {self.min_speech_s} after pad_s {self.pad_s}"
            )
        return self


class FaceSettings(Section):
    """How faces are found."""

    detector: Literal["auto", "yunet", "haar", "none"] = "auto"
    detect_hz: float = Field(5.0, gt=0)
    """Detections a second; between them faces are followed."""
    min_face_px: int = Field(40, ge=16)
    """Smaller ones are left alone. Pictures are shrunk until a face of this size has the 20 px that a detector needs: half of it takes two
    to four times the work, and below 20 nothing is gained."""
    max_faces: int = Field(4, ge=1)
    """Followed at once. New ones take the free places, the largest first; one that is followed keeps its place until it is gone."""


class AsrSettings(Section):
    """How words are recognised."""

    engine: Literal["auto", "faster-whisper", "pocketsphinx", "none"] = "auto"
    model: str = "auto"
    """Of faster-whisper: `auto` picks by device, or a name (`tiny`, `small`, …), or a folder."""
    language: Annotated[str, AfterValidator(languages.known)] = "en"
    """Of the speech; `auto` lets Whisper tell. The shipped text network reads English: other words are published, not judged."""
    min_confidence: float = Field(0.5, ge=0, le=1)
    """Below it, the words are published but not used for the emotion."""


class InferenceSettings(Section):
    """Where the networks run."""

    bundle: HomePath | None = None
    """A folder that `python -m exporters export` wrote; none for the shipped one."""
    provider: Literal["auto", "cpu", "cuda", "tensorrt"] = "auto"
    require_gpu: bool = False
    """Stop at start-up rather than run on the CPU."""
    threads: int = Field(1, ge=1, le=256)
    """Of each session; more seldom helps networks of this size."""
    sources_per_process: int = Field(4, ge=1)
    """More sources than this are shared out to several processes, at most one for each core; each loads the networks. Without a GPU."""
    batching: Literal["auto", "on", "off"] = "auto"
    """Whether calls of several sources that meet run as one; `auto` does it with CUDA."""
    cuda_graphs: bool = False
    """Record each shape's run on the GPU once, and play it again."""
    tensorrt_fp16: bool = False
    """TensorRT may compute in half precision."""
    partial_every_s: float = Field(0.4, gt=0)
    """Time between `partial` events."""


class PublishSettings(Section):
    """Where events go."""

    bind: str = DEFAULT_BIND
    encoding: Literal["json", "msgpack"] = "json"
    high_water_mark: int = Field(1000, ge=1, le=1_000_000)
    """Events that wait for a slow subscriber before its next ones are dropped."""
    state_every_s: float = Field(0.25, gt=0)
    record: HomePath | None = None
    """A JSON Lines file that gets every event but heartbeats; one that exists is appended to."""
    keys: HomePath | None = None
    """The folder `DIR/server` that `streamer keys DIR` makes; needed to bind anything but loopback and ipc."""


class Settings(Section):
    """The whole of `config.toml`."""

    source: tuple[SourceSettings, ...] = ()
    segment: SegmentSettings = SegmentSettings()
    faces: FaceSettings = FaceSettings()
    asr: AsrSettings = AsrSettings()
    inference: InferenceSettings = InferenceSettings()
    publish: PublishSettings = PublishSettings()
    offline: bool = False
    """Never ask a model hub for anything."""

    @field_validator("source")
    @classmethod
    def _distinct_names(cls, sources: tuple[SourceSettings, ...]) -> tuple[SourceSettings, ...]:
        places: dict[str, int] = {}
        for index, source in enumerate(sources):
            if (first := places.setdefault(source.name, index)) != index:
                said = f"{source.name} is the name of source.{first} too; each source needs its own"
                raise WrongKeyError(f"source.{index}.name", said)
        return sources
