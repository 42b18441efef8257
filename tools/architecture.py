"""Draw ARCHITECTURE.md's picture and list from the code: `python tools/architecture.py`, with `--check` only compare.

An arrow says that a package imports another one. Arrows that follow from others are left out: where A imports B
and B imports C, that A imports C too is not drawn.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "ARCHITECTURE.md"
TOPS = ("adapters", "indexer", "bot")
BEGIN, END = "<!-- drawn by tools/architecture.py -->", "<!-- end of what is drawn -->"


def main() -> int:
    """Write the picture; with --check, 1 if the file has another one."""
    text = TARGET.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    drawn = f"{before}{BEGIN}\n{picture()}\n{package_list()}{END}{after}"
    if "--check" in sys.argv:
        if drawn != text:
            print("ARCHITECTURE.md isn't as the code is: run `python tools/architecture.py`")
        return int(drawn != text)
    TARGET.write_text(drawn, encoding="utf-8")
    return 0


def packages() -> dict[str, str]:
    """Each package or top module (`bot.text`) with what its docstring says first."""
    found: dict[str, str] = {}
    for top in TOPS:
        for path in sorted((ROOT / top).iterdir()):
            file = path / "__init__.py" if path.is_dir() else path
            if path.suffix not in ("", ".py") or path.name.startswith("__") or not file.exists():
                continue
            doc = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
            found[f"{top}.{path.stem}"] = doc.split("\n\n")[0].replace("\n", " ")
    return found


def imports() -> dict[str, set[str]]:
    """Which of them imports which."""
    names = packages()
    found: dict[str, set[str]] = {name: set() for name in names}
    for name in names:
        for module in _imported(ROOT / name.replace(".", "/")):
            other = ".".join(module.split(".")[:2])
            if other in names and other != name:
                found[name].add(other)
    return found


def _imported(place: Path) -> Iterator[str]:
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                yield node.module
                yield from (f"{node.module}.{each.name}" for each in node.names)
            elif isinstance(node, ast.Import):
                yield from (each.name for each in node.names)


def reduced(arrows: dict[str, set[str]]) -> dict[str, list[str]]:
    """Without the arrows that follow from others."""
    reach: dict[str, set[str]] = {}

    def reached(name: str) -> set[str]:
        if name not in reach:
            reach[name] = set().union(*({other} | reached(other) for other in arrows[name]))
        return reach[name]

    return {
        name: sorted(others - set().union(*(reached(other) for other in others)))
        for name, others in arrows.items()
    }


def picture() -> str:
    """Mermaid's flowchart, which GitHub and GitLab draw."""
    lines = ["```mermaid", "flowchart TD"]
    for top in TOPS:
        lines.append(f"  subgraph {top}")
        lines += [
            f"    {name}[{name.partition('.')[2]}]" for name in packages() if name.startswith(f"{top}.")
        ]
        lines.append("  end")
    lines += [f"  {name} --> {other}" for name, others in reduced(imports()).items() for other in others]
    return "\n".join([*lines, "```", ""])


def package_list() -> str:
    """A row for each."""
    places = {name: name.replace(".", "/") for name in packages()}
    ends = {name: "" if (ROOT / place).is_dir() else ".py" for name, place in places.items()}
    rows = [f"| `{places[name]}{ends[name]}` | {says} |" for name, says in packages().items()]
    return "\n".join(["| | |", "|---|---|", *rows, ""])


if __name__ == "__main__":
    sys.exit(main())
