"""The keys of a pack that rule contact, visits and proofs, with type and range beside each."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from portal.domain.policy.readers import (
    Hours,
    amount,
    day,
    hours,
    list_of,
    member,
    one_of,
    whole,
    yes_no,
    zone,
)
from portal.vocabulary import Channel, HoldReason, Initiator, ProofKind

PUBLIC_HOLIDAY = "public_holiday"  # stops visits; whether it stops the rest is a key of its own
QUIET_TIMES = (*(reason.value for reason in HoldReason), PUBLIC_HOLIDAY)
VISIT_BLOCKS = ("complaint", "dispute", "vulnerable", "represented")
TRAINING_MODULES = ("psychological_support", "communication", "compliance")


@dataclass(frozen=True, kw_only=True)
class BusinessPolicy:
    timezone: Annotated[str, zone()]
    currency: Annotated[str, one_of("CNY", "TWD", "HKD", "USD", "GBP")]
    calendar: Annotated[str, one_of("CN", "TW", "HK", "US", "GB")]
    calendar_known_until: Annotated[date, day()]
    makeup_workdays: Annotated[tuple[date, ...], list_of(day())]


@dataclass(frozen=True, kw_only=True)
class ContactPolicy:
    """`first_channels` are steps in order, equal within a step. `ignored_shortfall` is minor units.

    `cycle_gap_days` lie between two collections of one product. `breathing_space_days`: how long a debt
    respite stops all collection; 0: the law knows none. `referees`: whether people the borrower named as
    referees may be asked. `outside_agency_notice`: an agency may only be sent after a notice in writing."""

    recording: Annotated[bool, yes_no()]
    window: Annotated[Hours, hours()]
    phone_attempts_per_day: Annotated[int, whole(1, 6)]
    phone_attempts_per_week: Annotated[int, whole(1, 42)]
    unanswered_per_number_per_day: Annotated[int, whole(1, 6)]
    phone_conversations_per_day: Annotated[int, whole(1, 3)]
    per_week: Annotated[int, whole(1, 7)]
    per_month: Annotated[int, whole(1, 31)]
    cooldown_after_conversation_hours: Annotated[int, whole(0, 720)]
    cycle_gap_days: Annotated[int, whole(0, 60)]
    on_public_holidays: Annotated[bool, yes_no()]
    third_party: Annotated[bool, yes_no()]
    referees: Annotated[bool, yes_no()]
    outside_agency_notice: Annotated[bool, yes_no()]
    first_channels: Annotated[
        tuple[tuple[Channel, ...], ...], list_of(list_of(member(Channel), least=1, most=4), least=1, most=4)
    ]
    sms_after_failed_calls: Annotated[int, whole(1, 6)]
    sms_after_unanswered_days: Annotated[int, whole(1, 30)]
    first_after_dpd: Annotated[int, whole(1, 90)]
    card_first_after_dpd: Annotated[int, whole(1, 90)]
    ignored_shortfall: Annotated[int, amount("0", "1000")]
    blocked_during: Annotated[tuple[str, ...], list_of(one_of(*QUIET_TIMES))]
    breathing_space_days: Annotated[int, whole(0, 120)]


@dataclass(frozen=True, kw_only=True)
class VisitPolicy:
    """`consent`: `per_visit` asks for a yes to each purpose and time, `service` only to the visit service."""

    initiated_by: Annotated[tuple[Initiator, ...], list_of(member(Initiator), least=1, most=2)]
    lender_min_dpd: Annotated[int, whole(1, 3650)]
    requires_failed_channels: Annotated[tuple[Channel, ...], list_of(member(Channel), most=4)]
    requires_documents: Annotated[bool, yes_no()]
    consent: Annotated[str, one_of("per_visit", "service")]
    window: Annotated[Hours, hours()]
    min_lead_days: Annotated[int, whole(1, 60)]
    min_gap_days: Annotated[int, whole(0, 60)]
    change_notice_days: Annotated[int, whole(1, 14)]
    per_month: Annotated[int, whole(1, 10)]
    crew_min: Annotated[int, whole(2, 4)]
    blocked_if: Annotated[tuple[str, ...], list_of(one_of(*VISIT_BLOCKS))]
    training_required: Annotated[tuple[str, ...], list_of(one_of(*TRAINING_MODULES), least=1)]
    training_valid_days: Annotated[int, whole(1, 365)]
    cash: Annotated[str, one_of("forbidden", "double_signature")]
    location_kept_days: Annotated[int, whole(1, 365)]


@dataclass(frozen=True, kw_only=True)
class DocumentsPolicy:
    required: Annotated[tuple[ProofKind, ...], list_of(member(ProofKind), most=4)]
    income_max_age_days: Annotated[int, whole(1, 730)]
    residence_max_age_days: Annotated[int, whole(1, 730)]

    def max_age_days(self, kind: ProofKind) -> int | None:
        """How old a proof may be; None where its own expiry date decides."""
        return {
            ProofKind.INCOME: self.income_max_age_days,
            ProofKind.RESIDENCE: self.residence_max_age_days,
        }.get(kind)
