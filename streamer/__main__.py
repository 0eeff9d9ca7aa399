"""The command `streamer`, and `python -m streamer`."""

import os
import sys

INTERRUPTED = 130
"""As shells have it."""

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
"""NumPy's matrices are small here: its second thread would only spin, a tenth of what a source takes. It is read when NumPy is loaded."""


def main() -> None:
    """Run the command line; Ctrl-C ends it in silence, also while it is being imported."""
    try:
        from streamer import cli

        cli.main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":  # worker processes import this module too
    main()
