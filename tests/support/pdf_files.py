"""Small PDFs for tests: text and lines at places, as the format's operators have them."""

from collections.abc import Sequence


def text(
    x: float, y: float, words: str, *, size: float = 12, font: str = "F1", turned: str = "1 0 0 1"
) -> str:
    """`y` counts from below; `turned` are the first four numbers of the text's matrix."""
    said = words.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"BT /{font} {size} Tf {turned} {x} {y} Tm ({said}) Tj ET"


def line(x: float, y: float, across: float, up: float) -> str:
    return f"{x} {y} m {across} {up} l S"


def grid(heights: Sequence[float], sides: Sequence[float]) -> list[str]:
    """Ruling lines of a table."""
    level = [line(sides[0], y, sides[-1], y) for y in heights]
    return level + [line(x, heights[0], x, heights[-1]) for x in sides]


def pdf(*pages: Sequence[str], rotate: int = 0, title: str = "") -> bytes:
    """Pages of operators, 612 points wide and 792 high, in Helvetica (F1) and its bold (F2)."""
    numbers = [5 + 2 * at for at in range(len(pages))]
    kids = " ".join(f"{number} 0 R" for number in numbers)
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
    ]
    for number, operators in zip(numbers, pages, strict=True):
        stream = "\n".join(operators)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Rotate {rotate} /Contents {number + 1} 0 R"
            " /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(stream.encode('cp1252'))} >>\nstream\n{stream}\nendstream")
    objects.append(f"<< /Title ({title}) >>")
    made, places = b"%PDF-1.4\n", []
    for number, inside in enumerate(objects, 1):
        places.append(len(made))
        made += f"{number} 0 obj\n{inside}\nendobj\n".encode("cp1252")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R /Info {len(objects)} 0 R >>\n"
    return made + f"{end}startxref\n{len(made)}\n%%EOF".encode()
