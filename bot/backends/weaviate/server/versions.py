"""Says which servers will do. Older ones ignore alpha, or may cut replicated objects while repairing them."""

import re
from typing import Final

MINIMUM: Final = {(1, 37): 15, (1, 38): 8}
NEWEST_LINE: Final = (1, 39)
WANTED: Final = "1.37.15, 1.38.8 or 1.39"
RECOMMENDED: Final = "1.39.5"


def will_do(version: str) -> bool:
    """Judge a version as the server reports it, such as `1.39.0` or `1.40.0-dev`; False for what isn't one."""
    match = re.match(r"v?(\d+)\.(\d+)\.(\d+)", version)
    if match is None:
        return False
    line, patch = (int(match[1]), int(match[2])), int(match[3])
    if line >= NEWEST_LINE:
        return True
    return line in MINIMUM and patch >= MINIMUM[line]
