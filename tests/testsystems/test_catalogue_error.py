"""How far one bank's sum scatters is known exactly from a catalogue."""

import numpy as np
import pytest

from foretoken.testsystems.catalogue import draw_hits, relative_error, spread_catalogue


@pytest.mark.parametrize("spread", [0.0, 0.8])
def test_sums_over_hits_scatter_as_the_catalogue_says(spread: float):
    catalogue = spread_catalogue(spread, tasks=5, texts=200, yield_=0.3)
    rng = np.random.default_rng(1)
    found = [draw_hits(catalogue, draws=500, rng=rng) for _ in range(1500)]
    sums = np.array([np.exp(each.log_p - each.log_q).sum() / 5 for each in found])
    assert sums.mean() == pytest.approx(catalogue.rate, rel=4 * sums.std() / sums.mean() / 38)
    expected = relative_error(catalogue, draws=500)
    assert sums.std() / catalogue.rate == pytest.approx(expected, rel=0.1)
