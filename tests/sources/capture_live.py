"""A program of its own that captures from the real microphone and a scripted camera until its input ends.

PulseAudio's address must be in the environment before PortAudio is loaded, so tests run this as another process. It prints one JSON
object a line: the names, `{"heard": time_s}` at the first chunk and after each gap, and every trouble. At the end it writes what came
to the file named.
"""

import json
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np

from streamer.channel import Channel, Closed, WhenFull
from streamer.messages import AudioChunk, AudioTick, VideoFrame, VideoTick
from streamer.settings import SourceSettings
from streamer.sources.live import open_live
from tests.sources.scripted_camera import ScriptedCamera


def say(**event: Any) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def drain(channel: "Channel[Any]", into: list[Any]) -> None:
    try:
        while True:
            into.append(channel.get())
            if isinstance(into[-1], AudioChunk) and (len(into) == 1 or into[-1].time_s - into[-2].time_s > 1.0):
                say(heard=into[-1].time_s)
    except Closed:
        return


def main(microphone: str, target: Path, channel: int | None) -> None:
    camera = ScriptedCamera(["frames"])
    settings = SourceSettings(camera=0, mic=microphone, channel=channel)
    source = open_live(settings, lambda trouble: say(trouble=trouble), camera.open)
    say(audio_name=source.audio_name, video_name=source.video_name)
    audio, video = (
        Channel[AudioChunk | AudioTick]("audio", 128, WhenFull.DROP_OLDEST),
        Channel[VideoFrame | VideoTick]("video", 8, WhenFull.DROP_OLDEST),
    )
    chunks: list[AudioChunk] = []
    seen: list[VideoFrame | VideoTick] = []
    stop = threading.Event()
    threads = [
        threading.Thread(target=source.run, args=(audio, video, stop)),
        threading.Thread(target=drain, args=(audio, chunks)),
        threading.Thread(target=drain, args=(video, seen)),
    ]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stop.set()
    threads[0].join()
    source.close()
    audio.close()
    video.close()
    for thread in threads[1:]:
        thread.join()
    np.savez(
        target,
        waveform=np.concatenate([chunk.waveform for chunk in chunks]),
        chunk_s=[chunk.time_s for chunk in chunks],
        frame_s=[item.time_s for item in seen if isinstance(item, VideoFrame)],
        late_s=[chunk.captured_s for chunk in chunks],
    )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) or None)
