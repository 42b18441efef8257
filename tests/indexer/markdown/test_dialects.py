"""Pages of every dialect of Markdown read as their readers see them."""

import pytest

from tests.support.pages import chunks, page, texts


def said(content: str, path: str = "page.md") -> str:
    """All that the page says, with each chunk's headings before it."""
    return "\n\n".join("\n\n".join(filter(None, (c.heading, c.text))) for c in chunks(content, path))


TABS = {
    "MkDocs": '=== "macOS"\n\n    Use `brew`.\n\n=== "Windows"\n\n    Use `winget`.\n\nThen start it.',
    "MkDocs without blank lines": '=== "macOS"\n    Use `brew`.\n=== "Windows"\n    Use `winget`.\n\nThen start it.',
    "MkDocs, first chosen": '===! "macOS"\n\n    Use `brew`.\n\n=== "Windows"\n\n    Use `winget`.\n\nThen start it.',
    "MkDocs in an admonition": '!!! note\n\n    === "macOS"\n\n        Use `brew`.\n\n    === "Windows"\n\n        Use `winget`.\n\nThen start it.',
    "Docusaurus": 'import Tabs from "@theme/Tabs";\nimport TabItem from "@theme/TabItem";\n\n<Tabs>\n<TabItem value="mac" label="macOS">\n\nUse `brew`.\n\n</TabItem>\n<TabItem value="win" label="Windows">\n\nUse `winget`.\n\n</TabItem>\n</Tabs>\n\nThen start it.',
    "Docusaurus, indented": "<Tabs>\n  <TabItem value='mac' label='macOS'>\n\n    Use `brew`.\n\n  </TabItem>\n  <TabItem\n    value='win'\n    label={'Windows'}\n  >\n\n    Use `winget`.\n\n  </TabItem>\n</Tabs>\n\nThen start it.",
    "Nextra": "<Tabs items={['macOS', 'Windows']}>\n  <Tabs.Tab>Use `brew`.</Tabs.Tab>\n  <Tabs.Tab>Use `winget`.</Tabs.Tab>\n</Tabs>\n\nThen start it.",
    "Mintlify": '<Tabs>\n  <Tab title="macOS">\n    Use `brew`.\n  </Tab>\n  <Tab title="Windows">\n    Use `winget`.\n  </Tab>\n</Tabs>\n\nThen start it.',
    "GitBook": '{% tabs %}\n{% tab title="macOS" %}\nUse `brew`.\n{% endtab %}\n\n{% tab title="Windows" %}\nUse `winget`.\n{% endtab %}\n{% endtabs %}\n\nThen start it.',
    "Docsy": '{{< tabpane text=true >}}\n{{% tab header="macOS" %}}\nUse `brew`.\n{{% /tab %}}\n{{% tab header="Windows" %}}\nUse `winget`.\n{{% /tab %}}\n{{< /tabpane >}}\n\nThen start it.',
    "Hugo Book": '{{< tabs "id" >}}\n{{< tab "macOS" >}}\nUse `brew`.\n{{< /tab >}}\n{{< tab "Windows" >}}\nUse `winget`.\n{{< /tab >}}\n{{< /tabs >}}\n\nThen start it.',
    "Kubernetes": '{{< tabs name="os" >}}\n{{% tab name="macOS" %}}\n\nUse `brew`.\n\n{{% /tab %}}\n{{% tab name="Windows" %}}\n\nUse `winget`.\n\n{{% /tab %}}\n{{< /tabs >}}\n\nThen start it.',
    "Hextra": '{{< tabs items="macOS,Windows" >}}\n{{< tab >}}Use `brew`.{{< /tab >}}\n{{< tab >}}Use `winget`.{{< /tab >}}\n{{< /tabs >}}\n\nThen start it.',
    "Docusaurus, named above": "<Tabs values={[{label: 'macOS', value: 'mac'}, {label: 'Windows', value: 'win'}]}>\n<TabItem value=\"mac\">\n\nUse `brew`.\n\n</TabItem>\n<TabItem value=\"win\">\n\nUse `winget`.\n\n</TabItem>\n</Tabs>\n\nThen start it.",
    "PyMdown's blocks": "/// tab | macOS\nUse `brew`.\n///\n\n/// tab | Windows\n    select: true\n\nUse `winget`.\n///\n\nThen start it.",
    "VuePress": "::: tabs#os\n\n@tab macOS\n\nUse `brew`.\n\n@tab:active Windows#win\n\nUse `winget`.\n\n:::\n\nThen start it.",
    "DocFX": "### [macOS](#tab/mac)\n\nUse `brew`.\n\n### [Windows](#tab/win)\n\nUse `winget`.\n\n---\n\nThen start it.",
    "mdBook": '{{#tabs }}\n{{#tab name="macOS" }}\nUse `brew`.\n{{#endtab }}\n{{#tab name="Windows" }}\nUse `winget`.\n{{#endtab }}\n{{#endtabs }}\n\nThen start it.',
    "MyST": "::::{tab-set}\n:::{tab-item} macOS\n:sync: mac\nUse `brew`.\n:::\n:::{tab-item} Windows\nUse `winget`.\n:::\n::::\n\nThen start it.",
    "MyST with backticks": "````{tab-set}\n```{tab-item} macOS\nUse `brew`.\n```\n```{tab-item} Windows\nUse `winget`.\n```\n````\n\nThen start it.",
}


@pytest.mark.parametrize("tabs", TABS.values(), ids=TABS)
def test_tabs(tabs: str) -> None:
    """Each tab is a part with its label, and what stands behind the tabs belongs to none."""
    content = f"# Install\n\n## Agent\n\nFirst of all:\n\n{tabs}\n\n## More\n\nEnd."
    assert [(c.heading, c.text, c.anchor) for c in chunks(content)] == [
        ("Agent", "First of all:", "agent"),
        ("Agent > macOS", "Use `brew`.", "agent"),
        ("Agent > Windows", "Use `winget`.", "agent"),
        ("Agent", "Then start it.", "agent"),
        ("More", "End.", "more"),
    ]


def test_tabs_with_code() -> None:
    """What is indented below a tab isn't code for that: its fences, steps and tables are what they are."""
    content = '=== "Linux"\n\n    Run:\n\n    ```bash\n    sudo apt install\n      agent\n    ```\n\n    1. Open it.\n    2. Start it.\n\n    | Key | Value |\n    | --- | --- |\n    | a | b |\n'
    (only,) = chunks(f"# Install\n\n{content}")
    assert only.text == (
        "Run:\n\n```bash\nsudo apt install\n  agent\n```\n\n1. Open it.\n2. Start it.\n\n| Key | Value |\n| --- | --- |\n| a | b |"
    )


def test_headings_in_tabs() -> None:
    """A heading in a tab stays below the tab's label; a heading as high as the tabs' section ends them."""
    content = '# Page\n\n## Install\n\n=== "Linux"\n\n    #### Step\n\n    Go.\n\n{{< tab "x" >}}\n\n## Next\n\nText.'
    assert [c.heading for c in chunks(content)] == ["Install > Linux > Step", "Next"]


def test_tabs_in_a_list() -> None:
    """Tabs within a list's item keep their labels there."""
    content = '1. Install it:\n\n    === "Linux"\n\n        Use `apt`.\n\n    === "macOS"\n\n        Use `brew`.\n\n2. Start it.\n'
    assert texts(content) == ["1. Install it:\n  Linux:\n  Use `apt`.\n  macOS:\n  Use `brew`.\n2. Start it."]


def test_code_groups() -> None:
    """VitePress' groups of code are parts, each named by its fence."""
    content = "::: code-group\n\n```sh [npm]\nnpm add x\n```\n\n```sh [pnpm]\npnpm add x\n```\n\n:::\n\nDone."
    assert texts(f"# Add\n\n{content}") == [
        "**npm**\n\n```sh\nnpm add x\n```\n\n**pnpm**\n\n```sh\npnpm add x\n```\n\nDone.".replace("**", "")
    ]


def test_code_groups_of_components() -> None:
    """Mintlify's are named by what stands behind the language."""
    content = "<CodeGroup>\n```sh npm\nnpm add x\n```\n```sh pnpm theme={null}\npnpm add x\n```\n</CodeGroup>\n\n```sh rest\nx\n```"
    assert texts(f"# Add\n\n{content}") == [
        "npm\n\n```sh\nnpm add x\n```\n\npnpm\n\n```sh\npnpm add x\n```\n\n```sh\nx\n```"
    ]


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        # asides
        ('!!! warning "Mind the gap"\n\n    It is **deep**.\n\nEnd.', "Mind the gap\n\nIt is deep.\n\nEnd."),
        ("!!! note\n    It is deep.\n\nEnd.", "It is deep.\n\nEnd."),
        ('??? question "Why?"\n\n    - Because.\n', "Why?\n\n- Because."),
        ('???+ note "Open"\n\n    ```\n    x = 1\n    ```\n', "Open\n\n```\nx = 1\n```"),
        ('!!! info inline end "Side"\n\n    Text.\n', "Side\n\nText."),
        (":::note\n\nText.\n\n:::\n", "Text."),
        (":::tip[Hint]\n\nText.\n\n:::\n", "Hint\n\nText."),
        ("::: details Click me\nText.\n:::\n", "Click me\n\nText."),
        (':::: columns\n::: column\nA.\n:::\n::: {.column width="40%"}\nB.\n:::\n::::\n', "A.\n\nB."),
        ("> [!NOTE]\n> Text.\n", "Text."),
        ("> [!tip] Hint\n> Text.\n", "Hint\nText."),
        ("> [!faq]- Why?\n> Because.\n> > [!note] Inner\n> > More.\n", "Why?\nBecause.\nInner\nMore."),
        ('{% hint style="info" %}\nText.\n{% endhint %}\n', "Text."),
        ('{{< alert title="Mind" >}}\nText.\n{{< /alert >}}\n', "Mind\n\nText."),
        ("{{% pageinfo %}}\nText.\n{{% /pageinfo %}}\n", "Text."),
        ("/// warning | Mind the gap\n    open: true\n\nIt is deep.\n\n//// details\nMore.\n////\n///\n\nEnd.", "Mind the gap\n\nIt is deep.\n\nMore.\n\nEnd."),
        ("/// note that this never ends", "/// note that this never ends"),
        ('<Callout title="Mind">It is deep.</Callout>', "Mind: It is deep."),
        # MyST
        ("```{note}\nText.\n```\n\n% Not seen.\n\n+++ {}\n\nMore, 5\n% of it.", "Text.\n\nMore, 5"),
        ("% A line of its own.\n\n+++", "% A line of its own.\n\n+++"),
        ("```{note}\nText with `code`.\n```\n", "Text with `code`."),
        ("```{admonition} Title\n:class: tip\nText.\n```\n", "Title\n\nText."),
        ("````{warning}\nText.\n\n```python\nx = 1\n```\n````\n", "Text.\n\n```python\nx = 1\n```"),
        ("```{code-block} python\n:linenos:\n\nx = 1\n```\n", "```python\nx = 1\n```"),
        ("```{code-cell} ipython3\nx = 1\n```\n", "```ipython3\nx = 1\n```"),
        ("```{versionadded} 2.1\nFast mode.\n```\n", "New in version 2.1\n\nFast mode."),
        ("```{toctree}\n:maxdepth: 2\n\nintro\nguide\n```\n\nText.\n", "Text."),
        ("```{glossary}\nquorum\n  Three of five nodes.\n\nleader\n  Who writes.\n```\n", "- quorum: Three of five nodes.\n- leader: Who writes."),
        ("```{list-table} Plans\n:header-rows: 1\n\n* - Plan\n  - Price\n* - Basic\n  - 5\n```\n", "Plans\n\n| Plan | Price |\n| --- | --- |\n| Basic | 5 |"),
        ("```{csv-table}\nPlan, Price\nBasic, 5\n```\n", "| Plan | Price |\n| --- | --- |\n| Basic | 5 |"),
        ("```{only} html\nText.\n```\n\n```{only} latex\nNot seen.\n```\n", "Text."),
        ("See {ref}`the guide <guide>`, {doc}`other`, {term}`quorum`.", "See the guide, other, quorum."),
        ("Run {command}`make` as {py:func}`~os.getuid`.", "Run `make` as `os.getuid`."),
        # notebooks' and Pandoc's code
        ("```{python}\nx = 1\n```\n", "```python\nx = 1\n```"),
        ("```{r setup, include=FALSE}\nx <- 1\n```\n", "```r\nx <- 1\n```"),
        ("``` {.haskell .numberLines}\nx = 1\n```\n", "```haskell\nx = 1\n```"),
        ('```yaml title="mkdocs.yml"\na: 1\n```\n', "mkdocs.yml\n\n```yaml\na: 1\n```"),
        ("{{< highlight go >}}\nx := 1\n{{< /highlight >}}\n", "```go\nx := 1\n```"),
        ("{% highlight ruby %}\nx = 1\n{% endhighlight %}\n", "```ruby\nx = 1\n```"),
        # comments
        ("Seen. %%Not seen.%% Seen too.", "Seen. Seen too."),
        ("Seen.\n\n%%\nNot\n\nseen.\n%%\n\nSeen too.", "Seen.\n\nSeen too."),
        ("Run %%time or %%timeit first.", "Run %%time or %%timeit first."),
        ("Of 50%% and 20%% of it.", "Of 50%% and 20%% of it."),
        ("Seen.\n\n<!--\n```\nnot seen\n```\n-->\n\nSeen too.", "Seen.\n\nSeen too."),
        ("Seen.\n\n<!-- never ends\n\nnot seen", "Seen."),
        ("Seen <!-- not\nseen --> too.", "Seen too."),
        ("Write `<!-- x -->` for it.", "Write `<!-- x -->` for it."),
        ("Seen.\n\n{% comment %}\nNot seen.\n{% endcomment %}\n\nSeen too.", "Seen.\n\nSeen too."),
        ("Seen.\n\n{{< comment >}}\nNot seen.\n{{< /comment >}}\n\nSeen too.", "Seen.\n\nSeen too."),
        ("Seen.\n\n{{/* Not seen. */}}\n\nSeen too.", "Seen.\n\nSeen too."),
        ("Seen.\n\n{::comment}\nNot seen.\n{:/comment}\n\nSeen too.", "Seen.\n\nSeen too."),
        ("Seen.\n\n[//]: # (Not seen.)\n\nSeen too.", "Seen.\n\nSeen too."),
        ("Seen {>>not seen<<} too.", "Seen too."),
        ("Seen {/* not seen */} too.", "Seen too."),
        ("Seen {/* too.", "Seen {/* too."),
        ("A page that is longer than what it hides.\n\n<div hidden>not <div>seen</div> here</div>", "A page that is longer than what it hides."),
        ("A page that is longer than what it hides, by far. <p style='display: none'>not seen</p>", "A page that is longer than what it hides, by far."),
        ('<div role="tabpanel" hidden>Seen behind a tab.</div>', "Seen behind a tab."),
        ('Seen.\n\n::: {.content-hidden}\nNot seen.\n:::\n\n::: {.content-visible when-format="pdf"}\nNot seen.\n:::\n\n::: hidden\nNot seen.\n:::\n', "Seen."),
        ('Seen.\n\n::: {.content-hidden when-format="pdf"}\nSeen too.\n:::\n', "Seen.\n\nSeen too."),
        # struck out
        ("The fee is ~5 EUR~ 7 EUR, and ~10~ 12 days.", "The fee is 7 EUR, and 12 days."),
        ("From ~5 to ~7, open ~10:00, closed 18:00~ daily.", "From ~5 to ~7, open ~10:00, closed 18:00~ daily."),
        ('The fee for everybody is <span style="text-decoration: line-through">5</span> 7 EUR.', "The fee for everybody is 7 EUR."),
        ("The period is <del>30</del> <ins>60</ins> days.", "The period is 60 days."),
        ("The period is ~~30~~ 60 days.", "The period is 60 days."),
        ("<s>Call 11.</s> Call 77.", "Call 77."),
        ("- ~~Old~~\n- New\n", "- New"),
        ("It is {--not--} {++very++} {~~old~>new~~} {==good==}.", "It is very new good."),
        ("Write `~~x~~` for it, and ~/bin or ~/lib.", "Write `~~x~~` for it, and ~/bin or ~/lib."),
        # exponents
        ("A table holds 10<sup>6</sup> rows.", "A table holds 10^6 rows."),
        ("It is 2<sup>n+1</sup> or 10^-3^ m<sup>2</sup>.", "It is 2^(n+1) or 10^-3 m^2."),
        ("The 5<sup>th</sup> of Acme<sup>TM</sup>.", "The 5th of AcmeTM."),
        ("Take 1<sup>3</sup>/<sub>4</sub> or <sup>1</sup>⁄<sub>2</sub>.", "Take 1 3/4 or 1⁄2."),
        ("H<sub>2</sub>O and H~2~O, 101<sub>2</sub>.", "H2O and H2O, 101_2."),
        ("| Rows |\n| --- |\n| 10<sup>9</sup> |\n", "| Rows |\n| --- |\n| 10^9 |"),
        ("<table><tr><th>Rows</th></tr><tr><td>10<sup>9</sup> <del>5</del></td></tr></table>", "| Rows |\n| --- |\n| 10^9 |"),
        # signs within a line
        ("Press ++ctrl+alt+del++ now, in C++ or g++.", "Press ctrl+alt+del now, in C++ or g++."),
        ("A ==marked== word, a == b == c.", "A marked word, a == b == c."),
        (":material-check: Done :octicons-x-16:{ .red }", "Done"),
        ("[Start](x.md){ .md-button .md-button--primary }", "Start"),
        ("![A plan](a.png){ width=300 } here", "A plan here"),
        ("Text.\n{: .class #id }\n\nMore.", "Text.\n\nMore."),
        ("Text.\n{ .annotate }\n\n1.  Note.", "Text.\n\n1. Note."),
        ("A line. ^a1b2c3\n\nAnother one. ^my-id\n\n- item ^abc\n", "A line.\n\nAnother one.\n\n- item"),
        ("![[Pasted image 2023.png|100]] Text ![[plan.pdf]]", "Text"),
        ("See [[Page#Part|this page]] and [[Other]].", "See this page and Other."),
        ("| A |\n| --- |\n| [[Page\\|this]] |\n", "| A |\n| --- |\n| this |"),
        ("[TOC]\n\nText.", "Text."),
        ('--8<-- "part.md"\n\nText.', "Text."),
        ("It is HTML.\n\n*[HTML]: Hyper Text Markup Language\n", "It is HTML.\n\nHTML: Hyper Text Markup Language"),
        ("Added {{< new-in 0.120.0 >}} here", "Added (new in 0.120.0) here"),
        ('A {{< glossary_tooltip text="pod" term_id="pod" >}} runs.', "A pod runs."),
        # definitions
        ("Quorum\n:   Three of five.\n\nLeader\n:   Who writes.\n\n    And reads.\n", "- Quorum: Three of five.\n- Leader: Who writes.\n  And reads."),
        ("Term\n\n: One.\n: Two.\n", "- Term: One.\n- Term: Two."),
        # lines with brackets and colons
        ("[Q]: How is it done?\n\n[A]: So.\n", "How is it done?\n\nSo."),
        ("[ERROR]: disk quota exceeded\n", "ERROR: disk quota exceeded"),
        ("[ERROR]: timeout\n", "ERROR: timeout"),
        ('[x]: https://a.example "A title"\n\nText.', "Text."),
        ("[x]: <a b.md>\n[y]: #part\n[z]: other.md\n\nText.", "Text."),
        ("[See][x].\n\n[x]: target\n", "See."),
        # drawn tables
        ("+---+-----+\n| A | B   |\n+===+=====+\n| a | 1   |\n+---+-----+\n| b | 2   |\n+---+-----+\n", "| A | B |\n| --- | --- |\n| a | 1 |\n| b | 2 |"),
        ("+-------+-----+\n| A     | B   |\n+=======+=====+\n| Large | 40  |\n| tent  | €   |\n+-------+-----+\n", "| A | B |\n| --- | --- |\n| Large tent | 40 € |"),
        ("+---+---+\n| A | B |\n+===+===+\n| x | 1 |\n|   +---+\n|   | 2 |\n+---+---+\n", "| A | B |\n| --- | --- |\n| x | 1 |\n| x | 2 |"),
        ("+---+-------+\n| A | B     |\n|   +---+---+\n|   | p | q |\n+===+===+===+\n| x | 1 | 2 |\n+---+---+---+\n", "| A | B: p | B: q |\n| --- | --- | --- |\n| x | 1 | 2 |"),
        ("| A | B |\n| --- | --- |\n| x | 1 |\n| ^^ | 2 |\n", "| A | B |\n| --- | --- |\n| x | 1 |\n| x | 2 |"),
        ("  Right Left     Center\n------- ------ ----------\n     12 a b       12\n        c|d       123\n\nEnd.", "| Right | Left | Center |\n| --- | --- | --- |\n| 12 | a b | 12 |\n|  | c\\|d | 123 |\n\nEnd."),
        ("-----------------\n Plan     Price\n          a year\n-------- --------\nBasic    10 EUR\n         or less\n\nExpert   500 EUR\n-----------------\n\nEnd.", "| Plan | Price a year |\n| --- | --- |\n| Basic | 10 EUR or less |\n| Expert | 500 EUR |\n\nEnd."),
        ("A line.\n--- ---\n\nEnd.", "A line.\n\nEnd."),
        # bars in code
        ("| A | B |\n| --- | --- |\n| or | `a || b` |\n", "| A | B |\n| --- | --- |\n| or | `a \\|\\| b` |"),
        ("| A | B |\n| --- | --- |\n| `x | y` | pipe |\n", "| A | B |\n| --- | --- |\n| `x \\| y` | pipe |"),
        ("| A | B |\n| --- | --- |\n| a | `b` | c |\n", "| A | B |\n| --- | --- |\n| a | `b` |"),
        # MDX
        ("import {\n  Tabs,\n} from '@theme/Tabs';\n\nText.", "Text."),
        ("import A from './a';\nexport const x = 1;\n\n{/* hidden */}\n\nText <Badge text=\"beta\" />.", "Text beta."),
        ('import A from "./a";\n\n<Card title="First">\n  Text.\n</Card>\n', "First\n\nText."),
        ("Send it to <Name> of <your team>.", "Send it to <Name> of <your team>."),
        ("import the file from the folder\n\nText.", "import the file from the folder\n\nText."),
    ],
)  # fmt: skip
def test_reads_as(markdown: str, text: str) -> None:
    """A page reads as its readers see it, whatever dialect it is in."""
    assert said(f"Page\n\n{markdown}").removeprefix("Page").strip() == text


@pytest.mark.parametrize(
    ("heading", "shown", "anchor"),
    [
        ("## Fence { .annotate }", "Fence", "fence"),
        ("## Fence {: .no_toc #x }", "Fence", "x"),
        ("## Fence {#own .class}", "Fence", "own"),
        ('## Fence {id="own" class="y"}', "Fence", "own"),
        ("## Fence (old) {#own}", "Fence (old)", "own"),
        ("## `fence` { #own data-x='y z' }", "fence", "own"),
        ("## Fence {-}", "Fence", "fence"),
        ("## Fence\n{: #own}", "Fence", "own"),
        ("(own)=\n## Fence", "Fence", "own"),
        ("## Fence [¶](#fence)", "Fence", "fence"),
        ("## Fence ¶", "Fence", "fence"),
        ("## Use {name} here", "Use {name} here", "use-name-here"),
        ("## Set `{a}`", "Set {a}", "set-a"),
        ("## :material-check: Fence", "Fence", "fence"),
        ('## `useData` <Badge type="info" text="new" />', "useData new", "usedata-new"),
        ("## ~~Old~~ Fence", "Fence", "fence"),
    ],
)
def test_headings(heading: str, shown: str, anchor: str) -> None:
    """A heading has the attributes that its dialect gives it, and shows none of them."""
    (last,) = chunks(f"# Page\n\n{heading}\n\nText.")
    assert (last.heading, last.anchor) == (shown, anchor)


def test_title_below_a_target() -> None:
    """What stands above the title and shows nothing keeps it from being the title no more."""
    built = page("(keys)=\n# Keys\n\nText.")
    assert (built.document.title, built.pieces[0].chunk.heading) == ("Keys", "")


def test_title_is_no_tab() -> None:
    """A tab's label is no page's title."""
    built = page('=== "Linux"\n\n    Text.\n', "install-it.md")
    assert built.document.title == "Install it"
