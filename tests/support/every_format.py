"""One page of each format that can be indexed, and some that can't be read."""

from openpyxl import Workbook

from tests.support.office_files import deck, docx, paragraph, pptx, word_table, xlsx
from tests.support.pdf_files import pdf, text

_CELL = (
    '{"cell_type": "markdown", "metadata": {}, "source": ["# Notebook\\n", "Deploys wait for the tests."]}'
)


def every_format() -> dict[str, str | bytes]:
    """By file name. Two can't be read, one is empty, one a draft."""
    book = Workbook()
    assert book.active is not None
    book.active.append(["country", "hotel"])
    book.active.append(["France", 150])
    show = deck()
    slide = show.slides.add_slide(show.slide_layouts[1])
    assert slide.shapes.title is not None
    slide.shapes.title.text = "Onboarding"
    return {
        "formats/a.md": "---\ntitle: Leave\nowners: [people]\n---\n# Leave\n\nYou have 30 days.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
        "formats/b.mdx": "import X from 'x'\n\n# Dogs\n\n<X>Dogs are welcome.</X>\n",
        "formats/c.txt": "Plain words about parking.\n",
        "formats/d.csv": "city,desk\nBerlin,12\nParis,7\n",
        "formats/e.adoc": "= Guide\n\n== Install\n\nRun the installer.\n",
        "formats/f.rst": "Guide\n=====\n\n.. note:: Keep the key.\n\nText of it.\n",
        "formats/g.html": "<html><head><title>Wiki</title></head><body><main><h1>Wiki</h1><p>Words of it.</p></main></body></html>",
        "formats/h.ipynb": f'{{"cells": [{_CELL}], "metadata": {{}}, "nbformat": 4, "nbformat_minor": 5}}',
        "formats/i.docx": docx(
            paragraph("Travel is booked by the office.") + word_table(("a", "b"), ("1", "2"))
        ),
        "formats/j.xlsx": xlsx(book),
        "formats/k.pptx": pptx(show),
        "formats/l.pdf": pdf(
            [text(72, 700, "The office opens at eight."), text(72, 680, "It closes at six.")]
        ),
        "formats/german.md": "# Urlaub\n\nAlle Angestellten haben im Jahr dreißig Tage Urlaub, und das ist gut so.\n",
        "formats/large.md": "# Large\n\n" + "Many words stand in this page. " * 5_000,
        "formats/broken.pdf": b"no pdf at all",
        "formats/broken.docx": b"PK no archive",
        "formats/empty.md": "\n",
        "formats/draft.md": "---\ndraft: true\n---\n# Draft\n\nNot yet.\n",
    }
