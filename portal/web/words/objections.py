"""What a borrower says is not so: disputes of a debt, contests of an entry of the timeline."""

from flask_babel import lazy_gettext as _l

from portal.services.objection_list import DisputeFolder
from portal.vocabulary import DisputeKind, DisputeState

REFUSALS = {
    "dispute_loan_elsewhere": _l("This loan does not belong to the case."),
    "dispute_open_already": _l("You have told us this already. Our answer is on its way."),
    "dispute_not_yours": _l("Disputes are answered by team leads and managers."),
    "dispute_recorded_by_you": _l("You wrote down this dispute yourself, so somebody else answers it."),
    "dispute_needs_no_correction": _l("Nothing waits for a correction here."),
    "contest_not_yours": _l("Only the borrower contests an entry, and only a team lead or manager answers."),
    "contested_already": _l("You have contested this entry already. Your words stand beside it."),
    "contest_answered_already": _l("This was answered already."),
    "contest_of_your_own": _l("The entry tells of something you did yourself, so somebody else answers."),
}

LABELS = {
    DisputeKind.PAID: _l("I have paid this already"),
    DisputeKind.NOT_MINE: _l("This debt is not mine"),
    DisputeKind.WRONG_AMOUNT: _l("The amount is wrong"),
    DisputeState: {
        DisputeState.OPEN: _l("Waiting for an answer"),
        DisputeState.UPHELD: _l("The borrower is right"),
        DisputeState.NOT_UPHELD: _l("The debt stands as it is"),
        DisputeState.WITHDRAWN: _l("Taken back"),
    },
    DisputeFolder: {
        DisputeFolder.OPEN: _l("Waiting"),
        DisputeFolder.LATE: _l("Late"),
        DisputeFolder.ANSWERED: _l("Answered or taken back"),
    },
}
