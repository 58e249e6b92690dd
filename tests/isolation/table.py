"""Who may do what: one row for each address and method. The test beside it asks every actor for every row.

Write a row by hand, from what the page is for, never by reading the code that it checks:

    get("agent.case", READERS | {AGENT}, ref=Thing.CASE)
    post("agent.arrive", {AGENT}, {"latitude": "25.0"}, ref=Thing.VISIT_TODAY)

- `who` are the kinds of people let in. Everybody else gets 403; whoever is not signed in goes to the entry.
- An argument of the address names a `Thing`: the test fills in one's own, another's of the same lender, one
  of another lender, and one that does not exist. Any other argument is a text that is sent as it is.
- `query` and `form` are what is sent beside it; values may be things too. A form is one that is accepted.
- `answer`: the statuses of an own thing, where they are not success (200, 204, 303).
- `own_account=True`: an act on nobody's account but one's own; the only POST an auditor may send.

Whose thing it is, and who sees that of others, stands in `SEES` below."""

from tests.isolation.asked import (
    ADMIN,
    AGENT,
    APPROVERS,
    AUDITOR,
    BORROWER,
    BUDGET,
    CALLER,
    COMPLAINT,
    EVERYBODY,
    FOLLOWERS,
    HANDLERS,
    LEAD,
    MANAGER,
    READERS,
    REVEALERS,
    REVIEWERS,
    SIGNATURE,
    SIGNERS,
    SLOT,
    STAFF,
    UPLOAD,
    WRONG_CODE,
    Thing,
    get,
    post,
)

PUBLIC = (
    get("public.start", EVERYBODY),
    get("public.alive", EVERYBODY),
    get("public.ready", EVERYBODY),
    # It shows what left to whoever develops the portal; it is not there in production. Nothing left here yet.
    get("public.messages", EVERYBODY),
    post("public.report_violation", EVERYBODY),
    # Machines come here, and the signature lets them in; 415: a form is no report, whoever sends it.
    post("public.note_deliveries", EVERYBODY, answer=(415,), code="alpha"),
    get("public.staff_sign_in", EVERYBODY),
    post("public.enter_staff", EVERYBODY, {"email": "nobody@x.example", "password": "wrong"}, answer=(422,)),
    get("public.staff_code", EVERYBODY),
    post("public.enter_staff_code", EVERYBODY, {"code": "000000"}, answer=(303, 422)),
    get("public.staff_recovery", EVERYBODY),
    post("public.enter_staff_recovery", EVERYBODY, {"code": "0000"}, answer=(303, 422)),
    get("public.staff_authenticator", EVERYBODY),
    post("public.confirm_staff_authenticator", EVERYBODY, {"code": "000000"}, answer=(303, 422)),
    get("public.invitation", EVERYBODY, token=Thing.INVITATION),
    post("public.open_invitation", EVERYBODY, token=Thing.INVITATION),
    get("public.first_password", EVERYBODY),
    post("public.choose_first_password", EVERYBODY, {"password": "x", "again": "x"}, answer=(303, 422)),
    get("public.closed_invitation", EVERYBODY),
    # The codes of made-up people, for whoever tries the portal out; it is not there in production.
    get("public.demo_codes", EVERYBODY),
    post("public.sign_out", EVERYBODY),
    get("public.new_complaint", EVERYBODY),
    # 404: nobody knows yet of which lender the visitor wants to complain.
    post("public.file_complaint", EVERYBODY, COMPLAINT | {"reply_to": "me@x.example"}, answer=(303, 404)),
    get("public.complaint_filed", EVERYBODY, number="C-2345-6789"),
    get("public.personal_link", EVERYBODY, token=Thing.LINK),
    post("public.open_link", EVERYBODY, token=Thing.LINK),
    get("public.identification", EVERYBODY),
    post("public.identify", EVERYBODY, {"last_four": "0000"}),
    get("public.code", EVERYBODY),
    post("public.enter", EVERYBODY, {"code": "000000"}, answer=(303, 422)),
    post("public.send_code_again", EVERYBODY),
    get("public.closed_link", EVERYBODY),
    post("public.request_link", EVERYBODY),
    get("public.requested_link", EVERYBODY),
)

MY = (
    get("borrower.home", {BORROWER}),
    get("borrower.timeline", {BORROWER}),
    get("borrower.support", {BORROWER}),
    post("borrower.ask_for_quiet", {BORROWER}),
    get("borrower.debts_page", {BORROWER}),
    get("borrower.debt", {BORROWER}, ref=Thing.LOAN),
    get("borrower.simulator", {BORROWER}, query={"amount": "1"}),
    get("borrower.budget", {BORROWER}),
    post("borrower.save_budget", {BORROWER}, BUDGET),
    get("borrower.consents_page", {BORROWER}),
    # There is a consent in force already.
    post(
        "borrower.give_consent",
        {BORROWER},
        {"reason": "cannot_come", "agree": "y", "declaration": "y"},
        answer=(303, 409),
    ),
    post("borrower.revoke_consent", {BORROWER}, ref=Thing.CONSENT),
    get("borrower.proofs", {BORROWER}),
    post("borrower.send_proof", {BORROWER}, {"photo": UPLOAD}, kind="identity"),
    post("borrower.state_no_income", {BORROWER}, {"agree": "y", "words": "My sister helps"}),
    post("borrower.take_back_proof", {BORROWER}, ref=Thing.PROOF),
    get("borrower.proof_file", {BORROWER}, ref=Thing.PROOF),
    get("borrower.proof_thumbnail", {BORROWER}, ref=Thing.PROOF),
    get("borrower.visits", {BORROWER}),
    get("borrower.visit", {BORROWER}, ref=Thing.VISIT_TODAY),
    get("borrower.visit_calendar", {BORROWER}, ref=Thing.VISIT_TODAY),
    get("borrower.new_visit", {BORROWER}, query={"place": "branch"}),
    # The case has had its visit: the rules may allow no other one.
    post("borrower.book_visit", {BORROWER}, SLOT | {"place": "branch", "discreet": ""}, answer=(303, 422)),
    get("borrower.move_visit_page", {BORROWER}, ref=Thing.VISIT_AHEAD),
    post("borrower.move_visit", {BORROWER}, SLOT, answer=(303, 422), ref=Thing.VISIT_AHEAD),
    post("borrower.cancel_visit", {BORROWER}, ref=Thing.VISIT_AHEAD),
    post("borrower.report_wrong_person", {BORROWER}, ref=Thing.VISIT_TODAY),
    get("borrower.plans_list", {BORROWER}),
    get("borrower.plan", {BORROWER}, ref=Thing.PLAN),
    get("borrower.agreement", {BORROWER}, ref=Thing.AGREEMENT),
    get("borrower.agreement_document", {BORROWER}, ref=Thing.AGREEMENT),
    get("borrower.agreement_page", {BORROWER}, ref=Thing.AGREEMENT, number="1"),
    get("borrower.agreement_original", {BORROWER}, ref=Thing.AGREEMENT_SEALED),
    post("borrower.send_signing_code", {BORROWER}, {"agree": "y"}, ref=Thing.AGREEMENT),
    post("borrower.sign_agreement", {BORROWER}, SIGNATURE, answer=WRONG_CODE, ref=Thing.AGREEMENT),
    post("borrower.decline_agreement", {BORROWER}, {"reason": "Too much"}, ref=Thing.AGREEMENT),
    get("borrower.complaints_list", {BORROWER}),
    post("borrower.file_complaint", {BORROWER}, COMPLAINT),
    get("borrower.complaint", {BORROWER}, ref=Thing.COMPLAINT),
    post("borrower.add_to_complaint", {BORROWER}, {"body": "And this"}, ref=Thing.COMPLAINT),
    post("borrower.withdraw_complaint", {BORROWER}, ref=Thing.COMPLAINT),
    get("borrower.contest", {BORROWER}, entry=Thing.ENTRY),
    post("borrower.contest_entry", {BORROWER}, {"words": "It was not so"}, entry=Thing.ENTRY),
    get("borrower.dispute_list", {BORROWER}),
    get("borrower.new_dispute", {BORROWER}),
    # 409: the same is disputed already.
    post(
        "borrower.open_dispute",
        {BORROWER},
        {"kind": "paid", "loan": Thing.LOAN, "words": "In May"},
        answer=(303, 409),
    ),
    get("borrower.dispute", {BORROWER}, ref=Thing.DISPUTE),
    post("borrower.withdraw_dispute", {BORROWER}, ref=Thing.DISPUTE),
)

CASES = (
    get("agent.day", STAFF),
    get("agent.case_index", READERS),
    # What was done, by whom: for those who watch over others.
    get("agent.audit_record", {AUDITOR, ADMIN, MANAGER}),
    get("agent.audit_csv", {AUDITOR, ADMIN, MANAGER}),
    get("agent.audit_verification", {AUDITOR, ADMIN, MANAGER}),
    get("agent.policies", {AUDITOR, ADMIN, LEAD, MANAGER}),
    get("agent.case", READERS | {AGENT}, ref=Thing.CASE),
    get("agent.decision_list", READERS, ref=Thing.CASE),
    get("agent.decision", READERS, ref=Thing.DECISION),
    # 409: an exception for the same act waits already.
    post(
        "agent.ask_override",
        {CALLER, LEAD},
        {"rules": "attempts_per_day", "reason": "She asked for it"},
        answer=(303, 409),
        ref=Thing.DECISION,
    ),
    get("agent.override", READERS, ref=Thing.OVERRIDE),
    post(
        "agent.decide_override",
        APPROVERS,
        {"version": "1", "answer": "Yes", "decision": "allow"},
        ref=Thing.OVERRIDE,
    ),
    get("agent.case_debt", READERS | {AGENT}, ref=Thing.CASE),
    get("agent.case_simulator", READERS | {AGENT}, query={"amount": "1"}, ref=Thing.CASE),
    # A name or address in full, for those who talk to the borrower. Each look is an entry in the audit chain.
    post("agent.reveal_on_case", REVEALERS, {"field": "phone"}, ref=Thing.CASE),
    get("agent.hide_on_case", REVEALERS, ref="anything, for it leads to the page of that name"),
    post("agent.reveal_at_visit", {AGENT}, {"field": "phone"}, ref=Thing.VISIT_TODAY),
    get("agent.hide_at_visit", {AGENT}, ref="anything, for it leads to the page of that name"),
    post("agent.show_contact", {AGENT}, ref=Thing.VISIT_TODAY),
)

VISITS = (
    get("agent.route", {AGENT}),
    get("agent.visit", {AGENT, AUDITOR}, ref=Thing.VISIT_TODAY),
    # 409: the contact gate finds that a complaint is open.
    post("agent.arrive", {AGENT}, answer=(303, 409), ref=Thing.VISIT_TODAY),
    get("agent.visit_identity", {AGENT}, ref=Thing.VISIT_AT_DOOR),
    # A wrong code: nobody can know the right one here.
    post(
        "agent.compare_code",
        {AGENT},
        {"card_shown": "y", "code": "000000"},
        answer=WRONG_CODE,
        ref=Thing.VISIT_AT_DOOR,
    ),
    get("agent.visit_checklist", {AGENT, AUDITOR}, ref=Thing.VISIT_AT_TABLE),
    post("agent.save_checklist", {AGENT}, {"name-result": "confirmed"}, ref=Thing.VISIT_AT_TABLE),
    get("agent.visit_findings", {AGENT, AUDITOR}, ref=Thing.VISIT_AT_TABLE),
    post("agent.record_findings", {AGENT}, {"reason": "job_loss"}, ref=Thing.VISIT_AT_TABLE),
    get("agent.visit_budget", {AGENT, AUDITOR}, ref=Thing.VISIT_AT_TABLE),
    post("agent.save_visit_budget", {AGENT}, BUDGET, ref=Thing.VISIT_AT_TABLE),
    get("agent.visit_plan", {AGENT}, ref=Thing.VISIT_AT_TABLE),
    post(
        "agent.propose_plan",
        {AGENT},
        {"method": "equal_instalment", "periods": "12"},
        answer=(303, 422),  # 422: an agreement was prepared from the plan before
        ref=Thing.VISIT_AT_TABLE,
    ),
    get("agent.visit_departure", {AGENT}, ref=Thing.VISIT_AT_DOOR),
    post("agent.leave", {AGENT}, {"outcome": "absent"}, ref=Thing.VISIT_AT_DOOR),
)

PLANS = (
    get("agent.plan", READERS | {AGENT}, ref=Thing.PLAN),
    get("agent.approvals_list", APPROVERS | {AUDITOR}),
    get("agent.approval", APPROVERS | {AUDITOR}, ref=Thing.PLAN_WAITING),
    post(
        "agent.decide_approval",
        APPROVERS,
        {"version": "1", "answer": "Yes", "decision": "approve"},
        ref=Thing.PLAN_WAITING,
    ),
    post("agent.offer_agreement", SIGNERS, ref=Thing.PLAN),
    get("agent.agreement", READERS | {AGENT}, ref=Thing.AGREEMENT),
    get("agent.agreement_document", READERS | {AGENT}, ref=Thing.AGREEMENT),
    get("agent.agreement_page", READERS | {AGENT}, ref=Thing.AGREEMENT, number="1"),
    get("agent.agreement_original", READERS | {AGENT}, ref=Thing.AGREEMENT_SEALED),
    post("agent.send_signing_code", SIGNERS, ref=Thing.AGREEMENT),
    post("agent.sign_agreement", SIGNERS, SIGNATURE, answer=WRONG_CODE, ref=Thing.AGREEMENT),
    get("agent.relief_list", READERS | {AGENT}, ref=Thing.CASE),
    get("agent.strategy", READERS | {AGENT}, ref=Thing.CASE),
    post(
        "agent.set_strategy",
        REVIEWERS,
        {"step": "wait", "until": "2026-03-04", "reason": "On holiday"},
        ref=Thing.CASE,
    ),
    post("agent.release_strategy", REVIEWERS, ref=Thing.CASE, answer=(303, 409)),
    get("agent.relief", READERS | {AGENT}, ref=Thing.RELIEF),
    post("agent.withdraw_relief", {MANAGER}, {"reason": "Given by mistake"}, ref=Thing.RELIEF),
    get("agent.follow_ups", FOLLOWERS | {AUDITOR}),
    get("agent.follow_up", FOLLOWERS | {AUDITOR}, ref=Thing.FOLLOW_UP),
    post("agent.finish_follow_up", FOLLOWERS, {"note": "All is well"}, ref=Thing.FOLLOW_UP),
)

PROOFS = (
    get("agent.proof_queue", REVIEWERS | {AUDITOR}),
    get("agent.proof", REVIEWERS | {AUDITOR}, ref=Thing.PROOF),
    get("agent.proof_page_picture", REVIEWERS | {AUDITOR}, ref=Thing.PROOF, number="1"),
    post("agent.accept_proof", REVIEWERS, {"version": "1", "issued_on": "2026-02-20"}, ref=Thing.PROOF),
    post("agent.reject_proof", REVIEWERS, {"version": "1", "reason": "not_readable"}, ref=Thing.PROOF),
    get("agent.new_proof", REVIEWERS, query={"case": Thing.CASE}),
    post(
        "agent.log_proof",
        REVIEWERS,
        {"kind": "other", "channel": "letter", "received_on": "2026-03-01", "photo": UPLOAD},
        query={"case": Thing.CASE},
    ),
)

COMPLAINTS = (
    get("agent.complaint_inbox", HANDLERS | {AUDITOR}),
    get("agent.complaint", HANDLERS | {AUDITOR}, ref=Thing.COMPLAINT),
    post("agent.claim_complaint", HANDLERS, ref=Thing.COMPLAINT_NEW),
    # 409: only who took it on answers.
    post(
        "agent.answer_complaint",
        HANDLERS,
        {"body": "We look into it", "audience": "complainant"},
        answer=(303, 409),
        ref=Thing.COMPLAINT,
    ),
    get("agent.new_decision", HANDLERS, ref=Thing.COMPLAINT),
    post(
        "agent.decide_complaint",
        HANDLERS,
        {"outcome": "upheld", "checked": "The calls", "grounds": "Too many"},
        answer=(303, 409),
        ref=Thing.COMPLAINT,
    ),
)

OBJECTIONS = (
    get("agent.dispute_list", READERS),
    get("agent.dispute", READERS, ref=Thing.DISPUTE),
    post(
        "agent.answer_dispute",
        APPROVERS,
        {"outcome": "not_upheld", "reasons": "We checked the book"},
        ref=Thing.DISPUTE,
    ),
    post("agent.correct_dispute", APPROVERS, ref=Thing.DISPUTE_UPHELD),
    get("agent.contest_list", READERS),
    get("agent.contest", READERS, ref=Thing.CONTEST),
    post("agent.answer_contest", APPROVERS, {"words": "We looked at it"}, ref=Thing.CONTEST),
)

TEXT = {"name": "preferences_changed", "channel": "sms", "locale": "en"}
WISHES = {"language": "en", "closed": "sms", "version": "1"}
KEEPERS = frozenset({LEAD, MANAGER, AUDITOR, ADMIN})
MESSAGES = (
    get("borrower.preferences_page", {BORROWER}),
    post("borrower.save_preferences", {BORROWER}, WISHES),
    get("agent.case_preferences", REVIEWERS, ref=Thing.CASE),
    post("agent.save_case_preferences", REVIEWERS, WISHES, ref=Thing.CASE),
    get("agent.message_texts", KEEPERS),
    get("agent.message_text", KEEPERS, **TEXT),
    post(
        "agent.save_message_text",
        {ADMIN},
        {"body": "{lender}: it was changed. {hotline}", "seen": "0"},
        **TEXT,
    ),
    get("agent.undelivered", KEEPERS),
    post("agent.send_message_again", {ADMIN, LEAD}, ref=Thing.MESSAGE_FAILED),
)

# On the account of whoever asks, and on no other.
ACCOUNT = (
    get("agent.account", STAFF),
    post("agent.end_session", STAFF, own_account=True, ref=Thing.SESSION),
    post("agent.end_other_sessions", STAFF, own_account=True),
    get("agent.password", STAFF),
    post(
        "agent.change_password",
        STAFF,
        {"old": "wrong", "password": "a long new word 17", "again": "a long new word 17"},
        answer=(422,),
        own_account=True,
    ),
    get("agent.confirmation", STAFF),
    post(
        "agent.confirm_myself",
        STAFF,
        {"password": "wrong", "code": "000000"},
        answer=(422,),
        own_account=True,
    ),
    get("agent.new_authenticator", STAFF),
    post("agent.confirm_authenticator", STAFF, {"code": "000000"}, own_account=True),
    get("agent.recovery_codes", STAFF),
    post("agent.keep_recovery_codes", STAFF, own_account=True),
)

PROFILE = {"name": "New Name", "number": "N1", "roles": "agent", "locale": "en", "manager": Thing.SUPERIOR}
# 409: the set of the world was refused, so there is nothing to release.
IMPORTS = (
    get("agent.book_list", {ADMIN, AUDITOR}),
    post("agent.hand_in_book", {ADMIN}, {"book": UPLOAD}, answer=(422,)),
    get("agent.book_example_set", {ADMIN, AUDITOR}),
    get("agent.book_upload", {ADMIN, AUDITOR}, ref=Thing.BOOK_UPLOAD),
    post("agent.release_book", {ADMIN}, answer=(409,), ref=Thing.BOOK_UPLOAD),
    post("agent.book_problems", {ADMIN}, ref=Thing.BOOK_UPLOAD),
)
PEOPLE = (
    get("agent.people_list", {MANAGER, AUDITOR, ADMIN}),
    get("agent.person", {MANAGER, AUDITOR, ADMIN}, ref=Thing.STAFF),
    get("agent.new_person", {ADMIN}),
    post("agent.invite_person", {ADMIN}, PROFILE | {"email": "new@x.example"}),
    get("agent.profile", {ADMIN}, ref=Thing.STAFF),
    post("agent.edit_profile", {ADMIN}, PROFILE | {"version": "1"}, ref=Thing.STAFF),
    post("agent.disable_person", {ADMIN}, ref=Thing.STAFF),
    post("agent.enable_person", {ADMIN}, answer=(303, 409), ref=Thing.STAFF),  # 409: nobody disabled them
    post("agent.invite_person_again", {ADMIN}, ref=Thing.STAFF),
)

# Complaints and disputes are open on the case: the gate forbids a call (409), and no call is under way (404).
CALLERS = frozenset({CALLER, LEAD})
CALLS = (
    get("agent.call_index", CALLERS | {AUDITOR}),
    post("agent.take_next_call", CALLERS),
    get("agent.call", CALLERS | {AUDITOR}, ref=Thing.CASE),
    post("agent.claim_call", CALLERS, answer=(303, 409), ref=Thing.CASE),
    post("agent.release_call", CALLERS, ref=Thing.CASE),
    post("agent.begin_call", CALLERS, answer=(303, 409), ref=Thing.CASE),
    post("agent.confirm_party", CALLERS, {"last_four": "0000"}, answer=(404, 422), ref=Thing.CASE),
    post("agent.record_call", CALLERS, {"outcome": "busy"}, answer=(404, 303), ref=Thing.CASE),
    get("agent.promise_index", CALLERS | {AUDITOR}),
    post("agent.withdraw_promise", CALLERS, ref=Thing.PROMISE),
)
# A sign of despair is everybody's to tell; only a lead or a manager lets contact go on.
CRISIS = (
    get("agent.crisis_page", STAFF),
    post("agent.raise_crisis", {AGENT, CALLER, LEAD, MANAGER, ADMIN}, ref=Thing.CASE),
    post("agent.raise_crisis_of_complaint", HANDLERS, ref=Thing.COMPLAINT),
    post("agent.end_crisis", APPROVERS, {"reason": "All is well"}, answer=(303, 409), ref=Thing.CASE),
)

ROWS = (
    *PUBLIC,
    *MY,
    *CASES,
    *CALLS,
    *CRISIS,
    *VISITS,
    *PLANS,
    *PROOFS,
    *COMPLAINTS,
    *OBJECTIONS,
    *MESSAGES,
    *ACCOUNT,
    *IMPORTS,
    *PEOPLE,
)
