"""`python -m exporters`."""

import sys

from exporters.cli import app
from streamer.errors import StreamerError


def main() -> None:
    """Run a verb; an error that a user can mend is one line."""
    try:
        app()
    except StreamerError as err:
        sys.stderr.write(f"error: {err}\n")
        raise SystemExit(2) from None


main()
