"""The picture of a stream on a terminal. It is made of events alone: nothing is shown that a subscriber could not have got."""

from streamer.dashboard.printing import print_json, print_lines
from streamer.dashboard.run import run_dashboard
from streamer.dashboard.screen import fills_terminal

__all__ = ["fills_terminal", "print_json", "print_lines", "run_dashboard"]
