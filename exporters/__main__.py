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
    except OSError as err:  # a disk that is full, a folder that is not ours
        sys.stderr.write(f"error: {err.filename or 'the output'}: {err.strerror or err}\n")
        raise SystemExit(2) from None


main()
