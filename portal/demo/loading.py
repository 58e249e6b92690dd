"""Loading the demo: all of it in one transaction, or nothing."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.demo import books, cast, houses, people
from portal.demo.cast import Part
from portal.demo.houses import House
from portal.demo.journeys import Scene
from portal.demo.stage import Stage, Story
from portal.infra.delivery import Letter, OutboxFolder
from portal.infra.installation import Installation
from portal.models import Case, Loan
from portal.services import lenders, policies

OPENED_DAYS_AGO = 91  # when the lenders came to the portal
LEAST, MOST = 3, 5000


class AlreadyLoaded(Exception):
    """One of the demo's lenders is there: nothing was changed."""


@dataclass(frozen=True, kw_only=True)
class DemoReport:
    """What was loaded: how many of what, and the states the cases are in."""

    lenders: tuple[str, ...]
    staff: int
    borrowers: int
    loans: int
    cases: Mapping[str, int]


def is_loaded(session: Session) -> bool:
    """Whether one of the demo's lenders is there."""
    return any(lenders.find(session, house.code) for house in houses.HOUSES)


def load(installation: Installation, *, seed: int = 1, borrowers: int = 30, now: datetime) -> DemoReport:
    """Load the demo as of now, 3 to 5,000 borrowers. Raises AlreadyLoaded."""
    chosen = list(enumerate(cast.parts(borrowers), start=1))
    with installation.reading() as session:
        if is_loaded(session):
            raise AlreadyLoaded
    with installation.engine.begin() as connection:
        played = [
            _play_house(
                installation.writing(bind=connection, join_transaction_mode="create_savepoint"),
                installation,
                house,
                chosen,
                seed=seed,
                now=now,
            )
            for house in houses.HOUSES
        ]
    carrier = OutboxFolder(installation.settings.outbox)
    for letter in (letter for each in played for letter in each.letters):
        carrier.deliver(letter)
    return DemoReport(
        lenders=tuple(house.code for house in houses.HOUSES),
        staff=sum(each.staff for each in played),
        borrowers=len(chosen),
        loans=sum(each.loans for each in played),
        cases=dict(sum((each.cases for each in played), Counter[str]())),
    )


@dataclass(frozen=True)
class _Played:
    """What came of one lender's weeks."""

    letters: Sequence[Letter]
    staff: int
    loans: int
    cases: Counter[str]


def _play_house(
    session: Session,
    installation: Installation,
    house: House,
    chosen: Sequence[tuple[int, Part]],
    *,
    seed: int,
    now: datetime,
) -> _Played:
    """Live through one lender's weeks, in a session of its own."""
    with session, session.begin():
        stage = _open_house(session, installation, house, seed=seed, now=now)
        own = [(index, part) for index, part in chosen if part.house == house.code]
        stage.play(_stories(stage, own, seed))
        states = session.execute(select(Case.state, func.count()).group_by(Case.state))
        loans = session.scalar(select(func.count(Loan.id)))
        counts = Counter({state.value: count for state, count in states})
        return _Played(stage.letters, len(stage.staff), loans or 0, counts)


def _open_house(
    session: Session, installation: Installation, house: House, *, seed: int, now: datetime
) -> Stage:
    opened = now - timedelta(days=OPENED_DAYS_AGO)
    lender = houses.add(session, house, now=opened)
    stage = Stage(
        session=session,
        lender=lender,
        policy=policies.of(lender, now),
        staff={},
        folder=installation.files,
        now=now,
        clock=opened,
    )
    stage.staff = houses.staff(
        session, lender, seed=seed, names=people.Names(seed), today=stage.today, now=opened
    )
    return stage


def _stories(stage: Stage, chosen: Sequence[tuple[int, Part]], seed: int) -> list[Story]:
    """The books come first, the oldest first; then everybody's acts; the last night is today's."""
    scenes = [(part, _scene(stage, index, part, seed)) for index, part in chosen]
    by_day = sorted(scenes, key=lambda pair: -pair[0].known)
    stories = [
        _book(stage, known, [scene for _, scene in group])
        for known, group in groupby(by_day, key=lambda pair: pair[0].known)
    ]
    return [*stories, *(part.story(scene) for part, scene in scenes), _last_night(stage)]


def _scene(stage: Stage, index: int, part: Part, seed: int) -> Scene:
    """Everybody has dice of their own: they stay who they are when others join or leave the demo."""
    rng = random.Random(f"{seed} {index}")  # noqa: S311  (made-up people, nothing secret)
    name = people.Names(seed)[len(houses.POSTS) * len(houses.HOUSES) + index]
    as_of = stage.today - timedelta(days=part.known)
    contracts = [
        books.contract(
            rng,
            number=f"DEMO-{index:04}-{place}",
            product=product,
            unpaid_since=books.oldest_unpaid(as_of, part.late),
            as_of=as_of,
        )
        for place, product in enumerate(part.products, start=1)
    ]
    person = people.person(rng, index=index, name=name, locale=part.locale)
    return Scene(stage=stage, person=person, contracts=tuple(contracts), rng=rng)


def _book(stage: Stage, known: int, scenes: Sequence[Scene]) -> Story:
    """A loan book of the lender, and the night in which its cases open."""
    yield stage.ago(known, 1, 0)
    books.take_in(stage, [(scene.person, scene.contracts) for scene in scenes])


def _last_night(stage: Stage) -> Story:
    yield stage.now
    books.night(stage)
