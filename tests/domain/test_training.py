from datetime import date, timedelta

from portal.domain import policy, training
from portal.infra import policy_files

VISIT = policy.build(policy_files.read("default")).visit
DAY = date(2026, 3, 2)
YEAR_AGO = DAY - timedelta(days=365)
ALL = dict.fromkeys(VISIT.training_required, YEAR_AGO)


def test_training_holds_for_365_days():
    assert training.is_trained(ALL, day=DAY, visit=VISIT)
    assert not training.is_trained(ALL, day=DAY + timedelta(days=1), visit=VISIT)
    assert training.valid_until(ALL, VISIT) == DAY


def test_every_required_module_counts():
    without = {name: day for name, day in ALL.items() if name != "compliance"}
    assert training.missing_modules(without, day=DAY, visit=VISIT) == ["compliance"]
    assert training.valid_until(without, VISIT) is None


def test_training_passed_after_the_day_does_not_count_yet():
    late = ALL | {"communication": DAY + timedelta(days=1)}
    assert training.missing_modules(late, day=DAY, visit=VISIT) == ["communication"]
