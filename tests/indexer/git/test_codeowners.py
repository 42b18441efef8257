"""Owners by CODEOWNERS, as GitHub and GitLab read it."""

from pathlib import Path

import pytest

from indexer.git.codeowners import CodeOwners
from tests.indexer.sources.test_git import Repository, listed, repository, source  # noqa: F401 - a fixture

FILE = r"""
# The later rule counts.
*                     @everything   # with a word on why
/docs/                @company/docs writer@example.com
docs/pay/*            @pay
apps/                 @apps
*.rst                 @rst
/build/**/notes.md    @build
with\ space/*.md      @space
docs/open/
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("README.md", ("everything",)),
        ("docs/a.md", ("company/docs", "writer@example.com")),
        ("docs/deep/er/a.md", ("company/docs", "writer@example.com")),
        ("other/docs/a.md", ("everything",)),
        ("docs/pay/a.md", ("pay",)),
        ("docs/pay/old/a.md", ("company/docs", "writer@example.com")),
        ("x/apps/y/z.md", ("apps",)),
        ("docs/pay/a.rst", ("rst",)),
        ("build/notes.md", ("build",)),
        ("build/a/b/notes.md", ("build",)),
        ("with space/a.md", ("space",)),
        ("docs/open/a.md", ()),
    ],
)
def test_rules(path: str, owners: tuple[str, ...]) -> None:
    """The last rule that fits says who owns a path; owners are shown without their @."""
    assert CodeOwners(FILE).owners(path) == owners


def test_sections() -> None:
    """In GitLab's sections a rule without owners has the section's."""
    owners = CodeOwners("[Docs] @docs-team\n/docs/\n^[Pay][2]\n/pay/ @pay\n")
    assert owners.owners("docs/a.md") == ("docs-team",)
    assert owners.owners("pay/a.md") == ("pay",)


def test_hostile_patterns() -> None:
    """A pattern made to take for ever is left out."""
    owners = CodeOwners("*a" * 200 + "b @x\n*.md @y\n")
    assert owners.owners("a" * 3000 + ".md") == ("y",)


async def test_a_repository_s_owners(repository: Repository, data: Path) -> None:  # noqa: F811
    """CODEOWNERS gives a page's owners, over the author of its last change; a change of it is seen."""
    one = source(repository.path, data)
    repository.commit({".github/CODEOWNERS": "/docs/a.md @company/docs\n"})
    entries = await listed(one)
    assert (entries["a.md"].owners, entries["b.md"].owners) == (("company/docs",), ("Bob",))
    repository.commit({".github/CODEOWNERS": "/docs/b.md @pay\n"})
    entries = await listed(one)
    assert (entries["a.md"].owners, entries["b.md"].owners) == (("Ada",), ("pay",))
    await one.close()
