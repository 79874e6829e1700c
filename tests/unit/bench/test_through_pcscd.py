"""A visit taken apart by the clock: what the terminal, the card and the way between them took."""

from tools.bench.through_pcscd import Round, Split, Visit

from mumei.transport.watched import Exchange

MS = 1_000_000


def exchange(begin: int, end: int) -> Exchange:
    return Exchange(ins=0, p1=0, sent=5, received=2, begin=begin * MS, end=end * MS)


# SELECT's answer at 10; the terminal works 1 and 2, the ways take 2 and 1, the card 3 and 9; verified in 4.
VISIT = Visit(
    rounds=[
        Round(exchange=exchange(11, 16), ready=10 * MS, begin=12 * MS, end=15 * MS),
        Round(exchange=exchange(18, 28), ready=16 * MS, begin=18 * MS, end=27 * MS),
    ],
    verdict=32 * MS,
)


def test_the_whole_is_the_sum_of_terminal_card_and_transport() -> None:
    split = VISIT.split()
    assert (split.whole, split.host, split.card, split.transport) == (22, 1 + 2 + 4, 3 + 9, 2 + 1)


def test_phases_and_verification_make_up_the_whole() -> None:
    first, second = VISIT.part([True, False]), VISIT.part([False, True])
    assert (first.whole, first.host, first.card, first.transport) == (6, 1, 3, 2)
    assert (second.whole, second.host, second.card, second.transport) == (12, 2, 9, 1)
    assert first.whole + second.whole + VISIT.verification == VISIT.split().whole


def test_each_figure_has_its_own_median() -> None:
    splits = [
        Split(whole=a, host=b, card=0.0, transport=1.0) for a, b in ((1.0, 9.0), (2.0, 7.0), (30.0, 8.0))
    ]
    middle = Split.medians(splits)
    assert (middle.whole, middle.host) == (2.0, 8.0)
    assert middle.cells == ("2.0", "8.0", "0.0", "1.0")
