"""Real senders on loopback: an MJPEG camera and a film over HTTP, and an RTSP server that relays what ffmpeg sends."""

import shutil
import socket
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest


class HttpCamera(ThreadingHTTPServer):
    """Answers every call with the same parts (but for calls that have an answer of their own), one after another in their time, and
    hangs up."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, content_type: str, parts: list[bytes], period_s: float) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.content_type = content_type
        self.parts = parts
        self.period_s = period_s
        self.calls = 0
        self.own_answers: dict[int, list[bytes]] = {}
        """By the number of the call, from 1."""
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://user:secret@127.0.0.1:{self.server_address[1]}/cam"


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        camera = cast("HttpCamera", self.server)
        camera.calls += 1
        self.send_response(200)
        self.send_header("Content-Type", camera.content_type)
        self.end_headers()
        try:
            for part in camera.own_answers.get(camera.calls, camera.parts):
                if camera.closing.wait(camera.period_s):
                    return
                self.wfile.write(part)
        except OSError:
            return  # the viewer has gone

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the standard library
        """Say nothing."""


@contextmanager
def http_camera(content_type: str, parts: list[bytes], period_s: float) -> Iterator[HttpCamera]:
    camera = HttpCamera(content_type, parts, period_s)
    thread = threading.Thread(target=camera.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield camera
    finally:
        camera.closing.set()
        camera.shutdown()
        camera.server_close()
        thread.join()


@contextmanager
def mjpeg_camera(pictures_per_call: int) -> Iterator[HttpCamera]:
    """Sends pictures as IP cameras do, each brighter than the one before."""
    parts = []
    for number in range(pictures_per_call):
        jpeg = cv2.imencode(".jpg", np.full((48, 64, 3), 20 + number % 200, np.uint8))[1].tobytes()
        parts.append(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg) + jpeg + b"\r\n")
    with http_camera("multipart/x-mixed-replace; boundary=frame", parts, period_s=0.04) as camera:
        yield camera


@contextmanager
def sending(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """An ffmpeg that sends a test picture and a tone in real time, until it is no longer needed."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs ffmpeg as the sender: sudo apt install ffmpeg")
    picture = ["-re", "-f", "lavfi", "-i", "testsrc=s=160x120:r=25"]
    sound = ["-re", "-f", "lavfi", "-i", "sine=440:r=44100"]
    process = subprocess.Popen(["ffmpeg", "-v", "error", "-nostdin", *picture, *sound, *words], stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def tcp_camera(*words: str) -> Iterator[str]:
    """What ffmpeg makes of its test picture and tone, for the first who comes and for nobody after: as `libcamera-vid` sends."""
    with sending(*words, "pipe:") as process, socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError), server.accept()[0] as viewer:  # the viewer has gone, or none came
                while process.stdout is not None and (piece := process.stdout.read1()):  # type: ignore[attr-defined]
                    viewer.sendall(piece)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        finally:
            process.kill()
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


class FilmServer(ThreadingHTTPServer):
    """One film on a web server, which says how large it is and gives any range of it; it may hang up in the middle."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _FilmAnswer)
        self.content = content
        self.ranges: list[int] = []
        """Where the calls so far began, in bytes."""
        self.hang_up_at: list[int] = []
        """In bytes, one for each of the first calls; the others get all of it."""
        self.gone_after = 1_000_000
        """Calls; later ones are hung up on without an answer."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/film"


class _FilmAnswer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = cast("FilmServer", self.server)
        call, size = len(server.ranges), len(server.content)
        start = int((self.headers["Range"] or "bytes=0-").partition("=")[2].partition("-")[0])
        server.ranges.append(start)
        if call >= server.gone_after:
            return
        self.send_response(206)
        self.send_header("Content-Length", str(size - start))
        self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        self.end_headers()
        end = server.hang_up_at[call] if call < len(server.hang_up_at) else size
        with suppress(OSError):  # the viewer has gone
            self.wfile.write(server.content[start:end])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the standard library
        """Say nothing."""


@contextmanager
def film_server(content: bytes) -> Iterator[FilmServer]:
    server = FilmServer(content)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the standard library
        """Say nothing."""


@contextmanager
def folder_server(folder: Path) -> Iterator[str]:
    """The files of a folder on a web server; gives its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_QuietFiles, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class RtspServer(socketserver.ThreadingTCPServer):
    """Just enough of RFC 2326 for one viewer over TCP: what arrives on two RTP ports goes out interleaved."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, sdp: str, streams: list[socket.socket]) -> None:
        super().__init__(("127.0.0.1", 0), _RtspSession)
        self.sdp = sdp
        self.streams = streams

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.server_address[1]}/live"


class _RtspSession(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = cast("RtspServer", self.server)
        methods = {"OPTIONS": "", "SETUP": "", "PLAY": "", "DESCRIBE": server.sdp}
        while request := self.rfile.readline().decode():
            headers = {}
            while line := self.rfile.readline().decode().strip():
                key, _, value = line.partition(":")
                headers[key.lower()] = value.strip()
            method = request.split()[0]
            if method not in methods:  # TEARDOWN
                return
            body = methods[method].encode()
            answer = ["RTSP/1.0 200 OK", f"CSeq: {headers['cseq']}", "Session: 1", f"Content-Length: {len(body)}"]
            answer += ["Public: DESCRIBE, SETUP, PLAY"] if method == "OPTIONS" else []
            answer += ["Content-Type: application/sdp"] if body else []
            answer += [f"Transport: {headers['transport']}"] if method == "SETUP" else []
            self.wfile.write("\r\n".join([*answer, "", ""]).encode() + body)
            if method == "PLAY":
                for channel, stream in enumerate(server.streams):
                    threading.Thread(target=self._relay, args=(2 * channel, stream), daemon=True).start()

    def _relay(self, channel: int, stream: socket.socket) -> None:
        while True:
            try:
                packet = stream.recv(65536)
                self.wfile.write(b"$" + bytes([channel]) + len(packet).to_bytes(2, "big") + packet)
            except (OSError, ValueError):
                return  # the viewer has gone, or the test is over


@contextmanager
def rtsp_server() -> Iterator[RtspServer]:
    """H.264 and AAC over RTSP."""
    streams = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for stream in streams:
        stream.bind(("127.0.0.1", 0))
    picture, sound = (f"rtp://127.0.0.1:{stream.getsockname()[1]}?pkt_size=1200" for stream in streams)
    h264 = ["-map", "0", "-c:v", "libx264", "-tune", "zerolatency", "-g", "25", "-f", "rtp", picture]
    aac = ["-map", "1", "-c:a", "aac", "-f", "rtp", sound]
    with sending(*h264, *aac) as process:
        server = RtspServer(_sdp(process), streams)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            server.server_close()
            for stream in streams:
                stream.close()
            thread.join()


def _sdp(process: "subprocess.Popen[bytes]") -> str:
    """What ffmpeg prints about its RTP streams, its ports replaced by track names."""
    if process.stdout is None:
        raise ValueError("the sender has no output to read")
    lines: list[str] = []
    tracks = 0
    while not (tracks == 2 and lines[-1].startswith("a=fmtp")):
        line = process.stdout.readline().decode().strip()
        if line.startswith("m="):
            media, _, rest = line.split(" ", 2)
            lines.append(f"{media} 0 {rest}")
            lines.append(f"a=control:track{tracks}")
            tracks += 1
        elif line and line != "SDP:":
            lines.append(line)
    return "\r\n".join([*lines, ""])
