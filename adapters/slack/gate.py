"""Slack's gate: where a question comes from, and what may be shown there."""

import json

from adapters.gate import Admission
from adapters.slack.people import People
from adapters.slack.place import Place
from bot.ports import Asked


class SlackGate:
    """adapters.gate.Gate."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def opens(self, asked: Asked) -> bool:
        return self._people.listens(_place(asked)[0].channel)

    async def admit(self, asked: Asked) -> Admission:
        place, direct = _place(asked)
        alone = direct or place.private
        audience = await self._people.audience(place.user, place.channel, direct=alone)
        return Admission(place.tenant, audience, await self._people.places(place.channel))


def _place(asked: Asked) -> tuple[Place, bool]:
    """And whether nobody but the asker reads there."""
    saved = json.loads(asked.place)
    return Place.load(saved["place"]), bool(saved["direct"])
