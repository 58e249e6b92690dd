"""The texts of messages: the ones that are shipped, and a lender's own versions of them.

Both have gaps such as `{amount}`, and both are held to the same rules. A version is added, never changed; the
newest one is sent. Nothing in a text is run."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from portal.domain import message_rules
from portal.domain.actor import Actor
from portal.domain.message_rules import TEXTS, Found, Phrase, Text
from portal.domain.policy import Policy
from portal.domain.refusals import Refused
from portal.infra import texts
from portal.models import MessageTemplate
from portal.services import audit
from portal.services.savepoints import in_savepoint
from portal.vocabulary import Channel, Locale

# In the files the lender is called `lender_name`, as in every other text.
_IN_FILES = {"lender": "lender_name"}


def shipped(name: str, channel: Channel, locale: Locale) -> Text:
    """Return the text that is shipped, with its gaps."""
    gaps = {_IN_FILES.get(each, each): f"{{{each}}}" for each in TEXTS[name].gaps}
    written = texts.render(f"messages/{name}.{channel}.txt", locale=locale, **gaps).strip()
    if channel is not Channel.EMAIL:
        return Text(subject=None, body=written)
    subject, _, body = written.partition("\n")
    return Text(subject=subject, body=body.strip())


def consequence(policy: Policy, locale: Locale) -> str:
    """Return the consequence that the pack approves first, in words; nothing where it approves none."""
    return next(iter(consequences(policy, locale)), "")


def consequences(policy: Policy, locale: Locale) -> list[str]:
    """Return every consequence that the pack approves, in words and in its order."""
    return [
        texts.render(f"messages/consequences/{name}.txt", locale=locale).strip()
        for name in policy.message.consequences
    ]


def forbidden(policy: Policy) -> tuple[Phrase, ...]:
    """Return the words that may not be sent, of every language: a text may mix them."""
    return tuple(
        Phrase(heading=heading, words=words)
        for heading, by_language in policy.message.forbidden.items()
        for phrases in by_language.values()
        for words in phrases
    )


def in_use(session: Session, *, lender_id: int, name: str, channel: Channel, locale: Locale) -> Text:
    """Return the text that is sent now: the lender's newest version, else the one that is shipped."""
    newest = _newest(session, lender_id, name, channel, locale)
    if newest is None:
        return shipped(name, channel, locale)
    return Text(subject=newest.subject, body=newest.body, template_id=newest.id)


def written(
    session: Session,
    *,
    lender_id: int,
    name: str,
    channel: Channel,
    locale: Locale,
    policy: Policy,
    facts: dict[str, object],
) -> Text:
    """Return a message in full. A version that the rules of now forbid gives way to the shipped text.

    Refused: even that one, filled with these facts, would cross a line."""
    text, phrases = (
        in_use(session, lender_id=lender_id, name=name, channel=channel, locale=locale),
        forbidden(policy),
    )
    if text.template_id and message_rules.check(name, channel, text, phrases):
        text = shipped(name, channel, locale)
    filled = message_rules.fill(text, facts)
    if TEXTS[name].required and (found := message_rules.words_crossing(filled, phrases)):
        raise Refused("message_text", what=found[0].what)
    return filled


def problems_of_shipped(policy: Policy) -> list[tuple[str, Channel, Locale, Found]]:
    """Return what the rules of a pack find wrong with the shipped texts."""
    phrases = forbidden(policy)
    return [
        (name, channel, locale, found)
        for name, rule in TEXTS.items()
        for channel in rule.channels
        for locale in Locale
        for found in message_rules.check(name, channel, shipped(name, channel, locale), phrases)
    ]


def problems_of_own(
    session: Session, *, lender_id: int, policy: Policy
) -> list[tuple[str, Channel, Locale, Found]]:
    """Return what the rules of a pack find wrong with the texts that a lender put in its own words."""
    phrases = forbidden(policy)
    return [
        (name, channel, locale, found)
        for name, channel, locale in sorted(numbers(session, lender_id=lender_id))
        for found in message_rules.check(
            name,
            channel,
            in_use(session, lender_id=lender_id, name=name, channel=channel, locale=locale),
            phrases,
        )
    ]


@in_savepoint
def save(
    session: Session,
    *,
    lender_id: int,
    name: str,
    channel: Channel,
    locale: Locale,
    text: Text,
    seen: int,
    policy: Policy,
    actor: Actor,
    now: datetime,
) -> MessageTemplate:
    """Add a version of a text. `seen`: the number of the version it was written from, 0 for the shipped one.

    Refused: the rules find something wrong with it, it changes nothing, or somebody else was faster."""
    text = replace(text, subject=text.subject if channel is Channel.EMAIL else None)
    if found := message_rules.check(name, channel, text, forbidden(policy)):
        raise Refused("message_text", what=found[0].what, found=found)
    newest = _newest(session, lender_id, name, channel, locale, lock=True)
    number = newest.number if newest else 0
    if number != seen:
        raise Refused("message_text_stale")
    if text == in_use(session, lender_id=lender_id, name=name, channel=channel, locale=locale):
        raise Refused("message_text_same")
    title = name  # which text it is; nobody's name
    row = MessageTemplate(
        lender_id=lender_id,
        created_at=now,
        name=name,
        channel=channel,
        locale=locale,
        number=number + 1,
        subject=text.subject,
        body=text.body,
        actor=str(actor),
    )
    session.add(row)
    audit.record(
        session,
        actor=actor,
        action="message_text_saved",
        subject=row,
        now=now,
        text=title,
        channel=channel,
        locale=locale,
        number=row.number,
    )
    session.flush()
    return row


def versions(
    session: Session, *, lender_id: int, name: str, channel: Channel, locale: Locale
) -> Sequence[MessageTemplate]:
    """Return a lender's versions of a text, the newest first."""
    query = _versions(lender_id, name, channel, locale).order_by(MessageTemplate.number.desc())
    return session.scalars(query).all()


def numbers(session: Session, *, lender_id: int) -> dict[tuple[str, Channel, Locale], int]:
    """Return the number of the newest version of each text that the lender put in its own words."""
    columns = (MessageTemplate.name, MessageTemplate.channel, MessageTemplate.locale)
    query = select(*columns, func.max(MessageTemplate.number)).where(MessageTemplate.lender_id == lender_id)
    return {
        (name, channel, locale): n for name, channel, locale, n in session.execute(query.group_by(*columns))
    }


def _newest(
    session: Session, lender_id: int, name: str, channel: Channel, locale: Locale, *, lock: bool = False
) -> MessageTemplate | None:
    query = _versions(lender_id, name, channel, locale).order_by(MessageTemplate.number.desc()).limit(1)
    return session.scalar(query.with_for_update() if lock else query)


def _versions(lender_id: int, name: str, channel: Channel, locale: Locale) -> Select[MessageTemplate]:
    return select(MessageTemplate).where(
        MessageTemplate.lender_id == lender_id,
        MessageTemplate.name == name,
        MessageTemplate.channel == channel,
        MessageTemplate.locale == locale,
    )
