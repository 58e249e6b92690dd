"""An agreement from the approved plan to each side's original."""

import hashlib
import io
from datetime import timedelta

import pikepdf
import pypdfium2
import pytest

from portal.domain.refusals import Refused
from portal.infra.files import FileStore
from portal.models import Case, Message, Original, Plan
from portal.services import agreements, audit, seals
from portal.vocabulary import AgreementState, CaseState, Locale, Method, PlanState, Role, Signer
from tests import agreements_made, factories
from tests.agreements_made import borrower_of, offered, planned_case, sealed, sign
from tests.certificates import one_certificate  # noqa: F401  (a fixture)


@pytest.fixture
def folder(settings):
    return FileStore(settings.files)


@pytest.fixture
def lender(session):
    return factories.lender(session)


def words(data):
    """The text of a PDF without spaces."""
    with pypdfium2.PdfDocument(data) as document:
        pages = []
        for index in range(len(document)):
            sheet = document[index]
            text = sheet.get_textpage()
            pages.append(text.get_text_range())
            text.close()
            sheet.close()
    return "".join("".join(pages).split())


def fonts(data):
    with pikepdf.open(io.BytesIO(data)) as document:
        return {
            str(font.BaseFont): "/FontFile2" in font.FontDescriptor
            for page in document.pages
            for font in page.resources.Font.values()
        }


def document_of(session, agreement, folder):
    return agreements.document(session, agreement=agreement, folder=folder)


def originals(session, agreement, folder):
    return [agreements.original(session, agreement=agreement, party=party, folder=folder) for party in Signer]


def test_the_document_says_what_the_plan_says(session, lender, folder):
    agreement = offered(session, lender, folder)
    plan = session.get_one(Plan, agreement.plan_id)
    text = words(document_of(session, agreement, folder))
    assert agreement.number in text
    assert "TestBorrower" in text
    assert "endsin1234" in text
    assert "A900001234" not in text
    assert "L00001" in text
    total = f"{(plan.principal + plan.interest) / 100:,.2f}"
    assert f"{total}inall" in text
    assert "waives¥120.00" in text
    assert "7.2%nominal,7.44%effective" in text
    assert "2Apr2026and2Sept2026" in text
    assert "Mediationandthecourts" in text
    assert "95511-3" in text


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        (Locale.ZH_HANT, ["還款協議書", "遲延利息", "借款人的權利", "正本", "林示例"]),
        (Locale.ZH_HANS, ["还款协议书", "罚息", "借款人的权利", "原件", "林示例"]),
    ],
)
def test_the_chinese_comes_back_from_the_pdf_and_its_fonts_are_inside(
    session, lender, folder, locale, expected
):
    case = planned_case(session, lender)
    case.borrower.locale, case.borrower.name = locale, "林示例"
    agreement = offered(session, lender, folder, case=case)
    lead = factories.staff(session, lender, Role.LEAD)
    sign(session, agreement, case.borrower, folder, path=agreements_made.PATH)
    sign(session, agreement, lead, folder)
    data = originals(session, agreement, folder)[0]
    assert not [word for word in expected if word not in words(data)]
    assert fonts(data)
    assert all(fonts(data).values())


def test_what_is_shown_on_a_screen_is_the_text_of_the_document(session, lender, folder):
    agreement = offered(session, lender, folder)
    assert "Schedule of payments" in agreement.text
    assert "Test Borrower" in agreement.text
    assert agreement.text_sealed.find(b"Test Borrower") == -1


def test_after_a_home_visit_the_signature_may_be_taken_back_for_three_days(session, lender, folder):
    lead = factories.staff(session, lender, Role.LEAD)
    case = planned_case(session, lender)
    visit = agreements_made.home_visit(session, case)
    plan = factories.approved_plan(session, case, visit=visit)
    agreement = offered(session, lender, folder, by=lead, case=case, plan=plan)
    sign(session, agreement, case.borrower, folder)
    sign(session, agreement, lead, folder)
    assert "takethesignaturebackwithin3days" in words(document_of(session, agreement, folder))
    assert agreement.effective_on == factories.TODAY + timedelta(days=3)


def test_elsewhere_it_takes_effect_on_the_day_of_the_later_signature(session, lender, folder):
    lead = factories.staff(session, lender, Role.LEAD)
    agreement = offered(session, lender, folder, by=lead)
    sign(session, agreement, borrower_of(session, agreement), folder)
    sign(session, agreement, lead, folder, now=factories.NOW + timedelta(days=2))
    assert "takethesignatureback" not in words(document_of(session, agreement, folder))
    assert agreement.effective_on == factories.TODAY + timedelta(days=2)


def test_falling_instalments_are_told_by_their_first_and_last(session, lender, folder):
    case = planned_case(session, lender)
    plan = factories.approved_plan(session, case, method=Method.EQUAL_PRINCIPAL)
    agreement = offered(session, lender, folder, case=case, plan=plan)
    assert "¥690.67atfirst,¥670.65atlast,6times" in words(document_of(session, agreement, folder))


@pytest.mark.parametrize("state", [PlanState.DRAFT, PlanState.WAITING_APPROVAL, PlanState.REFUSED])
def test_only_an_approved_plan_becomes_an_agreement(session, lender, folder, state):
    case = planned_case(session, lender)
    plan = factories.approved_plan(session, case, state=state)
    with pytest.raises(Refused) as refusal:
        offered(session, lender, folder, case=case, plan=plan)
    assert refusal.value.code == "plan_not_approved"


def test_a_plan_is_offered_once(session, lender, folder):
    agreement = offered(session, lender, folder)
    plan = session.get_one(Plan, agreement.plan_id)
    with pytest.raises(Refused) as refusal:
        offered(session, lender, folder, plan=plan)
    assert refusal.value.code == "agreement_offered_already"


def test_with_the_second_signature_each_side_has_the_same_sealed_original(session, lender, folder):
    agreement = sealed(session, lender, folder)
    mine, theirs = originals(session, agreement, folder)
    rows = session.query(Original).filter_by(agreement_id=agreement.id).all()
    assert {row.party for row in rows} == set(Signer)
    assert len({row.file_id for row in rows}) == 2
    assert mine == theirs
    assert {row.sha256 for row in rows} == {hashlib.sha256(mine).hexdigest()}
    assert agreement.state is AgreementState.SEALED
    report = seals.verify(session, mine)
    assert (report.problem, report.signer) == (None, "pingan-bank en")


def test_the_evidence_page_tells_what_was_checked(session, lender, folder):
    agreement = sealed(session, lender, folder)
    data = originals(session, agreement, folder)[0]
    text = words(data)
    signatures = agreements.signatures_of(session, agreement=agreement)
    assert agreement.document_sha256 in text
    assert all(signature.mark_sha256 in text for signature in signatures)
    assert "203.0.113.7" in text
    assert "TestBrowser1.0" in text
    assert "repayment-agreement-2026-1,en" in text
    assert "sentbySMStothenumberonfile" in text
    assert "sentbye-mailtotheaddressonfile" in text
    assert "Nametypedinfull:TestStaff" in text


def test_the_pages_read_before_signing_are_inside_the_original_unchanged(session, lender, folder):
    agreement = sealed(session, lender, folder)
    with pikepdf.open(io.BytesIO(originals(session, agreement, folder)[0])) as pdf:
        kept = pdf.attachments[f"{agreement.number}.pdf"].get_file().read_bytes()
    assert hashlib.sha256(kept).hexdigest() == agreement.document_sha256


def test_sealing_lets_the_plan_take_effect(session, lender, folder):
    agreement = sealed(session, lender, folder)
    case = session.get_one(Case, agreement.case_id)
    assert session.get_one(Plan, agreement.plan_id).state is PlanState.AGREED
    assert case.state is CaseState.IN_REPAYMENT
    assert agreement.effective_on == factories.TODAY
    sent = [message.template for message in session.query(Message).filter_by(case_id=case.id)]
    assert sent == ["agreement_offered", "agreement_sealed"]
    actions = [event.action for event in audit.timeline(session, case=case)]
    for action in ("agreement_offered", "agreement_signed", "agreement_sealed", "follow_ups_scheduled"):
        assert action in actions
    assert audit.verify(session, lender_id=lender.id).intact


def test_declining_ends_the_agreement_and_its_plan_and_nothing_can_be_signed(session, lender, folder):
    agreement = offered(session, lender, folder)
    borrower = borrower_of(session, agreement)
    agreements.decline(
        session,
        agreement=agreement,
        reason="Too much for us",
        actor=factories.actor_of(borrower),
        now=factories.NOW,
    )
    assert agreement.state is AgreementState.DECLINED
    assert agreement.decline_reason == "Too much for us"
    assert session.get_one(Plan, agreement.plan_id).state is PlanState.WITHDRAWN
    with pytest.raises(Refused) as refusal:
        sign(session, agreement, borrower, folder)
    assert refusal.value.code == "agreement_not_open"


def test_who_has_signed_cannot_decline(session, lender, folder):
    agreement = offered(session, lender, folder)
    borrower = borrower_of(session, agreement)
    sign(session, agreement, borrower, folder)
    with pytest.raises(Refused) as refusal:
        agreements.decline(
            session,
            agreement=agreement,
            reason="No",
            actor=factories.actor_of(borrower),
            now=factories.NOW,
        )
    assert refusal.value.code == "signed_already"


def test_another_borrower_and_another_lender_do_not_find_it(session, lender, folder):
    agreement = offered(session, lender, folder)
    other = factories.borrower(session, lender)
    elsewhere = factories.staff(session, factories.lender(session, "spdb-puhui"), Role.MANAGER)
    for person in (other, elsewhere):
        assert not agreements.find(
            session, agreement.ref, actor=factories.actor_of(person), now=factories.NOW
        )
    mine = factories.actor_of(borrower_of(session, agreement))
    assert agreements.find(session, agreement.ref, actor=mine, now=factories.NOW) is agreement
