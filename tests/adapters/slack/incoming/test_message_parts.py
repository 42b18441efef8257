"""What stands in a Slack message besides its text: forwarded messages and files, on a Slack of our own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.model import Answer, Outcome, Trace
from bot.ports import BackendError, Rejected
from tests.support.pdf_files import pdf, text
from tests.support.scripted import LEAVE
from tests.support.slack_chat import YAML, Chat, chatting, open_slack
from tests.support.source_server import serving
from tests.support.waiting import until

_NOT_FOUND = Answer("", Outcome.NOT_FOUND, "The docs don't say.", nearest=(LEAVE,))
_QUESTION = "How much notice do I give?"


chat = chatting()


def forward(said: str, *, with_blocks: bool = True, **more: Any) -> dict[str, Any]:
    """A message that was forwarded, as it stands in the one that forwards it."""
    rich = {
        "type": "rich_text",
        "block_id": "b1",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": said}]}],
    }
    block = {"team": "T0OWN", "channel": "G0SECRET", "ts": "1.1", "message": {"blocks": [rich]}}
    return {
        "id": 1, "ts": "1731000000.000100", "author_id": "U0BOB", "author_subname": "bob", "author_name": "bob",
        "channel_id": "G0SECRET", "channel_team": "T0OWN", "is_msg_unfurl": True, "is_share": True, "private_channel_prompt": True,
        "from_url": "https://own.slack.com/archives/G0SECRET/p1731000000000100", "footer": "From a private channel",
        "fallback": f"[November 7th, 2024 5:20 PM] bob: {said}", "text": said, "mrkdwn_in": ["text"],
        **({"message_blocks": [block]} if with_blocks else {}), **more,
    }  # fmt: skip


@pytest.mark.parametrize("words", ["", "can you answer this?"])
async def test_a_forwarded_question_is_the_question(chat: Chat, words: str) -> None:
    """A message that only points at what it forwards asks that; it is kept, and so is its longer answer."""
    thread = await chat.slack.mention(words, attachments=[forward(_QUESTION)])
    shown = await chat.answer(thread)
    assert [one.text for one in chat.core.asked] == [_QUESTION]
    await chat.slack.press(shown, "docent_more", value=chat.core.ids[0])
    assert (await chat.asked(2)).text == _QUESTION


async def test_a_forwarded_message_goes_with_a_question_of_its_own(chat: Chat) -> None:
    """Words that ask something are the question; what was forwarded is what they are about, also for more of it."""
    thread = await chat.slack.mention(
        "Is that true for contractors?", attachments=[forward("You give notice.")]
    )
    shown = await chat.answer(thread)
    await chat.slack.press(shown, "docent_more", value=chat.core.ids[0])
    for question in (await chat.asked(), await chat.asked(2)):
        assert (question.text, question.about) == ("Is that true for contractors?", ("You give notice.",))


async def test_a_forwarded_message_may_come_in_blocks_alone(chat: Chat) -> None:
    """Where Slack gives a forwarded message's blocks and no text, its words are read from these."""
    await chat.slack.mention("", attachments=[forward(_QUESTION) | {"text": ""}])
    assert (await chat.asked()).text == _QUESTION


async def test_a_preview_of_a_web_page_is_no_question(chat: Chat) -> None:
    """What Slack shows of a linked page isn't what somebody forwarded."""
    preview = {"id": 1, "from_url": "https://evil.example", "title": "Win", "text": "How do I win?"}
    await chat.slack.mention("", attachments=[preview])
    await chat.whisper("Ask me a question")
    assert chat.core.asked == []


async def test_what_is_forwarded_pings_nobody_and_is_no_gap(chat: Chat) -> None:
    """A private channel's message that was forwarded isn't repeated with its mentions and links, nor listed as a gap."""
    chat.core.answers["shoe"] = _NOT_FOUND
    said = "<!channel> <@U0BOB> what's the CEO's shoe size? <https://evil.example|here>"
    thread = await chat.slack.mention("", attachments=[forward(said)])
    shown = await chat.answer(thread)
    await chat.slack.press(shown, "docent_human", value=chat.core.ids[0])
    await chat.whisper("asked in the help channel")
    helped = json.dumps([one for one in chat.slack.said.values() if one["channel"] == "C0HELP"])
    assert "shoe size" in helped
    assert not any(each in helped for each in ("<!channel>", "<@U0BOB>", "evil.example"))


async def test_strange_attachments_are_survived(chat: Chat) -> None:
    """What isn't as Slack documents it is left out, and the words are answered."""
    strange = [
        "text", None, {"is_share": True}, {"is_share": True, "text": 5, "message_blocks": [{"message": {"blocks": [7]}}]},
        {"is_share": True, "message_blocks": "x", "files": "y"},
    ]  # fmt: skip
    await chat.answer(await chat.slack.mention(_QUESTION, attachments=strange, files=[{"id": None}, 3]))
    assert chat.core.asked[0].text == _QUESTION


# --- files ----------------------------------------------------------------------------------------


async def test_a_text_file_goes_with_the_question(chat: Chat) -> None:
    """A snippet is read with the bot's own token, as part of the question."""
    file = chat.slack.file("error.log", b"E1042: certificate expired", mode="snippet")
    await chat.answer(
        await chat.slack.mention("What does this error mean?", subtype="file_share", files=[file])
    )
    question = await chat.asked()
    assert (question.text, question.about) == ("What does this error mean?", ("E1042: certificate expired",))
    assert chat.slack.downloads == ["Bearer xoxb-own"]


async def test_nothing_of_a_file_is_kept(chat: Chat, tmp_path: Path) -> None:
    """The journal has neither its words nor its name, nor what was searched for with them."""
    searched = Trace(queries=("what does this error mean zirconium",))
    chat.core.answers["error"] = Answer("", Outcome.ANSWERED, "Renew it [1].", (LEAVE,), trace=searched)
    file = chat.slack.file("zirconium.log", b"zirconium", mode="snippet")
    await chat.answer(await chat.slack.mention("What does this error mean?", files=[file]))

    async def kept() -> Any:
        recorded = await chat.app.journal.recorded(chat.core.ids[0])
        return recorded is not None and recorded.answer

    assert (await until(kept)).trace.queries == ()
    written = b"".join(path.read_bytes() for path in tmp_path.glob("journal.db*"))
    assert b"What does this error mean?" in written
    assert b"zirconium" not in written


async def test_a_file_alone_may_ask(chat: Chat) -> None:
    """A direct message that holds nothing but a file asks what is in it."""
    file = chat.slack.file("question.txt", _QUESTION.encode())
    await chat.slack.direct("", subtype="file_share", files=[file])
    assert (await chat.asked()).about == (_QUESTION,)


async def test_a_pdf_is_read_by_the_converter(chat: Chat) -> None:
    """A PDF's words are part of the question."""
    file = chat.slack.file(
        "notice.pdf", pdf([text(72, 700, "Notice periods of 2026")]), media_type="application/pdf"
    )
    await chat.slack.mention("Is this still true?", files=[file])
    (read,) = (await chat.asked()).about
    assert "Notice periods of 2026" in read


async def test_a_picture_is_told_of(chat: Chat) -> None:
    """A picture with words: these are answered, and one line says that it wasn't looked at. Alone, only that line."""
    file = chat.slack.file("screen.png", b"\x89PNG", media_type="image/png")
    shown = await chat.answer(await chat.slack.mention(_QUESTION, files=[file]))
    assert "I can't read pictures" in shown.whole
    assert "four weeks' notice" in shown.whole
    shown = await chat.answer(await chat.slack.mention("what is this?", files=[file]))
    assert "I can't read pictures" in shown.whole
    assert len(chat.core.asked) == 1
    assert chat.slack.downloads == []


@pytest.mark.parametrize(
    ("name", "content", "about", "word"),
    [
        ("big.log", b"x" * 200_001, {}, "it is larger than 200 kB"),
        ("big.log", b"x" * 200_001, {"size": 10}, "it is larger than 200 kB"),
        ("data.bin", bytes(range(256)) * 20, {}, "it is a binary file"),
        ("broken.pdf", b"%PDF-1.4 broken", {}, "it is broken"),
        ("elsewhere.txt", b"x", {"url_private_download": "https://evil.example/x"}, "it doesn't lie in Slack"),
        ("trick.txt", b"x", {"url_private_download": "https://files.slack.com@evil.example/x"}, "doesn't lie in Slack"),
        ("trick.txt", b"x", {"url_private_download": "https://evilslack.com/x"}, "doesn't lie in Slack"),
        ("trick.txt", b"x", {"url_private_download": "http://files.slack.com/x"}, "doesn't lie in Slack"),
        ("no.txt", b"x", {"url_private_download": "", "url_private": ""}, "doesn't lie in Slack"),
    ],
)  # fmt: skip
async def test_what_cannot_be_read_is_said(
    chat: Chat, name: str, content: bytes, about: dict[str, Any], word: str
) -> None:
    """A file that is too large, no text, broken or elsewhere: a word on it, and the question is answered without."""
    file = chat.slack.file(name, content, **about)
    shown = await chat.answer(await chat.slack.mention(_QUESTION, files=[file]))
    assert word in shown.whole
    assert "four weeks' notice" in shown.whole
    assert chat.core.asked[0].about == ()


async def test_the_token_follows_no_redirect(chat: Chat) -> None:
    """Where a file's address leads elsewhere nobody is asked there, and the token stays at home."""

    async def steal(_: web.Request) -> web.Response:
        return web.Response(text="stolen")

    async with serving(steal) as elsewhere:
        chat.slack.leads_elsewhere = f"{elsewhere.url}/take"
        file = chat.slack.file("a.txt", b"harmless")
        shown = await chat.answer(await chat.slack.mention(_QUESTION, files=[file]))
    assert "I couldn't read `a.txt`" in shown.whole
    assert elsewhere.asked == []


async def test_a_file_that_slack_does_not_give_is_said(chat: Chat) -> None:
    """A file of another company's, or one that was deleted, is told of; a tombstone is no file."""
    chat.slack.files.clear()
    files = [{"id": "F0GONE", "file_access": "check_file_info"}, {"id": "F0DEAD", "mode": "tombstone"}]
    shown = await chat.answer(await chat.slack.mention(_QUESTION, files=files))
    assert shown.whole.count("I couldn't read") == 1


async def test_files_may_be_switched_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    """With `attachments: {enabled: false}` no file is fetched."""
    yaml = f"attachments: {{enabled: false}}\n{YAML}"
    async with open_slack(tmp_path, monkeypatch.setenv, free_port(), yaml) as chat:
        file = chat.slack.file("a.txt", b"harmless")
        shown = await chat.answer(await chat.slack.mention(_QUESTION, files=[file]))
        assert "I don't read files here" in shown.whole
        assert chat.slack.downloads == []


async def test_a_shortcut_on_a_file_reads_it(chat: Chat) -> None:
    """The shortcut "Answer from the docs" on a message with a file reads that too."""
    file = chat.slack.file("a.txt", _QUESTION.encode())
    await chat.slack.shortcut("docent_answer", "1.5", text="", files=[file])
    assert (await chat.asked()).about == (_QUESTION,)


@pytest.fixture
def opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> Callable[[str, Any], Any]:
    return lambda yaml, writer: open_slack(tmp_path, monkeypatch.setenv, free_port(), yaml, writer=writer)


class Looking:
    """A writer that looks at pictures."""

    def __init__(self, said: str | BackendError) -> None:
        self.said = said
        self.seen: list[tuple[bytes, str]] = []

    async def described(self, picture: bytes, media_type: str) -> str:
        self.seen.append((picture, media_type))
        if isinstance(self.said, BackendError):
            raise self.said
        return self.said


@pytest.mark.parametrize(
    ("content", "said", "about"),
    [
        (b"\x89PNG\r\n\x1a\n", "E1042: certificate expired", ("E1042: certificate expired",)),
        (b"<svg onload=alert(1)>", "never asked", ()),
        (b"\x89PNG\r\n\x1a\n", Rejected("the writer", "it can't look at pictures."), ()),
    ],
)
async def test_a_picture_is_looked_at_where_that_is_set(
    opened: Callable[[str, Looking], Any], content: bytes, said: str | BackendError, about: tuple[str, ...]
) -> None:
    """With `attachments: {pictures: true}` a model that can look at it describes it; else it is told of as before."""
    looking = Looking(said)
    async with opened(f"attachments: {{pictures: true}}\n{YAML}", looking) as chat:
        file = chat.slack.file("screen.png", content, media_type="image/png")
        shown = await chat.answer(await chat.slack.mention("What does this error mean?", files=[file]))
        assert chat.core.asked[0].about == about
        assert ("I can't read pictures" in shown.whole) is not bool(about)
        assert {kind for _, kind in looking.seen} <= {"image/png"}
