"""`python -m training`."""

import sys

from streamer.errors import StreamerError
from training.cli import app


def main() -> None:
    """Run a verb; an error that a user can mend is one line."""
    try:
        app()
    except StreamerError as err:
        sys.stderr.write(f"error: {err}\n")
        raise SystemExit(2) from None


main()
