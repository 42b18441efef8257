"""reStructuredText reads as Sphinx shows it, without Sphinx."""

import pytest

from tests.support.pages import chunks, page


def said(source: str) -> str:
    found = chunks(f"Page\n====\n\n{source}", "page.rst")
    return "\n\n".join("\n\n".join(filter(None, (c.heading, c.text))) for c in found)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        # terms
        (".. glossary::\n\n   quorum\n      Three of five.\n\n   leader\n   head\n      Who writes.\n", "- quorum: Three of five.\n- leader, head: Who writes."),
        (".. glossary::\n   :sorted:\n\n   quorum : key\n      Three of five.\n", "- quorum: Three of five."),
        ("quorum\n   Three of five.\n\nleader : person\n   Who writes.\n", "- quorum: Three of five.\n- leader : person: Who writes."),
        # objects
        (".. option:: --retries <n>\n\n   How often; 4 without it.\n", "- `--retries <n>`: How often; 4 without it."),
        (".. option:: -q\n            --quiet\n\n   Less words.\n", "- `-q`, `--quiet`: Less words."),
        (".. confval:: language\n   :type: ``str``\n   :default: ``'en'``\n\n   Which it is.\n", "- `language`: Which it is."),
        (".. py:function:: open(name, mode='r')\n   :noindex:\n\n   Opens.\n\n   :param name: Which.\n   :returns: A file.\n", "- `open(name, mode='r')`: Opens.\n  - param name: Which.\n  - returns: A file."),
        (".. envvar:: HOME\n\n   Where one lives.\n", "- `HOME`: Where one lives."),
        (".. rst:directive:: note\n\n   .. rst:directive:option:: class\n\n      Its look.\n", "- `note`:\n  - `class`: Its look."),
        # versions
        (".. versionadded:: 2.1\n   A fast mode.\n", "New in version 2.1: A fast mode."),
        (".. versionadded:: 2.1\n\n   A fast mode.\n", "New in version 2.1: A fast mode."),
        (".. versionchanged:: 3.0 It is faster.\n", "Changed in version 3.0: It is faster."),
        (".. deprecated:: 1.2\n", "Deprecated since version 1.2."),
        # code
        (".. code-block:: console\n   :emphasize-lines: 1\n   :caption: Start\n\n   acme start\n", "Start\n\n```console\nacme start\n```"),
        (".. sourcecode:: python\n   :linenos:\n\n   x = 1\n", "```python\nx = 1\n```"),
        (".. code-block::\n\n   plain\n", "```\nplain\n```"),
        (".. prompt:: bash $\n\n   make\n", "```bash\nmake\n```"),
        # asides
        (".. seealso:: The :ref:`guide <x>`.\n", "See also\n\nThe guide."),
        (".. seealso::\n\n   The guide.\n", "See also\n\nThe guide."),
        (".. admonition:: Mind\n   :class: tip\n\n   The gap.\n", "Mind\n\nThe gap."),
        (".. my-own:: Title\n   :x: y\n\n   Text with ``code``.\n", "Title\n\nText with `code`."),
        (".. my-own::\n   Text at once.\n", "Text at once."),
        (".. only:: html\n\n   Text.\n", "Text."),
        (".. only:: not latex and (html or draft)\n\n   Text.\n", "Text."),
        ("Text.\n\n.. only:: internal\n\n   Not seen.\n", "Text."),
        ("Text.\n\n.. only:: latex or not html\n\n   Not seen.\n", "Text."),
        (".. role:: old\n   :class: strike red\n\nThe period is :old:`30` :strike:`40` :del:`50` 60 days.\n", "The period is 60 days."),
        (".. toctree::\n   :maxdepth: 2\n   :caption: More\n\n   intro\n   The guide <guide>\n\nText.\n", "More\n\n- The guide\n\nText."),
        (".. todo:: Write it.\n\nText.\n", "Text."),
        (".. A comment.\n   Not seen.\n\nText.\n", "Text."),
        # maths
        ("The rule:\n\n.. math::\n   :label: e\n\n   E = mc^2\n\nEnd.\n", "The rule:\n\n```\nE = mc^2\n```\n\nEnd."),
        ("It is :math:`E = mc^2` now.", "It is `E = mc^2` now."),
        ("A table holds 10\\ :sup:`6` rows of H\\ :sub:`2`\\ O.", "A table holds 10^6 rows of H2O."),
        # roles
        ("See :doc:`/usage/a`, :ref:`that one <x>`, :term:`quorum`.", "See /usage/a, that one, quorum."),
        ("Call :py:func:`~os.getuid` or :func:`!open` in :file:`a.py`.", "Call `os.getuid` or `open` in `a.py`."),
        ("Choose :menuselection:`File --> &Save` or :guilabel:`&OK`.", "Choose File > Save or OK."),
        ("See :pep:`8` and :my-own:`words`.", "See PEP 8 and `words`."),
        # tables
        ("=====  =====\nPlan   Price\n=====  =====\nBasic  5\n=====  =====\n", "| Plan | Price |\n| --- | --- |\n| Basic | 5 |"),
        ("+---+---+\n| A | B |\n+===+===+\n| x | 1 |\n|   +---+\n|   | 2 |\n+---+---+\n", "| A | B |\n| --- | --- |\n| x | 1 |\n| x | 2 |"),
        (".. list-table:: Plans\n   :header-rows: 1\n   :my-option: x\n\n   * - Plan\n     - Price\n   * - Basic\n     - 5\n", "Plans\n\n| Plan | Price |\n| --- | --- |\n| Basic | 5 |"),
    ],
)  # fmt: skip
def test_reads_as(source: str, text: str) -> None:
    """A page reads as Sphinx shows it."""
    assert said(source) == text


def test_tabs() -> None:
    """Each tab is a part with its label."""
    tabs = ".. tabs::\n\n   .. tab:: Linux\n\n      Use apt.\n\n   .. code-tab:: sh macOS\n\n      brew install x\n\nEnd.\n"
    found = chunks(f"Page\n====\n\nInstall\n-------\n\n{tabs}", "page.rst")
    assert [(c.heading, c.text, c.anchor) for c in found] == [
        ("Install > Linux", "Use apt.", "install"),
        ("Install > macOS", "```sh\nbrew install x\n```", "install"),
        ("Install", "End.", "install"),
    ]


def test_anchors() -> None:
    """A section has docutils' id, which is Sphinx's."""
    content = (
        "Page\n====\n\nWhat's new in 3.0?\n------------------\n\nText.\n\n.. _own:\n\nOther\n-----\n\nText.\n"
    )
    assert [c.anchor for c in chunks(content, "page.rst")] == ["what-s-new-in-3-0", "other"]


def test_same_headings() -> None:
    """The second section of a name has a number instead, as Sphinx gives it."""
    content = "Page\n====\n\nUse\n---\n\nText.\n\nUse\n---\n\nMore.\n"
    assert [c.anchor for c in chunks(content, "page.rst")] == ["use", "id1"]


def test_no_section_of_a_formula() -> None:
    """A formula makes no heading."""
    built = page("Page\n====\n\n.. math::\n\n   E = mc^2\n", "page.rst")
    assert {piece.chunk.heading for piece in built.pieces} == {""}
