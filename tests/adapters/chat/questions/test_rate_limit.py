"""How many questions a person may ask in a minute."""

from adapters.chat.questions.rate_limit import RateLimit


def test_the_journals_count_decides() -> None:
    """It has the questions of all processes: as many as may be are let in, one more isn't."""
    limit = RateLimit(2)
    assert [limit.exceeded("ann", number) for number in (1, 2, 3)] == [False, False, True]
    assert not limit.exceeded("ann", 1)
    assert not limit.exceeded("ann", 0)


def test_while_the_journal_is_down_this_process_counts() -> None:
    """Each person's own, those that the journal counted among them."""
    limit = RateLimit(3)
    assert not limit.exceeded("ann", 1)
    assert [limit.exceeded("ann", None) for _ in range(3)] == [False, False, True]
    assert not limit.exceeded("bob", None)


def test_a_person_is_told_once() -> None:
    """Until a minute has gone by without."""
    limit = RateLimit(1)
    assert [limit.tells("ann"), limit.tells("ann"), limit.tells("bob")] == [True, False, True]
