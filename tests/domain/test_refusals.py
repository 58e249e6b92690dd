from portal.domain.refusals import Refused


def test_a_refusal_carries_its_code_and_the_facts_of_its_sentence():
    refused = Refused("too_late", day=3, code="fact")
    assert (refused.code, refused.facts) == ("too_late", {"day": 3, "code": "fact"})


def test_a_refusal_that_nobody_caught_shows_its_code():
    assert str(Refused("too_late", day=3)) == "too_late"


def test_what_must_be_remembered_of_a_refusal_goes_with_it_and_is_no_fact():
    remember = [].append
    refused = Refused("code_wrong", afterwards=remember, left=2)
    assert (refused.afterwards, refused.facts) == (remember, {"left": 2})
    assert Refused("code_wrong").afterwards is None
