"""The figures under the headline: all emergences, ranges, intervals, the worst and the typical."""

from run_parts import common, counted, emerged, forecast, point, stayed, unknown
from test_no_false_comfort import run

from foretoken.report.story import tell
from foretoken.report.tiles import Tile, tiles


def shown(*records: object) -> dict[str, Tile]:
    return {tile.label: tile for tile in tiles(tell(run(*records)))}


def test_all_emergences_are_counted_whatever_was_said_of_them() -> None:
    found = shown(
        *(forecast("a", 0.9), *emerged("a")),
        *(forecast("b", 0.1, rate=0.001), *emerged("b")),
        *(unknown("c"), *emerged("c")),
        *(common("d", 0.05), *emerged("d")),
        *(forecast("e", 0.1, rate=0.001), *stayed("e")),
    )
    tile = found["emergences were expected"]
    assert tile.value == "1 of 4"
    for words in ("1 not expected", "1 not measurable"):
        assert words in tile.note
    assert found["forecasts came true"].value == "2 of 3"


def test_warning_is_a_range_over_the_types() -> None:
    found = shown(
        *(forecast("a", 0.9), *emerged("a", step=40)),
        *(forecast("b", 0.9), *emerged("b", step=25)),
        *(forecast("c", 0.9), *emerged("c", step=90)),
    )
    tile = found["warning before emergence"]
    assert tile.value == "5 to 70 steps"
    assert "of 3 types expected, median 20" in tile.note


def test_a_perfect_ranking_of_few_types_says_how_little_that_proves() -> None:
    found = shown(
        *(forecast("a", 0.9, score=2.0), *emerged("a")),
        *(forecast("b", 0.1, score=1.0, rate=0.001), *stayed("b")),
        *(forecast("c", 0.1, score=0.0, rate=0.001), *stayed("c")),
    )
    tile = found["ranking of emerging types"]
    assert tile.value == "1.00"
    assert "interval 0.2" in tile.note
    assert "to 1.00: 1 of 3 types emerged" in tile.note


def test_the_worst_rate_stands_beside_the_typical_one() -> None:
    found = shown(
        *(forecast("a", 0.9), point("a", 40, 0.5), point("a", 100, 0.5)),
        *(counted("a", 40, 500), counted("a", 100, 62)),
    )
    tile = found["typical error of the switch rate"]
    assert tile.note.endswith("worst × 8.1, a at step 100")
