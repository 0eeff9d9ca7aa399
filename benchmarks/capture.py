"""CPU time of capture: `python benchmarks/capture.py [FILE …]`; without a file, 20 s of 640x480 H.264 at 25 fps with AAC made by ffmpeg.

Prints milliseconds of CPU per second of stream for demuxing, decoding, resampling and conversion to RGB, all threads together.
"""

import argparse
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from streamer.channel import Channel, Closed, WhenFull
from streamer.messages import AudioChunk, AudioTick, VideoFrame, VideoTick
from streamer.settings import SourceSettings
from streamer.sources import open_source


def count(channel: "Channel[AudioChunk | AudioTick] | Channel[VideoFrame | VideoTick]") -> None:
    """Take everything, as fast as it comes."""
    try:
        while True:
            channel.get()
    except Closed:
        return


def measure(path: Path) -> str:
    """Play a file as fast as it can be read."""
    source = open_source(SourceSettings(url=str(path), pace="fast"), print)
    audio = Channel[AudioChunk | AudioTick]("audio", 128, WhenFull.WAIT)
    video = Channel[VideoFrame | VideoTick]("video", 8, WhenFull.WAIT)
    readers = [threading.Thread(target=count, args=(channel,)) for channel in (audio, video)]
    for reader in readers:
        reader.start()
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    source.run(audio, video, threading.Event())
    took_s, took_cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    audio.close()
    video.close()
    for reader in readers:
        reader.join()
    source.close()
    length_s = duration_s(path)
    name = " | ".join(filter(None, (source.audio_name, source.video_name)))
    return f"{name}: {1000 * took_cpu_s / length_s:.1f} ms CPU and {1000 * took_s / length_s:.1f} ms per second of {length_s:.1f} s"


def duration_s(path: Path) -> float:
    """As the container says."""
    import av

    with av.open(str(path)) as container:
        return (container.duration or 0) / 1e6


def main(paths: list[Path]) -> None:
    """Measure each file, or one that is made for it."""
    with tempfile.TemporaryDirectory() as folder:
        if not paths:
            paths = [Path(folder) / "capture.mp4"]
            picture, sound = "testsrc2=s=640x480:r=25:d=20", "sine=440:r=48000:d=20"
            codecs = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2"]
            words = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, *codecs, str(paths[0])]
            subprocess.run(["ffmpeg", "-v", "error", *words], check=True)
        for path in paths:
            print(measure(path))


if __name__ == "__main__":
    flags = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    flags.add_argument("files", type=Path, nargs="*", metavar="FILE")
    main(flags.parse_args().files)
