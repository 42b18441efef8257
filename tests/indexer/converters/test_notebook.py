"""Notebooks become their cells."""

import json

import pytest

from indexer.converters import registry


def text(**notebook: object) -> str:
    return registry.to_markdown("a.ipynb", json.dumps(notebook).encode())[1]


_CODE = {"cell_type": "code", "source": ["x = 1\n", "y = 2"], "outputs": [{"text": "Secret"}]}
_PYTHON = "```python\nx = 1\ny = 2\n```"


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        (None, "python"),
        ({}, "python"),
        ({"kernelspec": None}, "python"),
        ({"kernelspec": {"language": None}, "language_info": None}, "python"),
        ({"kernelspec": {"language": "julia"}}, "julia"),
        ({"kernelspec": None, "language_info": {"name": "R"}}, "R"),
        ({"kernelspec": "x", "language_info": ["y"]}, "python"),
    ],
)
def test_language(metadata: object, language: str) -> None:
    """Whatever of the metadata is null or odd, the cells are read, without what running them put out."""
    assert text(cells=[_CODE], metadata=metadata) == _PYTHON.replace("python", language)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ({"cell_type": "markdown", "source": "# Plan\n\nText."}, "# Plan\n\nText."),
        ({"cell_type": "raw", "source": "As it is."}, "As it is."),
        ({"cell_type": "code", "source": None}, ""),
        ({"cell_type": "code", "source": "print('```')"}, "~~~~python\nprint('```')\n~~~~"),
        ({"source": 5}, "5"),
        (None, ""),
    ],
)
def test_cell(cell: object, said: str) -> None:
    """Each kind of cell, and those that hold nothing."""
    assert text(cells=[_CODE, cell]) == f"{_PYTHON}\n\n{said}".strip()


@pytest.mark.parametrize(
    "metadata", [{"tags": ["x", "remove-cell"]}, {"tags": ["remove_cell"]}, {"nbsphinx": "hidden"}]
)
def test_cell_that_is_removed(metadata: object) -> None:
    """What its author shows on no page is left out."""
    hidden = {"cell_type": "markdown", "source": "Not seen.", "metadata": metadata}
    odd = {"cell_type": "markdown", "source": "Seen.", "metadata": {"tags": [None, ["remove-cell"]]}}
    assert text(cells=[hidden, odd]) == "Seen."


def test_third_version() -> None:
    """Old notebooks have worksheets, headings and inputs."""
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Plan"]},
        {"cell_type": "code", "input": ["x = 1"], "language": "python"},
    ]
    assert text(worksheets=[{"cells": cells}], nbformat=3) == "## Plan\n\n```python\nx = 1\n```"
