"""Packets in, sound and frames out: what one stream of a container becomes, damaged parts left out and counted."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from streamer.features.arrays import Float32
from streamer.sources.downmix import to_mono
from streamer.sources.trouble import CountedTrouble

if TYPE_CHECKING:
    import av
    from av.audio.stream import AudioStream
    from av.packet import Packet
    from av.video.stream import VideoStream
    from numpy.typing import NDArray


class DecodedSound(NamedTuple):
    """What one frame of sound holds."""

    time_s: float | None
    """Of the first sample, on the container's time line; None where the container does not say."""
    waveform: Float32
    """[samples], mono, in [-1, 1]."""
    sample_rate_hz: int


class DecodedPicture(NamedTuple):
    """One picture as stored: not yet scaled, converted or turned, which is dear."""

    time_s: float
    """On the container's time line."""
    frame: "av.VideoFrame"

    @property
    def due_s(self) -> float:
        """When it is complete."""
        return self.time_s


def _time_s(stamp: int | None, time_base: Fraction | None) -> float | None:
    return None if stamp is None or time_base is None else float(stamp * time_base)


def _samples(frame: "av.AudioFrame") -> "NDArray[Any]":
    """[channels, samples] of the frame's own type."""
    if frame.format.name in {"s64", "s64p"}:  # NumPy has it, and PyAV's way there has not
        import av

        (frame,) = av.AudioResampler(format="dblp").resample(frame)
    samples = frame.to_ndarray()
    return samples if frame.format.is_planar else samples.reshape(-1, len(frame.layout.channels)).T


class AudioDecoder:
    """Decodes and down-mixes one stream of sound."""

    def __init__(self, stream: "AudioStream", damage: CountedTrouble, channel: int | None) -> None:
        """`channel`: see `SourceSettings.channel`."""
        self._stream = stream
        self._damage = damage
        self._channel = channel
        self._end_s = 0.0

    def decode(self, packet: "Packet[Any] | None") -> list[DecodedSound]:
        """The sound of a packet; None asks for what the decoder still holds at the end."""
        import av

        try:
            frames = self._stream.codec_context.decode(packet)
        except av.FFmpegError:
            self._damage.failed(self._end_s)
            return []
        sounds = [self._sound(frame) for frame in frames]
        if sounds:
            self._damage.went_well(self._end_s)
        return sounds

    def _sound(self, frame: "av.AudioFrame") -> DecodedSound:
        names = [channel.name for channel in frame.layout.channels]
        time_s = _time_s(frame.pts, self._stream.time_base)
        start_s = self._end_s if time_s is None else time_s
        self._end_s = start_s + frame.samples / frame.sample_rate
        return DecodedSound(time_s, to_mono(_samples(frame), names, self._channel), frame.sample_rate)


class VideoDecoder:
    """Decodes one stream of pictures; those that the decoder calls damaged are left out."""

    def __init__(self, stream: "VideoStream", damage: CountedTrouble) -> None:
        self._stream = stream
        self._damage = damage
        self._period_s = float(1 / stream.average_rate) if stream.average_rate else 0.04
        self._next_s = 0.0

    def decode(self, packet: "Packet[Any] | None") -> list[DecodedPicture]:
        """The pictures that this packet completes; None asks for what the decoder still holds at the end."""
        import av

        try:
            frames = self._stream.codec_context.decode(packet)
        except av.FFmpegError:
            self._damage.failed(self._next_s)
            return []
        pictures = []
        for frame in frames:
            stamp = frame.pts if frame.pts is not None else frame.dts  # AVI has only the latter
            time_s = _time_s(stamp, self._stream.time_base)
            time_s = self._next_s if time_s is None else time_s
            self._next_s = time_s + self._period_s
            if frame.is_corrupt:
                self._damage.failed(time_s)
            else:
                self._damage.went_well(time_s)
                pictures.append(DecodedPicture(time_s, frame))
        return pictures
