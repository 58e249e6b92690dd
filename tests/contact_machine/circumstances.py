"""How things stand with a borrower, written as rows: wishes, holds, complaints, consents, what is overdue."""

from datetime import timedelta

from sqlalchemy import select

from portal.models import Complaint, Consent, Hold
from portal.vocabulary import Channel, ComplaintState, ComplaintTopic, ConsentPurpose, HoldReason, Locale
from tests.contact_machine.rules_alone import CHANNELS


class Circumstances:
    """Part of a world that has `session`, `office`, `life`, `case`, `loan` and `wishes`."""

    def _owned(self, now):
        return {"lender_id": self.office.lender.id, "created_at": now}

    def changed(self, now):
        """Write how things stand now."""
        life, loan = self.life, self.loan
        loan.dpd = life.dpd
        loan.overdue_amount = loan.overdue_principal = 500000 if life.overdue else 0
        loan.overdue_interest = 0
        self._wish()
        self._hold(now)
        self._complain(now)
        self._consent(now)
        self.session.flush()

    def _wish(self):
        life, wishes = self.life, self.wishes
        wishes.opted_out = {"channels": sorted(CHANNELS[each].value for each in life.closed)}
        wishes.preferred = {}
        if life.hours:
            days, opens, closes = life.hours
            said = {"from": opens.isoformat("minutes"), "until": closes.isoformat("minutes")}
            wishes.preferred = {"days": sorted(days)} | said
        wishes.nobody_at_home_knows = life.nobody_knows
        wishes.represented_by = "an adviser" if life.adviser else None
        wishes.exam_day = life.exam

    def _hold(self, now):
        wanted = {HoldReason(each) for each in self.life.holds}
        wanted |= {HoldReason.DISPUTE} if self.life.dispute else set()
        query = select(Hold).where(Hold.case_id == self.case.id, Hold.ended_at.is_(None))
        standing = {each.reason: each for each in self.session.scalars(query)}
        for reason in sorted(wanted - standing.keys()):
            since = self.life.breathing_since if reason is HoldReason.BREATHING_SPACE else now
            owned = self._owned(since)
            self.session.add(Hold(**owned, case_id=self.case.id, reason=reason, actor="test"))
        for reason in standing.keys() - wanted:
            standing[reason].ended_at, standing[reason].ended_by = now, "test"

    def _complain(self, now):
        query = select(Complaint).where(Complaint.case_id == self.case.id)
        found = self.session.scalars(query).first()
        if found is None and self.life.complaint:
            found = Complaint(
                **self._owned(now),
                number=f"C{self.case.id}",
                case_id=self.case.id,
                topic=ComplaintTopic.CONDUCT,
                channel=Channel.PORTAL,
                locale=Locale.EN,
                text="They shouted.",
                received_at=now,
                acknowledge_by=now.date(),
                decide_by=now.date() + timedelta(days=15),
            )
            self.session.add(found)
        if found is not None:
            found.state = ComplaintState.RECEIVED if self.life.complaint else ComplaintState.CLOSED

    def _consent(self, now):
        found = list(self.session.scalars(select(Consent).where(Consent.case_id == self.case.id)))
        standing = [each for each in found if each.revoked_at is None]
        if self.life.consent == "none":
            for each in found:
                self.session.delete(each)
        elif self.life.consent == "taken back":
            for each in standing if found else [self._new_consent(now)]:
                each.revoked_at = now
        elif not standing:
            self._new_consent(now)

    def _new_consent(self, now):
        made = Consent(
            **self._owned(now),
            case_id=self.case.id,
            purpose=ConsentPurpose.VISIT_SERVICE,
            text_version="1",
            locale=Locale.EN,
            channel=Channel.PORTAL,
            actor="test",
        )
        self.session.add(made)
        return made
