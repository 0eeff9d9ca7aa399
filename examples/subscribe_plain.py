"""The same with nothing installed but pyzmq: `python examples/subscribe_plain.py [ENDPOINT]`."""

import json
import sys
from contextlib import suppress

import zmq

socket = zmq.Context().socket(zmq.SUB)
socket.ipv6 = True  # also reads tcp://[::1]:5599
socket.connect(sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5599")
socket.subscribe("utterance")
with suppress(KeyboardInterrupt):
    while True:
        topic, payload = socket.recv_multipart()
        event = json.loads(payload)
        words = event["transcript"]["text"] if event["transcript"] else "(no words)"
        print(f"{event['source']}: {event['emotion']['label']} ({event['sentiment']['label']}): {words}", flush=True)
