"""What stands in Discord while nothing is written yet."""

from adapters.discord.replies.streaming_edits import StreamingEdits


async def test_what_is_being_done_stands_there_until_something_is_written():
    """Behind the question where that is shown, in the place of the answer, which then replaces it."""
    shown: list[str] = []

    async def show(text: str) -> None:
        shown.append(text)

    edits = StreamingEdits(show, lead="> How many days?")
    edits._next = 0.0  # the first moment is over
    edits.tell("waiting: 2 questions are before yours")
    await edits._running
    edits._next = 0.0
    edits.write("25 days.")
    await edits._running
    assert shown == [
        "> How many days?\n\n*Waiting: 2 questions are before yours…*",
        "> How many days?\n\n25 days.",
    ]
