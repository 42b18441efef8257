"""`docent` and `python -m adapters.cli`: what Ctrl-C does is settled before anything else is imported."""

import sys


def main() -> None:
    """Run the command line. Ctrl-C ends it with a word and 130, also while it is still starting."""
    try:
        from adapters.cli.app import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
