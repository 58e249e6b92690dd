"""How far each borrower of the demo has come: stories told act by act, up to the visit."""

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from portal.demo import lines, specimens
from portal.demo.books import Contract
from portal.demo.people import Person
from portal.demo.stage import Stage, Story
from portal.domain.actor import Actor
from portal.domain.slots import windows
from portal.models import Borrower, Case, Complaint, Visit
from portal.services import (
    accounts,
    bookings,
    cases,
    complaints,
    consents,
    proof_reviews,
    proofs,
    slots_on_offer,
)
from portal.services.bookings import Wish
from portal.vocabulary import (
    Channel,
    ComplaintOutcome,
    ComplaintTopic,
    PlaceKind,
    ProofKind,
    ProofRejection,
    ServiceReason,
)

REQUIRED = (ProofKind.IDENTITY, ProofKind.RESIDENCE, ProofKind.INCOME)
REASONS = tuple(ServiceReason)
AN_ARRIVAL = timedelta(minutes=25)  # how long before now a visit that is under way began, at least


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One borrower on the stage, with the contracts their lender sent."""

    stage: Stage
    person: Person
    contracts: tuple[Contract, ...]
    rng: random.Random

    @property
    def borrower(self) -> Borrower:
        query = select(Borrower).where(
            Borrower.lender_id == self.stage.lender.id, Borrower.borrower_no == self.person.borrower_no
        )
        return self.stage.session.scalars(query).one()

    @property
    def actor(self) -> Actor:
        return accounts.borrower_actor(self.borrower)

    @property
    def case(self) -> Case:
        found = cases.open_case_of(self.stage.session, borrower=self.actor, now=self.stage.clock)
        assert found is not None
        return found

    def ago(self, days: int, hour: int = 10, minute: int = 0) -> datetime:
        return self.stage.ago(days, hour, minute)


def fresh(scene: Scene) -> Story:
    """Nothing was done yet."""
    yield scene.ago(0)


def consented(scene: Scene) -> Story:
    """Agreed to the visit service, handed nothing in."""
    yield scene.ago(2, 20, 5)
    _consent(scene)


def one_sent_back(scene: Scene) -> Story:
    """Two documents wait for their check, one was sent back."""
    yield scene.ago(5, 12, 30)
    _consent(scene)
    yield scene.ago(4, 19, 40)
    for kind in REQUIRED:
        _hand_in(scene, kind, blurred=kind is ProofKind.INCOME)
    yield scene.ago(3, 11, 15)
    _send_back(scene, ProofKind.INCOME)


def ready_to_book(scene: Scene) -> Story:
    """All documents are accepted."""
    yield from papers(scene, before=7)


def booked(scene: Scene) -> Story:
    """A visit on one of the next days."""
    yield from papers(scene, before=9)
    yield scene.ago(1, 21, 10)
    diary = slots_on_offer.diary(
        scene.stage.session, case=scene.case, policy=scene.stage.policy, now=scene.stage.clock
    )
    offers = [offer for offer in slots_on_offer.days(diary) if offer.slots]
    slots = offers[1].slots
    _book(scene, slots[len(slots) // 2].starts_at, Wish(place=PlaceKind.HOME))


def visit_today(scene: Scene) -> Story:
    """The crew comes today; where today is a public holiday, on the next day that is none."""
    yield from papers(scene, before=11)
    yield scene.ago(6, 18, 20)
    day = scene.stage.visiting_day(scene.stage.today, step=1)
    book_on(scene, day, *_still_ahead(scene, day))


def complaint_due_soon(scene: Scene) -> Story:
    """A complaint that is looked into; the answer is due in a few days, and contact rests until then."""
    yield scene.ago(12, 22, 40)
    complaint = _complain(scene, ComplaintTopic.CONTACT, lines.ABOUT_CALLS)
    yield scene.ago(12, 23, 0)
    handler, now = scene.stage.actor("handler"), scene.stage.clock
    complaints.claim(scene.stage.session, complaint=complaint, actor=handler, now=now)
    yield scene.ago(11, 9, 30)
    complaints.write(
        scene.stage.session,
        complaint=complaint,
        body=lines.ANSWER[scene.person.locale],
        internal=False,
        actor=handler,
        now=scene.stage.clock,
    )


def complaint_late(scene: Scene) -> Story:
    """A complaint that should have been decided two days ago."""
    days = scene.stage.policy.complaint.decide_simple_days + 2
    yield scene.ago(days, 9, 50)
    complaint = _complain(scene, ComplaintTopic.AMOUNT, lines.ABOUT_AMOUNT)
    yield scene.ago(days - 1, 9, 10)
    handler, now = scene.stage.actor("handler"), scene.stage.clock
    complaints.claim(scene.stage.session, complaint=complaint, actor=handler, now=now)


def complaint_new(scene: Scene) -> Story:
    """A complaint that nobody has taken on yet."""
    yield scene.ago(1, 21, 30)
    _complain(scene, ComplaintTopic.CONTACT, lines.ABOUT_CALLS)


def complaint_decided(scene: Scene) -> Story:
    """A complaint that was decided; contact may go on."""
    yield scene.ago(10, 8, 45)
    complaint = _complain(scene, ComplaintTopic.AMOUNT, lines.ABOUT_AMOUNT)
    yield scene.ago(9, 10, 0)
    handler, locale = scene.stage.actor("handler"), scene.person.locale
    complaints.claim(scene.stage.session, complaint=complaint, actor=handler, now=scene.stage.clock)
    yield scene.ago(6, 15, 0)
    complaints.decide(
        scene.stage.session,
        complaint=complaint,
        outcome=ComplaintOutcome.PARTLY_UPHELD,
        checked=lines.CHECKED[locale],
        grounds=lines.GROUNDS[locale],
        redress=lines.REDRESS[locale],
        actor=handler,
        now=scene.stage.clock,
    )


def papers(scene: Scene, *, before: int) -> Story:
    """Consent, documents, and their check: done some days before today."""
    yield scene.ago(before + 2, 12, 30)
    _consent(scene)
    yield scene.ago(before + 1, 19, 40)
    for kind in REQUIRED:
        _hand_in(scene, kind)
    yield scene.ago(before, 11, 15)
    for kind in REQUIRED:
        _accept(scene, kind)


def book_on(scene: Scene, day: date, *wanted: datetime) -> Visit:
    """Book a day at the first of the wanted times that is free, else at any free time."""
    stage = scene.stage
    diary = slots_on_offer.diary(stage.session, case=scene.case, policy=stage.policy, now=stage.clock)
    free = [slot.starts_at for slot in diary.on(day).slots]
    starts_at = next((moment for moment in wanted if moment in free), free[0])
    return _book(scene, starts_at, Wish(place=PlaceKind.HOME))


def begun_lately(scene: Scene) -> tuple[date, datetime]:
    """Return the newest visiting time that began long enough ago for a crew to sit at the table."""
    stage = scene.stage
    day = stage.today
    while True:
        day = stage.visiting_day(day, step=-1)
        times = [start for start, _ in windows(day, visit=stage.policy.visit, zone=stage.zone.key)]
        if begun := [start for start in times if start + AN_ARRIVAL <= stage.now]:
            return day, begun[-1]
        day -= timedelta(days=1)


def _still_ahead(scene: Scene, day: date) -> list[datetime]:
    """The visiting times of a day: those that are not over first, then the latest of the others."""
    times = windows(day, visit=scene.stage.policy.visit, zone=scene.stage.zone.key)
    ahead = [start for start, end in times if end > scene.stage.now]
    return ahead + [start for start, end in reversed(times) if end <= scene.stage.now]


def _consent(scene: Scene) -> None:
    consents.register(
        scene.stage.session,
        case=scene.case,
        reason=scene.rng.choice(REASONS),
        locale=scene.person.locale,
        channel=Channel.PORTAL,
        actor=scene.actor,
        now=scene.stage.clock,
    )


def _hand_in(scene: Scene, kind: ProofKind, *, blurred: bool = False) -> None:
    stage = scene.stage
    proofs.hand_in(
        stage.session,
        case=scene.case,
        kind=kind,
        upload=specimens.upload(kind, blurred=blurred),
        channel=Channel.PORTAL,
        received_on=stage.day,
        today=stage.day,
        folder=stage.folder,
        actor=scene.actor,
        now=stage.clock,
    )


def _waiting(scene: Scene, kind: ProofKind) -> proofs.Proof:
    stage = scene.stage
    rows = proofs.rows(stage.session, case=scene.case, today=stage.day, policy=stage.policy)
    return next(row for row in rows if row.standing.kind is kind).papers[0].proof


def _accept(scene: Scene, kind: ProofKind) -> None:
    stage, proof = scene.stage, _waiting(scene, kind)
    proof_reviews.accept(
        stage.session,
        proof=proof,
        case=scene.case,
        version=proof.version,
        issued_on=None if kind is ProofKind.IDENTITY else stage.day - timedelta(days=9),
        policy=stage.policy,
        today=stage.day,
        actor=stage.actor("caller"),
        now=stage.clock,
    )


def _send_back(scene: Scene, kind: ProofKind) -> None:
    stage, proof = scene.stage, _waiting(scene, kind)
    proof_reviews.reject(
        stage.session,
        proof=proof,
        case=scene.case,
        version=proof.version,
        reason=ProofRejection.NOT_READABLE,
        note=lines.BLURRED[scene.person.locale],
        actor=stage.actor("caller"),
        now=stage.clock,
    )


def _book(scene: Scene, starts_at: datetime, wish: Wish) -> Visit:
    stage = scene.stage
    return bookings.book(
        stage.session,
        case=scene.case,
        starts_at=starts_at,
        wish=wish,
        policy=stage.policy,
        actor=scene.actor,
        now=stage.clock,
    )


def _complain(scene: Scene, topic: ComplaintTopic, text: lines.Line) -> Complaint:
    return complaints.file(
        scene.stage.session,
        lender=scene.stage.lender,
        case=scene.case,
        topic=topic,
        text=text[scene.person.locale],
        locale=scene.person.locale,
        actor=scene.actor,
        now=scene.stage.clock,
    )
