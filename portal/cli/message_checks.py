"""The checks of `portal doctor` that are about messages."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from portal.cli.check_results import Check, fail, ok, warn

if TYPE_CHECKING:
    from portal.infra.installation import Installation


def gateway(installation: "Installation") -> Iterator[Check]:
    from portal.infra import gateways
    from portal.services import carriers, dead_letters, lenders

    settings = installation.settings
    shared = {"sms": settings.sms_url, "email": settings.mail_url}
    broken, without, given_up = [], [], 0
    with installation.reading() as session:
        every = lenders.all_lenders(session)
    for lender in every:
        with installation.reading() as session:
            lenders.enter(session, lender)
            own = carriers.of(lenders.get(session, lender.id))
            given_up += dead_letters.count(session, lender_id=lender.id)
        for channel, address in (shared | {each.value: url for each, url in own.items()}).items():
            if not address:
                without.append(f"{lender.code} {channel}")
            elif problem := gateways.problem_of(address):
                broken.append(f"{lender.code} {channel}: the address {problem}")
    if broken:
        advice = "correct PORTAL_SMS_URL, PORTAL_MAIL_URL or `portal lender carrier`"
        yield fail("gateway", "; ".join(broken), advice)
    elif without or not every:
        found = "a folder keeps the messages; nobody is sent one"
        advice = "name gateways, or somebody has to pass on what lies in the outbox folder"
        yield warn("gateway", found, advice) if settings.production else ok("gateway", found)
    else:
        yield ok("gateway", f"named for {len(every)} lenders")
    if given_up:
        yield warn("given up", f"{given_up} messages", "look at them under Messages, and send them again")


def texts(installation: "Installation") -> Iterator[Check]:
    from portal.infra import clock
    from portal.services import lenders, message_templates, policies

    with installation.reading() as session:
        every = lenders.all_lenders(session)
    found = [
        f"{lender.code}: {name} {channel} {locale}: {each.problem} {each.what}".rstrip()
        for lender in every
        for name, channel, locale, each in message_templates.problems_of_shipped(
            policies.of(lender, clock.now())
        )
    ]
    if found:
        yield fail(
            "texts of messages",
            "; ".join(found),
            "the pack forbids words that are shipped: see message.forbidden",
        )
    else:
        yield ok("texts of messages", "fit the packs")
