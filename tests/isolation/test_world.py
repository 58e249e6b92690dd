"""The world of the matrix has everything that could leak."""

from sqlalchemy import func, select

from portal.infra.tenancy import OfLender
from portal.models import Base
from tests import factories
from tests.isolation.world import ALPHA, BETA, SECRETS, sealed_names

MODELS = [each.class_ for each in Base.registry.mappers if issubclass(each.class_, OfLender)]


def test_each_lender_has_rows_in_every_table(world):
    for lender in (ALPHA, BETA):
        with factories.of_lender(world.session, world.lenders[lender]):
            empty = [
                m.__tablename__
                for m in MODELS
                if not world.session.scalar(select(func.count()).select_from(m))
            ]
        assert not empty, lender


def test_every_sealed_text_says_whose_it_is(world):
    for lender in (ALPHA, BETA):
        with factories.of_lender(world.session, world.lenders[lender]):
            for model in MODELS:
                for name in sealed_names(model):
                    if (model.__tablename__, name) not in SECRETS:
                        texts = [getattr(row, name) for row in world.session.scalars(select(model))]
                        assert texts
                        assert all(f"Kanarie{lender}" in each for each in texts), (model, name, texts)
