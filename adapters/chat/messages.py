"""Holds every sentence that people read in chat, so that Slack and Discord say the same."""

from adapters.chat.markdown_text import quoted, shorten

_HOW_TO_ASK = "Ask me a question about our docs, for example: {ask} how many days of annual leave do I get?"
WELCOME = "You're welcome."
WORKING = "Looking it up…"
_ASKED = "You asked: {question}"
TOO_MANY = "That's {limit} questions within a minute. I'm happy to go on in a moment."
NOT_ADMIN = "Only admins may do this, sorry. Whoever runs Docent here can make you one."
LOST_ANSWER = "I was interrupted while I answered this, sorry. Please ask again."
BROKEN = "Something went wrong on my side, sorry. If it happens again, tell an admin this reference: `{id}`."
STOPPED = "Stopped."
COMMAND_CHANGED = "This command has changed. Please restart Discord (Ctrl+R on a computer) and try again."
SHUTTING_DOWN = "I'm restarting. Please ask again in a moment."
STALE = "Check the date: {titles} may be outdated."
NOT_FOUND_NEAREST = "Closest pages:"
SEE_ALSO = "See also: {pages}"
WHOM_TO_ASK = "You could ask {owners}."
THANKS_UP = "Thanks, good to know."
THANKS_DOWN = "Thanks, this goes to the people who keep the docs."
NO_FORM = "Slack didn't open the form. Please press again."
KNOWN = "I'm on it already: see the answer above."
NO_WORDS = "That message holds no words that I could look up."
NO_PICTURES = "I can't read pictures: what is in them I don't know."
NO_FILES = "I don't read files here: I went by the words alone."
UNREAD_FILE = "I couldn't read `{name}`: {why}."
TOO_MANY_FILES = "I read only the first {count} files."
NOTHING_IN_WORDS = "Please ask me in words."
SHARED = "{person} shared this answer:"
SHARED_SUMMARY = "{person} shared this summary:"
NOT_YOURS = "Only whoever asked can share this answer."
SHARED_ALREADY = "You've shared this answer here already."
OPEN_DIRECT_MESSAGES = (
    "I answer in private here, but may not write to you: allow direct messages from this server, or use /ask."
)
BARRED = "I may not write in that channel. Add me to it, then press again."
BARRED_FROM_HELP = "I may not write in the help channel: an admin has to add me to it."
ASKED_HUMAN = "A question that the docs don't answer, from {person}:"
ON_CALL = "On call: {who}"
TICKET = "I've opened a ticket in {where}."
HELP_THREAD = "Replies to this message go to whoever asked."
HUMAN_SAYS = "{person} answers your question:"
PASSED_ON = (
    "Passed on to whoever asked. To have it given to everybody who asks this, an admin can choose *Save as verified answer* in"
    " your message's menu."
)
NOT_PASSED_ON = "I can't reach whoever asked, so your answer stands only here."
SUMMARIZE = "Summarize"
NO_MODEL = "Summaries need a model, and here answers are only quotes of the docs: an admin can set `writer`."
SUMMARY_SOON = "One summary a minute, please: try again in a moment."
SUMMARY_FAILED = "I can't sum this up now, sorry. Please try again in a moment."
NOTHING_SAID = "There is nothing to sum up: fewer than two messages, in the thread or within the last day."
CANNOT_READ = "I can't read what was said here: I have to be in the channel. `/invite` me, then try again."
NO_CONTENT = "I can't read messages here: an admin can set `discord.message_content`."
NOT_SEEN = "You may not read what was said here."
SUMMED_UP = "Of {count} messages."
SUMMARY_CUT = "{count} before these were too many."
HUMAN_ON_IT = "I've asked in the help channel."
NO_HELP_CHANNEL = "No help channel is configured: an admin can set `help_channel`."
NO_SOURCES = "This answer has no sources."
NOT_FOR_ALL = "This answer rests on pages that not everybody here may see, so I can't share it here."
NO_SUCH_ANSWER = (
    "I have no answer by that id or link. A link to the answer's message works for as long as I keep it."
)
NOT_HERE = "I'm not set up to answer here. Whoever looks after me can change that."
ONLY_THIS_PLACE = "Here I may only use what this channel may see. Ask me in a direct message or with /ask."
ONLY_FOR_GUESTS = "Here I may only use what you may see as a guest. Somebody who belongs to this workspace can ask me for you."
ANSWER_GONE = "I no longer have this answer. Please ask again."
EDITED_ANSWER = "edited"
EDITED_QUESTION = "The question was edited."
CONFIRMED = "Somebody has confirmed this already."
KEPT = "They stay. I won't ask again about these; `status` goes on listing them."
NOTHING_HELD = "Nothing waits to be deleted there."
NOTHING_RUNS = "No reindex is running or waiting."
CANCELLING = "Cancelling {what}."
ASKING_AGAIN = "I'm asking these questions again, to list those that still have no answer…"
DISMISSED = "Done: it won't be listed again."
NO_SUCH_GAP = "I know no gap with that id: `gaps` lists them."
CANCELLED = "Cancelled. What was done so far is kept."

SAVE_EXAMPLE = "Save as example"
SAVE_VERIFIED = "Save as verified answer"
SAVE_QUESTION = "The question"
SAVE_ANSWER = "The answer, as it should be given"
SAVE_PAGE = "The page that says so (title, path, address)"
NO_PAGE = "Kept, but not used yet: a verified answer needs a page that says so. Press Edit to name one."
NO_SUCH_PAGE = "Kept, but not used yet: I know no page “{page}” that you may see. Press Edit to name another."
CLOSEST = "The closest are: {pages}."
SAVED_EXAMPLE = "Saved as a proposal. It is used once somebody accepts it."
SAVED_VERIFIED = (
    "Saved. Whoever asks this from now on gets it first, with your name, until a page that it cites changes."
)
NOTHING_TO_REVIEW = "Nothing waits for review."
NOTHING_IN_USE = "No saved answer is in use."
MORE_TO_REVIEW = "{count} more wait: they come when these are done, or see `docent style review`."
ACCEPTED = "Accepted: it counts from now on."
WITHDRAWN = "Withdrawn: it isn't used any more, and waits for review."
REJECTED = "Rejected: it won't be used."
GUIDE_BROKEN = (
    "An edit of the style guide can't be read. The last good guide stays in use until it is mended."
)
EDIT_TITLE = "Edit what was saved"
EDITED = "Changed. It is used once somebody accepts it."

GOOD, BAD, MORE, SOURCES, SHARE, HUMAN, CANCEL, CONFIRM, KEEP, ACCEPT, EDIT, REJECT, WITHDRAW = (
    "👍",
    "👎",
    "Longer answer",
    "Show sources",
    "Share in channel",
    "Ask a human",
    "Cancel",
    "Delete them",
    "Keep them",
    "Accept",
    "Edit",
    "Reject",
    "Withdraw",
)

FEEDBACK_TITLE = "What was wrong?"
FEEDBACK_COMMENT = "Anything to add? (optional)"
COMPLAINTS = {
    "wrong": "It's wrong",
    "outdated": "It's outdated",
    "incomplete": "Something is missing",
    "not my question": "That wasn't my question",
}

ADMIN_HELP = """\
`reindex [source] [--full]` bring the index up to date, now; `reindex --cancel` stops it
`status` how the index and its sources are
`sources` where the docs come from
`questions [days] [--bad]` what people asked, and how it went
`gaps` questions that the docs don't answer; `gaps ID --dismiss` takes one off the list
`review [--all]` saved answers that wait for a word; all that are in use
`why ANSWER` how an answer came about (a link to it, or its id)"""


def asked(question: str) -> str:
    """Return the line above an answer that doesn't stand below its question."""
    return _ASKED.format(question=shorten(quoted(question), 300))


def how_to_ask(word: str = "") -> str:
    """Return how to ask a question. `word` is what it has to begin with: the bot's name or a command."""
    return " ".join(_HOW_TO_ASK.format(ask=word).split())
