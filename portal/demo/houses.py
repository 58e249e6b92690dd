"""The three lenders of the published processes. Accounts, places and people of theirs are fictional."""

import base64
import hashlib
import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from portal.demo.people import Names
from portal.domain.actor import system
from portal.models import Lender, Staff
from portal.services import accounts, authenticators, lenders, policies
from portal.vocabulary import Locale, Role

PASSWORD = "good-terms-demo"  # noqa: S105  (printed for everybody who tries the demo)


@dataclass(frozen=True, kw_only=True)
class House:
    """A lender of the demo: its code is that of its policy pack."""

    code: str
    names: dict[Locale, str]
    account: str
    place: str


def _said(zh_hant: str, zh_hans: str, en: str) -> dict[Locale, str]:
    return {Locale.ZH_HANT: zh_hant, Locale.ZH_HANS: zh_hans, Locale.EN: en}


HOUSES = (
    House(
        code="pingan-bank",
        names=_said("平安銀行", "平安银行", "Ping An Bank"),
        account="0000 1000 0001",
        place="1",
    ),
    House(
        code="pingan-puhui",
        names=_said("平安普惠", "平安普惠", "Ping An Puhui"),
        account="0000 2000 0002",
        place="2",
    ),
    House(
        code="spdb-puhui",
        names=_said("浦發普惠", "浦发普惠", "SPDB Puhui"),
        account="0000 3000 0003",
        place="3",
    ),
)
BANK = _said("示範銀行（虛構）", "示范银行（虚构）", "Demo Bank (fictional)")
HOLDER = _said("（示範帳戶，請勿匯款）", "（示范账户，请勿汇款）", " (demo account, send no money)")
PLACE = _said(
    "示範路{}號一樓服務檯（虛構），週一至週五 9:00–17:00",
    "示范路{}号一楼服务台（虚构），周一至周五 9:00–17:00",
    "{} Demo Road, ground floor (fictional), Monday to Friday 9:00–17:00",
)
TRAINED, LAPSED = timedelta(days=120), timedelta(days=400)  # before today


@dataclass(frozen=True, kw_only=True)
class Post:
    """A member of staff to be: the name before the @, the role, and when they were trained."""

    name: str
    role: Role
    locale: Locale
    trained: timedelta | None = None


POSTS = (
    Post(name="lead", role=Role.LEAD, locale=Locale.ZH_HANT),
    Post(name="manager", role=Role.MANAGER, locale=Locale.ZH_HANS),
    Post(name="agent1", role=Role.AGENT, locale=Locale.ZH_HANT, trained=TRAINED),
    Post(name="agent2", role=Role.AGENT, locale=Locale.ZH_HANS, trained=TRAINED),
    Post(name="agent3", role=Role.AGENT, locale=Locale.EN, trained=TRAINED),
    Post(name="agent4", role=Role.AGENT, locale=Locale.ZH_HANS, trained=LAPSED),
    Post(name="caller", role=Role.CALLER, locale=Locale.ZH_HANT),
    Post(name="handler", role=Role.HANDLER, locale=Locale.ZH_HANT),
    Post(name="auditor", role=Role.AUDITOR, locale=Locale.EN),
    Post(name="admin", role=Role.ADMIN, locale=Locale.EN),
)


def email_of(post_name: str, house_code: str) -> str:
    return f"{post_name}@{house_code}.example"


def authenticator_of(seed: int, email: str) -> str:
    """The secret in the authenticator of one of the demo's people, in base32: the same for the same seed."""
    return base64.b32encode(hashlib.sha256(f"{seed} {email}".encode()).digest()[:20]).decode()


def add(session: Session, house: House, *, now: datetime) -> Lender:
    """Add a lender under its own pack, with a payment account and a place to hand documents in."""
    lender = lenders.add(
        session,
        code=house.code,
        preset=house.code,
        names=house.names,
        hand_in_place={locale: text.format(house.place) for locale, text in PLACE.items()},
        now=now,
    )
    lenders.add_account(
        session,
        lender=lender,
        currency=policies.of(lender, now).business.currency,
        number=house.account,
        bank=BANK,
        holder={locale: house.names[locale] + HOLDER[locale] for locale in Locale},
        now=now,
    )
    return lender


def staff(
    session: Session, lender: Lender, *, seed: int, names: Names, today: date, now: datetime
) -> dict[str, Staff]:
    """Add somebody for every post, by the post's name; the agents work under the lead."""
    place = [house.code for house in HOUSES].index(lender.code)
    rng = random.Random(f"{seed} {lender.code}")  # noqa: S311  (numbers on badges, nothing secret)
    modules = policies.of(lender, now).visit.training_required
    hired: dict[str, Staff] = {}
    for number, post in enumerate(POSTS, start=place * len(POSTS)):
        person = accounts.add_staff(
            session,
            lender=lender,
            number=f"S{rng.randrange(1000, 10000)}{number:02}",
            name=names[number][post.locale],
            email=email_of(post.name, lender.code),
            password=PASSWORD,
            roles={post.role},
            locale=post.locale,
            manager=hired.get("lead") if post.role is Role.AGENT else None,
            now=now,
        )
        secret = authenticator_of(seed, email_of(post.name, lender.code))
        authenticators.enrol(session, staff=person, secret=secret, actor=system(lender.id, "set-up"), now=now)
        if post.trained:
            for module in modules:
                passed_on = today - post.trained
                accounts.add_training(session, staff=person, module=module, passed_on=passed_on, now=now)
        session.refresh(person)
        hired[post.name] = person
    return hired
