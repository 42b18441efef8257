"""What counts how much when a snippet is scored."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weights:
    """Shares of a score; see bot.backends.extractive.snippet_scoring.

    Found by hand on two handbooks; they are round because nothing finer is measurable.
    """

    lead: float = 0.6
    head: float = 0.8
    asked: float = 0.8  # in the question that an FAQ answers with it
    weak: float = 0.5  # times that, for words that hardly tell what is asked
    heading: float = 0.5
    title: float = 0.3
    beside: float = 0.3
    context: float = 0.4  # of what the question states
    leaning: float = 0.8  # the same, for a part that says "that" or hardly anything by itself
    kind: float = 0.2
    unknown: float = 0.3  # more for the kind, where the snippets know none of the words
    rank: float = 0.35
    section: float = 0.3  # times the score of its section
    dense: float = 1.2
    question: float = 0.5  # taken off from what only asks
    short: float = 0.4  # taken off from what is hardly a sentence
    code: float = 0.3  # taken off from code if no steps were asked for
    other: float = 0.6  # taken off where an identifier of the question stands elsewhere, but not here
    denies: float = 0.3  # for a "not" where the question has one; half of it off for one not asked for
    compared: float = 1.0  # for the row of one of two things that are compared
    named: float = 0.25  # for a heading all of whose words are in the question
    # Times how much of the question the title and heading hold, for what their text begins with:
    opening: float = 0.15
    topic: float = 0.4  # ... where the question only names what it is about
    definition: float = 0.8  # for a glossary's entry of what is to be defined
    contact: float = 0.5  # for an address or a channel, where it is asked whom to write to
