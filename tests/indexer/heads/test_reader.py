"""What a page says of itself: for whom it is, and whether it is finished."""

import json

import pytest

from indexer.reading.page_builder import NoPage, Page
from tests.support.pages import document, page, read, refused

TEXT = "The pay of the keeper is 4711 crowns."

# Each says "for managers alone" as somebody may write it.
MARKDOWN = {
    "a list": "---\naudience: [managers]\n---\n{}",
    "a word": "---\naudience: managers\n---\n{}",
    "a block list": "---\naudience:\n  - managers\n---\n{}",
    "a list without indent": "---\naudience:\n- managers\n---\n{}",
    "plural": "---\naudiences: [managers]\n---\n{}",
    "capitals": "---\nAUDIENCE: managers\n---\n{}",
    "a title before": "---\ntitle: Pay\naudience: managers\n---\n{}",
    "quoted key": '---\n"audience": managers\n---\n{}',
    "single quotes": "---\n'audience': 'managers'\n---\n{}",
    "no space": "---\naudience:managers\n---\n{}",
    "space before the colon": "---\naudience : managers\n---\n{}",
    "an equals sign": "---\naudience = managers\n---\n{}",
    "windows lines": "---\r\naudience: managers\r\n---\r\n{}",
    "old mac lines": "---\raudience: managers\r---\r{}",
    "a mark first": "\ufeff---\naudience: managers\n---\n{}",
    "an unseen letter first": "\u200b---\naudience: managers\n---\n{}",
    "a blank line before": "\n---\naudience: managers\n---\n{}",
    "blank lines before": "\n\n  \n---\naudience: managers\n---\n{}",
    "a blank line after the fence": "---\n\naudience: managers\n---\n{}",
    "blank lines in it": "---\n\ntitle: Pay\n\naudience: managers\n\n---\n{}",
    "no end": "---\naudience: managers\n\n{}",
    "an end of dots": "---\naudience: managers\n...\n{}",
    "four dashes": "----\naudience: managers\n----\n{}",
    "two dashes": "--\naudience: managers\n--\n{}",
    "stars": "***\naudience: managers\n***\n{}",
    "spaces behind": "---  \naudience: managers\n---  \n{}",
    "an indented fence": "  ---\n  audience: managers\n  ---\n{}",
    "no fence": "audience: managers\n\n{}",
    "a fence only below": "audience: managers\n---\n{}",
    "a comment first": "<!-- for editors -->\n---\naudience: managers\n---\n{}",
    "a long comment first": "<!--\nCopyright\n-->\n\n---\naudience: managers\n---\n{}",
    "in a comment": "<!-- audience: managers -->\n\n{}",
    "in a comment's lines": "<!--\naudience: managers\n-->\n\n{}",
    "a comment in YAML": "---\n# who sees it\naudience: managers # and nobody else\n---\n{}",
    "og:title first": "---\nog:title: Pay\naudience: managers\n---\n{}",
    "a schema first": "---\n$schema: https://example.com/x\naudience: managers\n---\n{}",
    "a dotted key first": "---\na.b: c\naudience: managers\n---\n{}",
    "a key with a slash first": "---\na/b: c\naudience: managers\n---\n{}",
    "an @ first": "---\n'@context': x\naudience: managers\n---\n{}",
    "broken YAML": "---\ntitle: a: b: c\naudience: managers\n---\n{}",
    "broken YAML, quoted": '---\ntitle: [a\n"audience": managers\n---\n{}',
    "broken YAML, indented": "---\n\ttitle: a\n  audience: managers\n---\n{}",
    "an open quote": '---\ntitle: "Pay\naudience: managers\n---\n{}',
    "tabs": "---\n\taudience:\tmanagers\n---\n{}",
    "below another key": "---\nparams:\n  audience: managers\n---\n{}",
    "a merge key": "---\nbase: &base\n  audience: managers\n<<: *base\n---\n{}",
    "a merge key's list": "---\nx: &x {{audience: managers}}\n<<: [*x]\n---\n{}",
    "an alias": "---\nx: &who [managers]\naudience: *who\n---\n{}",
    "a tag": "---\naudience: !groups managers\n---\n{}",
    "a set": "---\naudience: {{managers}}\n---\n{}",
    "a mapping": "---\naudience:\n  only: managers\n---\n{}",
    "names": "---\naudience:\n  - name: managers\n---\n{}",
    "a folded text": "---\naudience: >\n  managers\n---\n{}",
    "flow": "---\n{{title: Pay, audience: managers}}\n---\n{}",
    "flow in quotes": '---\n{{"title": "Pay", "audience": ["managers"]}}\n---\n{}',
    "a list of keys": "---\n- title: Pay\n- audience: managers\n---\n{}",
    "twice": "---\naudience: managers\naudience: everyone\n---\n{}",
    "both words": "---\naudience: managers\naudiences: everyone\n---\n{}",
    "a second head": "---\ntitle: Pay\n---\n---\naudience: managers\n---\n{}",
    "typographic": "---\naudience\uff1a managers\n---\n{}",
    "a no-break space": "---\naudience:\u00a0managers\n---\n{}",
    "named yaml": "---yaml\naudience: managers\n---\n{}",
    "named toml": '---toml\naudience = ["managers"]\n---\n{}',
    "named json": '---json\n{{"audience": ["managers"]}}\n---\n{}',
    "TOML": '+++\naudience = ["managers"]\n+++\n{}',
    "TOML's word": '+++\ntitle = "Pay"\naudience = "managers"\n+++\n\n{}',
    "TOML's table": '+++\n[params]\naudience = "managers"\n+++\n\n{}',
    "broken TOML": "+++\naudience = managers\n+++\n\n{}",
    "YAML in TOML's fence": "+++\naudience: managers\n+++\n\n{}",
    "JSON": '{{"title": "Pay", "audience": ["managers"]}}\n\n{}',
    "JSON in lines": '{{\n  "audience": "managers"\n}}\n\n{}',
    "broken JSON": '{{\n  "audience": "managers",\n}}\n\n{}',
    "Hexo's JSON": ';;;\n"audience": ["managers"]\n;;;\n{}',
    "in a code fence": "```yaml\naudience: managers\n```\n\n{}",
    "MDX": "export const meta = {{ audience: 'managers' }}\n\n{}",
    "MDX frontMatter": "export const audience = ['managers'];\n\n{}",
    "a line below the heading": "# Pay\n\naudience: managers\n\n{}",
    "a field below the heading": "# Pay\n:audience: managers\n\n{}",
    "a meta element": '<meta name="audience" content="managers">\n\n{}',
    "a JSON value below": '# Pay\n\n{{"audience": "managers"}}\n\n{}',
}
OTHERS = {
    "fields.rst": ":audience: managers\n\nPay\n===\n\n{}",
    "below.rst": "Pay\n===\n\n:title: Pay\n:audience: managers\n\n{}",
    "meta.rst": ".. meta::\n   :audience: managers\n\nPay\n===\n\n{}",
    "comment.rst": ".. audience: managers\n\nPay\n===\n\n{}",
    "yaml.rst": "---\naudience: managers\n---\n\nPay\n===\n\n{}",
    "capitals.rst": ":Audience: managers\n\nPay\n===\n\n{}",
    "twice.rst": ":audience: managers\n:audience: everyone\n\nPay\n===\n\n{}",
    "attribute.adoc": "= Pay\n:audience: managers\n\n{}",
    "page.adoc": "= Pay\n:page-audience: managers\n\n{}",
    "first.asciidoc": ":audience: managers\n= Pay\n\n{}",
    "comment.adoc": "// audience: managers\n= Pay\n\n{}",
    "yaml.adoc": "---\naudience: managers\n---\n= Pay\n\n{}",
    "meta.html": '<html><head><meta name="audience" content="managers"></head><body><p>{}</p></body></html>',
    "turned.html": "<html><head><meta content='managers' name='audience'></head><body><p>{}</p></body></html>",
    "property.htm": '<html><head><meta property="docent:audience" content="managers"></head><body>{}</body></html>',
    "bare.html": "<html><head><meta name=audience content=managers></head><body><p>{}</p></body></html>",
    "data.html": '<html data-audience="managers"><body><p>{}</p></body></html>',
    "jekyll.html": "---\naudience: managers\n---\n<html><body><p>{}</p></body></html>",
    "comment.html": "<!-- audience: managers -->\n<html><body><p>{}</p></body></html>",
    "fence.txt": "---\naudience: managers\n---\n\n{}",
    "line.txt": "Audience: managers\n\n{}",
    "page.mdx": "---\naudience: managers\n---\n\n{}",
}


@pytest.mark.parametrize("written", MARKDOWN.values(), ids=MARKDOWN.keys())
def test_audience_in_markdown(written: str) -> None:
    """However a page says that it is for managers, it isn't shown to everyone."""
    assert_closed(written.format(TEXT), "page.md")


@pytest.mark.parametrize("name", OTHERS)
def test_audience_in_other_formats(name: str) -> None:
    """However a page of another format says that it is for managers, it isn't shown to everyone."""
    assert_closed(OTHERS[name].format(TEXT), name)


def test_audience_in_a_notebook() -> None:
    """A notebook says for whom it is in its metadata, or in its first cell."""
    cell = {"cell_type": "markdown", "source": TEXT}
    assert_closed(json.dumps({"cells": [cell], "metadata": {"audience": ["managers"]}}), "a.ipynb")
    head = {"cell_type": "raw", "source": ["---\n", "audience: managers\n", "---\n"]}
    assert_closed(json.dumps({"cells": [head, cell], "metadata": {}}), "b.ipynb")


def assert_closed(content: str, name: str) -> None:
    built = read(content.encode(), name)
    if isinstance(built, Page):
        assert built.document.audience == {"managers"}
        assert "managers" not in built.document.text
    else:
        assert built.hidden
        assert "audience" in built.reason


@pytest.mark.parametrize(
    "written",
    [
        MARKDOWN[name]
        for name in (
            "a list", "a block list", "capitals", "quoted key", "a blank line before", "a comment first", "og:title first",
            "a dotted key first", "a merge key", "an alias", "TOML", "TOML's word", "JSON", "JSON in lines", "Hexo's JSON",
            "named toml", "windows lines", "an unseen letter first", "flow", "blank lines in it",
        )
    ] + [],
)  # fmt: skip
def test_heads_that_are_understood(written: str) -> None:
    """Usual heads are read, and are no part of the text."""
    made = document(written.format(TEXT))
    assert (made.audience, made.text.strip()) == ({"managers"}, TEXT)


@pytest.mark.parametrize(
    "content",
    [
        "# Writing\n\nKnow your audience. The audience of this guide: everybody.\n",
        "# Data\n\n**Audience:** Public\n\nText.\n",
        "# CI\n\n- **Audience**: any engineer\n",
        "## Target Audience:\n\nDevelopers.\n",
        "# Tokens\n\n```yaml\naudience: sts.example.com\n```\n",
        "---\ntitle: a\ntarget_audience: developers\n---\nText.\n",
        "# Long\n\n" + "Text of no import. " * 300 + "\n\naudience: managers\n",
    ],
)
def test_prose_about_audiences(content: str) -> None:
    """A page that only writes about audiences is for whom its source is."""
    assert document(content).audience == {"everyone"}


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("---\ntitle: 1.10\n---\nText.", "1.10"),
        ("---\ntitle: No\n---\nText.", "No"),
        ("---\ntitle: 2026-03-01\n---\nText.", "2026-03-01"),
        ('---\ntitle: Hours\ndescription: "The doors are *never* locked &more"\n---\nText.', "Hours"),
        ('+++\ntitle = "Bonus scheme"\ndate = 2026-02-03\n+++\nText.', "Bonus scheme"),
        ('{"title": "Bonus"}\n\nText.', "Bonus"),
    ],
)
def test_title(content: str, title: str) -> None:
    """A title is what was written, whatever YAML takes it for."""
    assert document(content).title == title


def test_dates() -> None:
    """Dates of every syntax are the page's time of change."""
    for head in ("---\ndate: 2026-02-03\n---\n", "+++\ndate = 2026-02-03\n+++\n", ":date: 2026-02-03\n\n"):
        made = document(head + "Text.", "a.rst" if head.startswith(":") else "a.md")
        assert made.updated_at is not None
        assert made.updated_at.isoformat() == "2026-02-03T00:00:00+00:00"


DRAFTS = {
    "a.md": "---\ndraft: true\n---\nText.",
    "b.md": "---\ntitle: x\npublished: false\n---\nText.",
    "c.md": "---\nstatus: Draft\n---\nText.",
    "d.md": "+++\ndraft = true\n+++\nText.",
    "e.md": '{"draft": true}\n\nText.',
    "f.md": "\n---\ntitle: a: b\ndraft: yes\n---\nText.",
    "g.md": "draft: true\n\nText.",
    "h.rst": ":draft: true\n\nText.",
    "i.adoc": ":draft: true\n= Title\n\nText.",
    "j.html": '<meta name="draft" content="true"><p>Text.</p>',
    "k.md": "---\ndraft: 1\n---\nText.",
    "l.md": "---\npublish: false\n---\nText.",
    "m.md": "---\nunlisted: true\n---\nText.",
    "n.md": "---\nbuild:\n  render: never\n---\nText.",
    "o.md": "+++\n[_build]\nrender = false\n+++\nText.",
    "p.md": "---\nexpiryDate: 2020-01-01\n---\nText.",
}


@pytest.mark.parametrize("name", DRAFTS)
def test_drafts(name: str) -> None:
    """A page that says that it isn't finished is left out as a draft."""
    built = read(DRAFTS[name], name)
    assert isinstance(built, NoPage)
    assert built.draft
    assert isinstance(read(DRAFTS[name], name, drafts=True), Page)


@pytest.mark.parametrize(
    "head",
    [
        "draft: false",
        "draft: no",
        "draft:",
        "published: true",
        "published: 2026-01-01",
        "status: final",
        "unlisted: false",
        "expiryDate: 9999-01-01",
        "build: {render: always}",
        "expiryDate: x",
    ],
)
def test_finished(head: str) -> None:
    """What is finished, or says nothing of it, is read."""
    assert document(f"---\n{head}\n---\nText.").text == "Text."


def test_word_for_admins() -> None:
    """A page that is left out says what to write."""
    assert "audience: [names]" in refused("audience: managers\n\nText.")


def test_hostile_merges() -> None:
    """Merges of merges take no time, and no memory."""
    lines = ["a0: &a0 {x: y}"] + [
        f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 40)
    ]
    assert page("---\n" + "\n".join(lines) + "\n<<: *a39\n---\nText.").document.text == "Text."
