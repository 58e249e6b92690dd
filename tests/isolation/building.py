"""Makes the test's world: both lenders with all that belongs to them, and everybody signed in."""

from collections.abc import Iterator
from datetime import timedelta

from flask import Flask
from sqlalchemy import Engine, select, text

from portal.infra import crypto, ids
from portal.infra.tenancy import TenantSession
from portal.models import (
    Base,
    Lender,
    Staff,
)
from portal.services import (
    accounts,
    authenticators,
    browser_sessions,
)
from portal.vocabulary import (
    Locale,
)
from portal.web import second_step
from tests import factories
from tests.factories import NOW
from tests.isolation.asked import Kind, Thing
from tests.isolation.house import House
from tests.isolation.world import ALPHA, BETA, HOUSE, ONE, PRESETS, Somebody, World, canary


def build(app: Flask, owner: Engine) -> World:
    """Make both lenders with all that belongs to them, and sign everybody in."""
    installation = app.extensions["installation"]
    lazy = installation.engine.execution_options(only_reads=True)
    with TenantSession(lazy, expire_on_commit=False) as session:
        world = World(app, session, owner, crypto.keyring())
        for name in (ALPHA, BETA):
            lender = _lender(world, name)
            with factories.of_lender(session, lender.id):
                House(world, name, lender).build()
        session.commit()
        _as_new(owner)
        world.people += [Somebody(kind=Kind.NOBODY, lender=None), *_half_entered(world)]
    return world


def _as_new(owner: Engine) -> None:
    """Marking the rows edited them: forms are sent with the first version."""
    with owner.begin() as connection:
        for table in Base.metadata.tables.values():
            if "version" in table.columns:
                connection.execute(text(f'UPDATE "{table.name}" SET version = 1'))


def _half_entered(world: World) -> Iterator[Somebody]:
    """Who came by a personal link, before the code was given."""
    for kind, more in ((Kind.CAME_BY_LINK, {}), (Kind.IDENTIFIED, {"identified": True})):
        token = ids.new_ref()
        data = {"lender_id": world.lenders[ALPHA], "link": world.things[ALPHA, ONE]["link"]} | more
        browser_sessions.save(
            world.session, token=token, replaces=None, data=data, life=timedelta(days=1), now=NOW
        )
        yield Somebody(kind=kind, lender=ALPHA, cookie=token)
    world.session.commit()
    named = world.things[ALPHA, ONE][Thing.SUPERIOR]
    staff = world.session.scalars(select(Staff).where(Staff.ref == named)).one()
    half = {
        "ref": staff.ref,
        "mark": accounts.password_mark(staff),
        "until": (NOW + timedelta(minutes=10)).isoformat(),
        "then": None,
        "proposal": authenticators.propose(staff=staff),
    }
    token = ids.new_ref()
    data = {"lender_id": world.lenders[ALPHA], second_step.HALF: half}
    browser_sessions.save(
        world.session, token=token, replaces=None, data=data, life=timedelta(days=1), now=NOW
    )
    world.session.commit()
    yield Somebody(kind=Kind.GAVE_PASSWORD, lender=ALPHA, cookie=token)


def _lender(world: World, name: str) -> Lender:
    lender = factories.lender(world.session, f"kanarie-{name.lower()}", preset=PRESETS[name])
    with factories.of_lender(world.session, lender.id):
        lender.names = {locale.value: f"{canary(name, HOUSE)} {locale.value}" for locale in Locale}
        lender.hand_in_place = {locale.value: f"{canary(name, HOUSE)} Road 1" for locale in Locale}
    world.refs[name, HOUSE] = {lender.ref}
    world.lenders[name] = lender.id
    return lender
