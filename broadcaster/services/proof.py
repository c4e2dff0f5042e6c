"""Proof of life: the staff's own phones get every text first, so that those who sent it see it arrive, or fail to."""

from collections.abc import Mapping

from sqlalchemy import Connection

from broadcaster.runtime import Runtime
from broadcaster.store import fanout, residents
from broadcaster.store.alerts import AlertRow
from channels.base import Message


def first_to_staff(rt: Runtime, tx: Connection, alert: AlertRow, texts: Mapping[int, Message]) -> None:
    """In the approval's transaction, ahead of the plans: one text to each of the profile's staff phones.

    `texts` are the messages of one personal channel by number. A staff member who is also a resident gets the text in the
    language that the register knows; one text per phone and alert, so the plans pass these phones over.
    """
    numbers = {message.language: number for number, message in texts.items()}
    told = [(phone, numbers[_language(rt, tx, phone, numbers)]) for phone in dict.fromkeys(rt.profile.staff_phones)]
    if told:
        (channel,) = {message.channel for message in texts.values()}
        fanout.to_staff(tx, alert, channel, told)


def _language(rt: Runtime, tx: Connection, phone: str, numbers: Mapping[str, int]) -> str:
    known = residents.by_phone(tx, phone)
    wanted = (known.language if known else "", rt.profile.fallback)
    return next((each for each in wanted if each in numbers), next(iter(numbers)))
