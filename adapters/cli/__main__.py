"""Starts `docent` and `python -m adapters.cli`, and handles Ctrl-C before anything else is imported."""

import gc
import sys
from typing import Final

# Objects made before Python looks for cycles. With its 700 a short command spends a tenth of its time looking
# through modules that stay anyway.
_COLLECT_AFTER: Final = 50_000


def main() -> None:
    """Run the command line. Ctrl-C ends it with a message and exit code 130, even while it is still starting."""
    gc.set_threshold(_COLLECT_AFTER)
    try:
        from adapters.cli.app import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
