"""The commonest messages as people see them: made by the adapters on the test servers, drawn by a browser.

`python -m tests.pictures` makes payloads.json and the pictures of docs/pictures anew.
"""

from pathlib import Path
from typing import Final

PAYLOADS: Final = Path(__file__).with_name("payloads.json")
PICTURES: Final = Path(__file__).resolve().parents[2] / "docs/pictures"
