"""AsciiDoc reads as Asciidoctor shows it."""

import pytest

from tests.support.pages import chunks, document, page


def said(content: str, **fields: object) -> str:
    found = chunks(f"= Page\n\n{content}", "page.adoc", **fields)
    return "\n\n".join("\n\n".join(filter(None, (c.heading, c.text))) for c in found)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        # attributes
        (":min: 5\n\nAt least {min} nodes.", "At least 5 nodes."),
        (":a: one\n:b: {a} and two\n\nIt is {b}.", "It is one and two."),
        (":a: one\n:!a:\n\nIt is {a}.", "It is {a}."),
        (":long: one \\\n  and two\n\nIt is {long}.", "It is one and two."),
        ("C{plus}{plus} is {cpp}, \\{not} one.", "C++ is C++, {not} one."),
        (":x: 1\n\nifdef::x[]\nSeen.\nendif::[]\nifndef::x[]\nNot seen.\nendif::[]", "Seen."),
        ("ifdef::x[Not seen.]\nifndef::x[Seen.]", "Seen."),
        (':v: 2\n\nifeval::["{v}" == "1"]\nNot seen.\nendif::[]\nSeen.', "Seen."),
        # comments
        ("Seen.\n// not\nSeen too.", "Seen. Seen too."),
        ("Seen.\n\n////\nNot.\n\n----\nnot\n----\n////\n\nToo.", "Seen.\n\nToo."),
        ("Seen.\n\n[comment]\nNot seen.\n\nToo.", "Seen.\n\nToo."),
        # text
        ('A `code` and `+{x}+`, *bold*, __all__, "`quoted`".', 'A `code` and `{x}`, bold, all, "quoted".'),
        ("10^6^ rows, H~2~O, [line-through]#old# #new#.", "10^6 rows, H2O, new."),
        ("The limit is [.line-through]##10##[.line-through]*20* [.red.line-through]_30 GB_ 40 GB.", "The limit is 40 GB."),
        ("It is [.big]##in##side of C# and [.big]*bold*.", "It is inside of C# and bold."),
        ("A pass:[<u>word</u>] and +++<b>one</b>+++ and `+<b>+`.", "A word and one and `<b>`."),
        ("A List<String> is <b>.", "A List<String> is <b>."),
        ("See https://a.example[the site^] and link:b.html[B,role=x].", "See the site and B."),
        ("See xref:other.adoc#x[Other] and xref:guide/intro.adoc[].", "See Other and intro."),
        ("See https://a.example[the\nother site], and so on.", "See the other site, and so on."),
        ("* See https://a.example[the\nother site].\n* Two", "- See the other site.\n- Two"),
        ("Set javadoc:{url-x}/a.b.C[] now.", "Set `a.b.C` now."),
        ("* One\ninclude::other.adoc[]\n* Two", "- One\n- Two"),
        ("Press kbd:[Ctrl+C], btn:[OK], menu:File[Save].", "Press Ctrl+C, OK, File > Save."),
        ("Set configprop:server.port[] of javadoc:a.B[].", "Set `server.port` of `a.B`."),
        ("A word footnote:[Said below.] here.((index))(((hidden, index)))", "A word (Said below.) here.index"),
        ("image::a.png[A plan,300]", "A plan"),
        ("One +\ntwo.", "One\ntwo."),
        ("NOTE: Mind it.", "Note: Mind it."),
        ("[NOTE]\n====\nMind it.\n\n* One\n====", "Mind it.\n\n- One"),
        ("[quote,Ada,Letters]\n____\nTrue.\n____", "True.\n\n— Ada, Letters"),
        (".Title\n****\nAside.\n****", "Title\n\nAside."),
        # code
        ("[source,java,indent=0]\n----\nint x; // <1>\n----\n<1> A number.", "```java\nint x;\n```\n\n1. A number."),
        (".Run\n[source,sh]\n....\nmake\n....", "Run\n\n```sh\nmake\n```"),
        ("```python\nx = 1\n```", "```python\nx = 1\n```"),
        ("Text:\n\n  make all\n\nEnd.", "Text:\n\n```\n  make all\n```\n\nEnd."),
        ('[cols="1,a",options=header]\n|===\n|A|B\n|x\n|\n!===\n!n !1\n!m !2\n!===\n|===', "| A | B |\n| --- | --- |\n| x | n: 1; m: 2 |"),
        # lists
        ("RAM:: Eight +\nGB.\nDisk::\nTen +\nGB.", "- RAM: Eight GB.\n- Disk: Ten GB."),
        ("* One\ngoes on\n** Inner\n* Two", "- One goes on\n  - Inner\n- Two"),
        (". One\n+\n----\nmake\n----\n. Two", "1. One\n  ```\n  make\n  ```\n1. Two"),
        ("* One\n+\nMore of it.\n\n* Two", "- One\n  More of it.\n- Two"),
        ("Quorum:: Three of five.\nLeader::\n  Who writes.", "- Quorum: Three of five.\n- Leader: Who writes."),
        ("`a::b`:: A name.\n`--port`:: Where.", "- `a::b`: A name.\n- `--port`: Where."),
        ("One::\nTwo:: Both.", "- One, Two: Both."),
        ("open(name)?:: Opens.\nread/write:: Both.", "- open(name)?: Opens.\n- read/write: Both."),
        ("Term::\n* First\n* Second", "- Term:\n  - First\n  - Second"),
        # tables
        ('[cols="1,1"]\n|===\n|Port\n|Purpose\n\n|7000\n|Gossip\n\n|9042\n|Clients\n|===', "| Port | Purpose |\n| --- | --- |\n| 7000 | Gossip |\n| 9042 | Clients |"),
        ("|===\n|A |B\n\n|a\n|1\n|b |2\n|===", "| A | B |\n| --- | --- |\n| a | 1 |\n| b | 2 |"),
        ("[%header,cols=2*]\n|===\n|A\n|B\n.2+|x\n|1\n|2\n|===", "| A | B |\n| --- | --- |\n| x | 1 |\n| x | 2 |"),
        ("[cols=3*,options=header]\n|===\n|A|B|C\n|x 2+|both\n|===", "| A | B | C |\n| --- | --- | --- |\n| x | both | both |"),
        ("[cols=2*,options=header]\n|===\n|A|B\n2*|same\n|===", "| A | B |\n| --- | --- |\n| same | same |"),
        ('[cols="1,1a",options=header]\n|===\n|A|B\n|x\na|* One\n* Two\n|===', "| A | B |\n| --- | --- |\n| x | One; Two |"),
        ('[options=header]\n,===\nA,B\nx,"1, 2"\n,===', "| A | B |\n| --- | --- |\n| x | 1, 2 |"),
        ("|===\n|A |B\n\n|`x` \\| y |Ends in a\n|===", "| A | B |\n| --- | --- |\n| `x` \\| y | Ends in a |"),
    ],
)  # fmt: skip
def test_reads_as(source: str, text: str) -> None:
    """A page reads as Asciidoctor shows it."""
    assert said(source) == text


def test_attributes_of_the_source() -> None:
    """What is defined outside of the page is filled in, and no page changes it unless it may."""
    given = {"product": "Acme", "soft": "old@"}
    assert said(":product: Other\n:soft: new\n\n{product} is {soft}.", attributes=given) == "Acme is new."


def test_tabs() -> None:
    """Each tab is a part with its label."""
    content = "[tabs]\n====\nLinux::\n+\n--\nUse apt.\n\n[source,sh]\n----\napt install x\n----\n--\nmacOS:: Use brew.\n====\n\nEnd."
    found = chunks(f"= Page\n\n== Install\n\n{content}", "page.adoc")
    assert [(c.heading, c.text) for c in found] == [
        ("Install > Linux", "Use apt.\n\n```sh\napt install x\n```"),
        ("Install > macOS", "Use brew."),
        ("Install", "End."),
    ]


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("== Empty the tank", "_empty_the_tank"),
        ("== What's new in 1.10?", "_whats_new_in_1_10"),
        ("== Cache & queue: restart", "_cache_queue_restart"),
        ("[[own]]\n== Tank", "own"),
        ("[#own]\n== Tank", "own"),
        ("[[own]]\n\n== Tank", "own"),
        ("== Tank [[own]]", "own"),
        ("== `tank.size` set", "_tank_size_set"),
    ],
)
def test_anchors(heading: str, anchor: str) -> None:
    """A section has the id that Asciidoctor gives it, or its own."""
    assert chunks(f"= Page\n\nText.\n\n{heading}\n\nText.", "page.adoc")[-1].anchor == anchor


def test_same_headings() -> None:
    """The second heading of a name has a number, as Asciidoctor's."""
    content = "= Page\n\n== Use\n\nA.\n\n== Use\n\nB.\n\n== Use\n\nC."
    assert [c.anchor for c in chunks(content, "page.adoc")] == ["_use", "_use_2", "_use_3"]


def test_anchors_of_other_sites() -> None:
    """The prefix and the separator may be the page's own, and GitHub has its own."""
    content = "= Page\n:idprefix:\n:idseparator: -\n\n== The tank\n\nA."
    assert chunks(content, "page.adoc")[0].anchor == "the-tank"
    assert chunks("= Page\n\n== The tank\n\nA.", "page.adoc", anchors="github")[0].anchor == "the-tank"


def test_references_show_titles() -> None:
    """A reference without words shows the heading that it leads to."""
    content = "= Page\n\nSee <<own>>, <<_the_tank>> and <<x,that>>.\n\n[[own]]\n== Own one\n\nA.\n\n== The tank\n\nB."
    assert chunks(content, "page.adoc")[0].text == "See Own one, The tank and that."


def test_head() -> None:
    """Who wrote it and which version it is are no text of the page."""
    content = "= Page\nAda Lovelace <ada@example.com>\nv1.2, 2026-01-12\n:revdate: 2026-01-12\n\nText."
    assert [c.text for c in chunks(content, "page.adoc")] == ["Text."]
    assert document(content, "page.adoc").title == "Page"


def test_many_references_stay_small() -> None:
    """References to references make no page grow without end."""
    lines = "\n".join(f":a{n}: {{a{n - 1}}}{{a{n - 1}}}{{a{n - 1}}}{{a{n - 1}}}" for n in range(1, 30))
    built = page(f"= Page\n:a0: word\n{lines}\n\n{{a29}}", "page.adoc")
    assert sum(len(piece.chunk.text) for piece in built.pieces) < 200_000
