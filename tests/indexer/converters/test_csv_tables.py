"""Tables in text files, whatever separates their cells."""

import csv

import pytest

from indexer.converters import registry


def text(content: str, name: str = "a.csv") -> str:
    return registry.to_markdown(name, content.encode())[1]


@pytest.mark.parametrize(
    ("content", "row"),
    [
        ("Name\tRole, team\nAnn\tLead, data\nBob\tDeveloper, web\n", "| Bob | Developer, web |"),
        ("sep=;\r\nName;Limit\r\nDisk;40,5 GB\r\n", "| Disk | 40,5 GB |"),
        ("\ufeffsep=|\nName|Limit\nDisk|1,2\n", "| Disk | 1,2 |"),
        ("Name;Limit\nDisk;40,5\nMemory;2,0\n", "| Disk | 40,5 |"),
        ("Name|Note\nDisk|a, b; c\nMemory|d\n", "| Disk | a, b; c |"),
        ('Name,Note\nAnn,"Lead, data"\nBob,"two\nlines"\n', "| Bob | two lines |"),
        ('Name,Note\nAnn,"tabs\there"\nBob,x;y\n', "| Bob | x;y |"),
        ("Name,Role\nAnn,Lead\n", "| Ann | Lead |"),
        ("Name\nAnn\nBob\n", "| Ann |"),
        ("Report of 2026\n\nName;Limit\nDisk;40,5\n", "Report of 2026\n\n| Name | Limit |"),
        ("a;b\n1;x|y\n", "| 1 | x\\|y |"),
    ],
)
def test_separator(content: str, row: str) -> None:
    """Cells are what the file's own separator makes of its rows."""
    assert row in text(content)


def test_tabs_by_name() -> None:
    """Files of tabs are read by their own name, too."""
    assert "| Bob | Web, mail |" in text("Name\tRole\nBob\tWeb, mail\n", "people.tsv")


def test_wide_cell() -> None:
    """A very long cell is no fault, whatever separates it, in the first file as in others."""
    csv.field_size_limit(131_072)  # as a process begins
    assert "| A | xxx" in text(f"Name;Text\nA;{'x' * 200_000}\n")
