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
    """The texts that are shipped and the lenders' own, each held to the rules of the pack in force."""
    from portal.infra import clock
    from portal.services import lenders, message_templates, policies

    found = []
    with installation.reading() as session:
        every = lenders.all_lenders(session)
    for lender in every:
        policy = policies.of(lender, clock.now())
        with installation.reading() as session:
            lenders.enter(session, lender)
            own = message_templates.problems_of_own(session, lender_id=lender.id, policy=policy)
        for whose, problems in (("shipped", message_templates.problems_of_shipped(policy)), ("own", own)):
            found += [
                f"{lender.code}: {whose} {name} {channel} {locale}: {each.problem} {each.what}".rstrip()
                for name, channel, locale, each in problems
            ]
    if found:
        advice = "correct the lender's own text under Message texts, or message.forbidden in the pack"
        yield fail("texts of messages", "; ".join(found), advice)
    else:
        yield ok("texts of messages", "fit the packs")
