"""Print every utterance as it is said, until Ctrl-C: `python examples/subscribe.py [ENDPOINT]`."""

import sys
from contextlib import suppress

from streamer.client import subscribe
from streamer.wire import Utterance

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5599"
with suppress(KeyboardInterrupt), subscribe(endpoint, topics=["utterance"]) as events:
    for event in events:
        if isinstance(event, Utterance):
            words = event.transcript.text if event.transcript else "(no words)"
            print(f"{event.source}: {event.emotion.label} ({event.sentiment.label}): {words}", flush=True)
