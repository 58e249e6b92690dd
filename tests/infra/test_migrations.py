"""Schemas that were in use before: their rows come through an upgrade."""

import uuid

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal.infra import db, schema

AT = "'2026-03-02T02:00:00.000000Z'"
LENDER = (
    "INSERT INTO lender (id, ref, code, preset, names, hand_in_place, created_at) "
    f"VALUES (:id, 'L' || :name, :name, 'default', '{{}}', '{{}}', {AT})"
)
BORROWER = (
    "INSERT INTO borrower (id, lender_id, ref, borrower_no, name_sealed, id_type, locale, created_at) "
    f"VALUES (:id, :id, 'B' || :name, 'B1', :sealed, 'none', 'en', {AT})"
)
LOAN = (
    "INSERT INTO loan (id, lender_id, ref, borrower_id, contract_no, product, currency, principal, "
    "annual_rate_ppm, start_date, periods, method, day_count, as_of, aged_on, dpd, overdue_amount, "
    "outstanding, created_at) VALUES (:id, :id, 'N' || :name, :id, 'C1', 'consumer_loan', 'CNY', 100000, "
    "120000, '2026-01-01', 12, 'equal_principal', 'act/365', '2026-03-01', CAST(:aged_on AS {day}), 9, "
    f"20200, 90900, {AT})"
)


MESSAGE = (
    "INSERT INTO message (id, lender_id, ref, borrower_id, action_class, channel, locale, template, "
    "recipient_sealed, body_sealed, state, not_before, attempts, created_at) "
    "VALUES (:id, 1, :ref, :borrower_id, :action_class, :channel, 'en', 'code_entry', :sealed, :sealed, "
    f"'sent', {AT}, 0, {AT})"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def addresses(request, tmp_path):
    """An empty database: as the owner of its tables sees it, who is no superuser, and as a superuser does."""
    if request.param == "sqlite":
        yield (f"sqlite:///{tmp_path / 'old.sqlite'}",) * 2
        return
    server, name = request.getfixturevalue("postgres"), f"m_{uuid.uuid4().hex[:8]}"
    with server.admin.connect() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD 'migrates'"))
        connection.execute(text(f"CREATE DATABASE {name} OWNER {name}"))
    owner = server.admin.url.set(database=name, username=name, password="migrates")
    yield owner.render_as_string(hide_password=False), server.owner_url(name)
    with server.admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        connection.execute(text(f"DROP ROLE {name}"))


def add_loan(connection, number, *, aged_on):
    """A lender with one loan overdue, as the schema before knew them."""
    day = "text" if connection.dialect.name == "sqlite" else "date"
    values = {"id": number, "name": str(number), "sealed": b"", "aged_on": aged_on}
    for statement in (LENDER, BORROWER, LOAN.replace("{day}", day)):
        connection.execute(
            text(statement), {name: values[name] for name in values if f":{name}" in statement}
        )


def test_loans_keep_what_is_overdue_and_their_lender_learns_when_they_were_aged(addresses):
    owner, everybody = map(db.make_engine, addresses)
    with schema._unhindered(owner) as connection:
        command.upgrade(schema._config(connection), "0002")
    with everybody.begin() as connection:
        add_loan(connection, 1, aged_on="2026-03-02")
        add_loan(connection, 2, aged_on=None)
    schema.upgrade(owner)

    with everybody.connect() as connection:
        aged = (
            connection.execute(text("SELECT CAST(aged_on AS text) FROM lender ORDER BY id")).scalars().all()
        )
        columns = "dpd, overdue_amount, overdue_principal, overdue_interest, penalty, credit"
        loans = connection.execute(text(f"SELECT {columns} FROM loan ORDER BY id")).all()
    assert aged == ["2026-03-02", None]
    assert [tuple(each) for each in loans] == [(9, 20_200, 20_200, 0, 0, 0)] * 2
    assert schema.is_current(owner)
    owner.dispose()
    everybody.dispose()


def test_messages_of_before_get_a_decision_that_says_so_and_a_new_one_must_have_one(addresses):
    owner, everybody = map(db.make_engine, addresses)
    with schema._unhindered(owner) as connection:
        command.upgrade(schema._config(connection), "0003")
    told = {"action_class": "service", "sealed": b"x"}
    rows = [
        {"id": 1, "ref": "A", "borrower_id": 1, "channel": "sms", **told},
        {"id": 2, "ref": "B", "borrower_id": 1, "channel": "email", **told, "action_class": "collection"},
        {"id": 3, "ref": "C", "borrower_id": None, "channel": "email", **told},  # to staff
    ]
    with everybody.begin() as connection:
        for statement in (LENDER, BORROWER):
            values = {"id": 1, "name": "1", "sealed": b""}
            connection.execute(
                text(statement), {name: values[name] for name in values if f":{name}" in statement}
            )
        connection.execute(text(MESSAGE), rows)
    schema.upgrade(owner)

    joined = (
        "SELECT m.ref, d.action, d.action_class, d.allowed, d.borrower_id, d.pack_version FROM message m "
        "LEFT JOIN decision d ON d.lender_id = m.lender_id AND d.id = m.decision_id ORDER BY m.id"
    )
    with everybody.connect() as connection:
        found = [tuple(each) for each in connection.execute(text(joined))]
    before = "before decisions were kept"
    assert found == [
        ("A", "sms", "service", True, 1, before),
        ("B", "email", "collection", True, 1, before),
        ("C", None, None, None, None, None),
    ]
    late = {"id": 4, "ref": "D", "borrower_id": 1, "channel": "sms", **told}
    with pytest.raises(IntegrityError), everybody.begin() as connection:
        connection.execute(text(MESSAGE), late)
    with everybody.begin() as connection:
        connection.execute(text(MESSAGE), late | {"borrower_id": None})
    owner.dispose()
    everybody.dispose()
