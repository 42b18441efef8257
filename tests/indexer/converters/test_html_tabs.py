"""What tabs of HTML pages show stands below their labels."""

import pytest

from indexer.sources.web.main_text import main_text
from tests.support.pages import chunks

_ROW = '<ul role="tablist"><li role="tab"{}>Windows</li><li role="tab"{}>macOS</li></ul>'
_PANELS = '<div role="tabpanel"{}>Run winget.</div><div role="tabpanel"{} hidden>Run brew.</div>'
_IN_ORDER = _ROW.format("", "") + _PANELS.format("", "")
_LABELLED = _ROW.format(" id=a", " id=b") + _PANELS.format(" aria-labelledby=a", " aria-labelledby=b")
_TARGETED = _ROW.format(" data-bs-target=#x", " data-bs-target=#y") + _PANELS.format(" id=x", " id=y")
_BUTTON = "<input type=radio name=os id={}>"
_BEHIND = (
    f"{_BUTTON.format('w')}<label for=w>Windows</label><div>Run winget.</div>"
    f"{_BUTTON.format('m')}<label for=m>macOS</label><div>Run brew.</div>"
)
_APART = (
    f"{_BUTTON.format('w')}{_BUTTON.format('m')}<div><label for=w>Windows</label><label for=m>macOS</label></div>"
    "<div><div>Run winget.</div><div>Run brew.</div></div>"
)
_ALL = pytest.mark.parametrize(
    "tabs",
    [_IN_ORDER, _LABELLED, f"<nav>{_ROW.format(' id=a', ' id=b')}</nav>{_LABELLED[_LABELLED.index('<div'):]}", _TARGETED, _BEHIND, _APART],
    ids=["in order", "labelled", "in nav", "targeted", "behind each label", "apart from the labels"],
)  # fmt: skip


@_ALL
def test_a_file(tabs: str) -> None:
    """Each part of a page is below its own label."""
    made = chunks(f"<h1>Install</h1><p>Take the newest one.</p>{tabs}<p>Then restart it.</p>", path="a.html")
    assert [(chunk.heading, chunk.text) for chunk in made] == [
        ("", "Take the newest one."),
        ("Windows", "Run winget."),
        ("macOS", "Run brew."),
        ("", "Then restart it."),
    ]


@_ALL
def test_a_web_page(tabs: str) -> None:
    """A page that is fetched says the label before what it is of."""
    words = "<p>The agent runs on every laptop of ours and reports once a day what is installed there.</p>"
    made = main_text(
        f"<body><main><h1>Install</h1>{words}{tabs}{words}</main>", "https://x.y/a", "https://x.y/a"
    )
    assert made is not None
    assert " ".join(made.markdown.split()).find("**Windows** Run winget. **macOS** Run brew.") > 0
