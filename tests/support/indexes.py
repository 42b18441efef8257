"""What an embedded store holds, to compare one index with another."""

from pathlib import Path

import apsw

_HELD = (
    (
        "select doc_id, revision, language, title, url, updated_at, owners, audience from documents_{n} join scopes_{n}"
        " on scopes_{n}.id = scope order by doc_id"
    ),
    (
        "select doc_id, ordinal, heading, anchor, text, text_hash, terms, hex(vector) from chunks_{n} join documents_{n}"
        " on documents_{n}.id = document left join terms_{n} on terms_{n}.id = chunks_{n}.id left join vectors_{n} on"
        " vectors_{n}.id = chunks_{n}.id order by doc_id, ordinal"
    ),
    "select language, documents from languages_{n} order by language",
)


def held(data: Path) -> list[tuple[object, ...]]:
    """Every row of index.db's live index, but for when and in which order it was written."""
    connection = apsw.Connection(str(data / "index.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        (number,) = next(connection.execute("select id from builds where state = 'live'"))
        return [row for query in _HELD for row in connection.execute(query.format(n=number))]
    finally:
        connection.close()
