"""The words of budgets, plans, agreements and relief."""

from enum import StrEnum


class BudgetLine(StrEnum):
    """A line of a household's month; `regular_instalments` is what still falls due on the case's loans."""

    WAGES = "wages"
    BENEFITS = "benefits"
    OTHER_INCOME = "other_income"
    RENT = "rent"
    FOOD = "food"
    UTILITIES = "utilities"
    TRANSPORT = "transport"
    MEDICAL = "medical"
    CHILDREN = "children"
    OTHER_OUTGOINGS = "other_outgoings"
    OTHER_DEBTS = "other_debts"
    REGULAR_INSTALMENTS = "regular_instalments"


class PlanChoice(StrEnum):
    """Which of the plans laid side by side: done soonest, gentler by the month, of the length that was asked
    for, or, to compare with, falling from one instalment to the next or level."""

    SOONEST = "soonest"
    GENTLER = "gentler"
    OWN = "own"
    FALLING = "falling"
    LEVEL = "level"


class PlanState(StrEnum):
    DRAFT = "draft"
    WAITING_APPROVAL = "waiting_approval"
    APPROVED = "approved"
    REFUSED = "refused"
    AGREED = "agreed"
    WITHDRAWN = "withdrawn"


class ConcessionKind(StrEnum):
    PENALTY_WAIVER = "penalty_waiver"
    INTEREST_WAIVER = "interest_waiver"
    INTEREST_REDUCTION = "interest_reduction"
    GRACE = "grace"
    PAUSE = "pause"
    EXTENSION = "extension"
    EARLY_SETTLEMENT_REWARD = "early_settlement_reward"


class ReliefKind(StrEnum):
    """A concession on a contract, as a dated fact. A stop or pause lasts; a waiver happens on one day."""

    PENALTY_WAIVER = "penalty_waiver"
    INTEREST_WAIVER = "interest_waiver"
    PENALTY_STOP = "penalty_stop"
    DELINQUENCY_PAUSE = "delinquency_pause"


class Tier(StrEnum):
    """Who may give the final yes to a concession."""

    AGENT = "agent"
    LEAD = "lead"
    MANAGER = "manager"


class AgreementState(StrEnum):
    OFFERED = "offered"
    SIGNED = "signed"
    SEALED = "sealed"
    DECLINED = "declined"


class Signer(StrEnum):
    BORROWER = "borrower"
    LENDER = "lender"


class SignatureMethod(StrEnum):
    DRAWN = "drawn"
    TYPED = "typed"


class AdjustmentState(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    SIGNED = "signed"
    WITHDRAWN = "withdrawn"
