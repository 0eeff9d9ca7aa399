"""What `streamer doctor` finds out: facts about this machine are gathered in one place, and judged by pure checks in another."""

from streamer.doctor.checks import examine
from streamer.doctor.facts import Facts, Finding, SessionFact
from streamer.doctor.gather import gather

__all__ = ["Facts", "Finding", "SessionFact", "examine", "gather"]
