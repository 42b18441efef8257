"""Has docutils write HTML that holds nothing of other files, and only what Markdown has a form for."""

from typing import Any

from docutils import nodes
from docutils.transforms import Transform, universal
from docutils.writers.html5_polyglot import HTMLTranslator, Writer

_LISTS = (nodes.definition_list, nodes.field_list, nodes.option_list, nodes.docinfo)
_HEADS = (nodes.term, nodes.classifier, nodes.field_name, nodes.option_group)


class _Translator(HTMLTranslator):
    def visit_image(self, node: nodes.image) -> None:
        """Write an image's text: to embed or to scale it, docutils would open its file."""
        self.body.append(self.encode(node.get("alt", "")))
        raise nodes.SkipNode

    def visit_math(self, node: nodes.math, *_: Any) -> None:  # noqa: ANN401 - theirs
        """Write a formula's source: MathML would come apart into lines."""
        self.body.append(f"<code>{self.encode(node.astext())}</code>")
        raise nodes.SkipNode

    def visit_math_block(self, node: nodes.math_block, *_: Any) -> None:  # noqa: ANN401
        self.body.append(f"<pre>{self.encode(node.astext())}</pre>")
        raise nodes.SkipNode

    def visit_literal(self, node: nodes.literal) -> None:
        self.body.append(f"<code>{self.encode(node.astext())}</code>")
        raise nodes.SkipNode

    def visit_literal_block(self, node: nodes.literal_block) -> None:
        classes: list[str] = node.get("classes", [])
        language = next((name for name in classes if name != "code"), "")
        self.body.append(f'<pre class="language-{language}">{self.encode(node.astext())}</pre>')
        raise nodes.SkipNode


class _WithoutMessages(Transform):
    """Removes docutils' messages in one pass; its own transform searches all of them for each."""

    default_priority = universal.FilterMessages.default_priority

    def apply(self) -> None:
        for element in tuple(self.document.findall(nodes.Element)):
            children = element.children
            if any(isinstance(child, nodes.system_message | nodes.problematic) for child in children):
                kept = [child for child in children if not isinstance(child, nodes.system_message)]
                element.children = []
                element.extend(
                    nodes.Text(child.astext()) if isinstance(child, nodes.problematic) else child
                    for child in kept
                )


class _Listed(Transform):
    """Turns definition lists into lists, as Markdown has none."""

    default_priority = universal.FilterMessages.default_priority + 1

    def apply(self) -> None:
        for element in tuple(self.document.findall(lambda node: isinstance(node, _LISTS))):
            items = [_listed(item) for item in element.children if isinstance(item, nodes.Element)]
            element.parent.replace(element, nodes.bullet_list("", *items))


def _listed(item: nodes.Element) -> nodes.list_item:
    """Write `term: what it means` as an item."""
    heads = [child for child in item.children if isinstance(child, _HEADS)]
    below = [
        inner
        for child in item.children
        if child not in heads
        for inner in (child.children if isinstance(child, nodes.Element) else [child])
    ]
    if not heads:  # author, date and so on of the page
        return nodes.list_item("", nodes.paragraph("", f"{item.tagname}: {item.astext()}"))
    lead = nodes.paragraph("", "")
    for number, head in enumerate(heads):
        if number:
            lead += nodes.Text(" : " if isinstance(head, nodes.classifier) else ", ")
        lead += [nodes.literal("", head.astext())] if isinstance(head, nodes.option_group) else head.children
    if below:
        lead += nodes.Text(": ")
    if below and isinstance(below[0], nodes.paragraph):
        lead += below.pop(0).children
    return nodes.list_item("", lead, *below)


class TextWriter(Writer):
    """A docutils writer with these transforms."""

    def __init__(self) -> None:
        super().__init__()
        self.translator_class = _Translator

    def get_transforms(self) -> list[type[Transform]]:
        theirs = super().get_transforms()
        slow = {universal.Messages, universal.FilterMessages}
        return [*(each for each in theirs if each not in slow), _WithoutMessages, _Listed]
