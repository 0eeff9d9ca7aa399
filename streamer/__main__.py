"""The command `streamer`, and `python -m streamer`."""

import sys

INTERRUPTED = 130
"""As shells have it."""


def main() -> None:
    """Run the command line; Ctrl-C ends it in silence, also while it is being imported."""
    try:
        from streamer import cli

        cli.main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":  # worker processes import this module too
    main()
