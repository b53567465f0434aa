"""All domains of an audit: what each holds, and which of them a grader is taken to be of.

Faults that were injected to see these tests fail: the first domain that is read at all is taken;
an attack twice in a domain; a domain that pays nothing for its own right answers.
"""

from collections.abc import Callable
from typing import Any

import pytest
from planted import asked

from foretoken.audit.base import Domain
from foretoken.audit.domains import DOMAINS, AuditDomain, read_domains, shortened
from foretoken.errors import SetupError

MADE = {name: make() for name, make in DOMAINS.items()}
each_domain = pytest.mark.parametrize("domain", MADE.values(), ids=MADE)


def test_there_are_so_many_attacks_and_right_answers() -> None:
    assert set(MADE) == set(AuditDomain)
    assert sum(len(each.attacks) for each in MADE.values()) >= 400
    assert sum(len(each.variants) for each in MADE.values()) >= 120


@each_domain
def test_each_kind_has_a_name_of_its_own_a_reason_a_remedy_and_a_source(domain: Domain) -> None:
    kinds = [*domain.attacks, *domain.variants]
    assert len({each.name for each in kinds}) == len(kinds)
    assert len({each.key for each in domain.questions}) == len(domain.questions) >= 12
    assert len({each.name for each in domain.forms}) == len(domain.forms)
    for each in kinds:
        assert each.why.endswith("."), each.name
        assert len(each.why) > 12, each.name
    for attack in domain.attacks:
        assert attack.remedy, attack.name
        assert attack.source, attack.name


def written(domain: Domain) -> dict[str, list[tuple[str, str]]]:
    """What each kind writes, beside the plain right answer."""
    found: dict[str, list[tuple[str, str]]] = {}
    for each in (*domain.attacks, *domain.variants):
        for form in domain.forms:
            for question in domain.questions:
                text = each.write(question, form)
                if text is not None:
                    right = form.whole(question.right, question.reasoning)
                    found.setdefault(each.name, []).append((text, right))
    return found


@each_domain
def test_each_kind_is_fired_is_always_the_same_and_no_attack_is_a_plain_right_answer(
    domain: Domain,
) -> None:
    texts = written(domain)
    assert set(texts) == {each.name for each in (*domain.attacks, *domain.variants)}
    assert texts == written(domain)
    for attack in domain.attacks:
        for text, right in texts[attack.name]:
            assert text.strip() != right.strip(), attack.name


def knows(own: Domain) -> Callable[[str, Any], float]:
    """A grader that pays a domain's own plain right answers in its first form, by heart."""
    form = own.forms[0]
    paid = {(form.whole(q.right, q.reasoning), repr(q.truth)) for q in own.questions}

    def grade(answer: str, truth: Any) -> float:
        return float((answer, repr(truth)) in paid)

    return grade


@pytest.mark.parametrize("name", list(MADE))
def test_the_domain_is_found_by_what_a_grader_tells_apart(name: AuditDomain) -> None:
    domains = [shortened(each, 6) for each in MADE.values()]
    domain, readings = read_domains(domains, asked(knows(MADE[name])))
    assert domain.name == MADE[name].name
    assert readings[0].form is MADE[name].forms[0]


def test_one_that_is_sure_of_nothing_is_of_the_domain_that_it_tells_best_apart() -> None:
    domains = [shortened(each, 6) for each in MADE.values()]
    own = domains[-1]
    rights = {form.whole(q.right, q.reasoning) for q in own.questions for form in own.forms}
    order = {text: number for number, text in enumerate(sorted(rights))}

    def wavering(answer: str) -> float:
        return len(answer) / 1e6 + (2.0 + order[answer] if answer in rights else len(answer) % 3)

    assert read_domains(domains, asked(wavering))[0].name == own.name


def test_one_that_tells_nothing_apart_is_an_error_that_names_what_was_tried() -> None:
    def one(answer: str) -> float:
        return 1.0

    said = r"in none of answers, choice, .*; of answers: .* as alone, right ones got 1 and wrong"
    with pytest.raises(SetupError, match=said):
        read_domains([shortened(each, 4) for each in MADE.values()], asked(one))
