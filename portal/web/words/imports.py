"""Loan books that are handed in on the page: their states, and what may be wrong with one."""

from flask_babel import lazy_gettext as _l

from portal.vocabulary import UploadState

REFUSALS = {
    "import_missing": _l("Please choose a file that is not empty."),
    "import_kind_unknown": _l("Please hand in a .zip, an .xlsx, or one .csv file of a loan book."),
    "import_mapping_wrong": _l("The mapping file cannot be used: %(problem)s"),
    "import_not_checked": _l(
        "Only a set that a dry run found in order, and that is still kept, can be taken in."
    ),
    "import_without_problems": _l("There is no list of problems for this set, or it was removed by now."),
}

LABELS = {
    UploadState: {
        UploadState.WAITING: _l("Waiting its turn"),
        UploadState.CHECKING: _l("Being checked"),
        UploadState.WRITING: _l("Being written"),
        UploadState.DONE: _l("Taken in"),
        UploadState.UNCHANGED: _l("Taken in before: no change"),
        UploadState.REFUSED: _l("Not taken in"),
        UploadState.FAILED: _l("Failed"),
    },
}

ACTIONS = {
    "book_handed_in": _l("Loan book handed in"),
    "book_released": _l("Loan book released after its dry run"),
    "book_problems_read": _l("List of a loan book's problems downloaded"),
    "book_upload_ended": _l("Handed-in loan book ended"),
}
SUBJECTS = {"book_upload": _l("Handed-in loan book")}

# What the files of a book hold. A kind without words is called as its file is.
KINDS = {
    "borrowers": _l("borrowers"),
    "loans": _l("loans"),
    "instalments": _l("instalments"),
    "payments": _l("payments"),
    "contact_points": _l("further phones and addresses"),
    "parties": _l("further people of a loan"),
    "contacts": _l("earlier contacts"),
    "contacts_waiting": _l("earlier contacts that wait for a case"),
}
