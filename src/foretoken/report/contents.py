"""What a report is made of: the records of one run, hits kept to a readable number."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from foretoken.attribution_records import Attribution
from foretoken.discovery_records import Discovery, DiscoverySearch
from foretoken.forecast.counts import HackCount
from foretoken.ledger.opinions import Opinions
from foretoken.ledger.sums import Ledger
from foretoken.logs.base import LoggedRollout
from foretoken.records import (
    BankHealth,
    ControlCheck,
    Draw,
    Forecast,
    Provenance,
    RateEstimate,
    Task,
    Truth,
)


@dataclass(frozen=True)
class RunContents:
    """Everything that the page shows; each part may be empty."""

    name: str
    estimates: tuple[RateEstimate, ...] = ()
    truth: tuple[Truth, ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    health: tuple[BankHealth, ...] = ()
    controls: tuple[ControlCheck, ...] = ()
    hits: tuple[Draw, ...] = ()
    """Hacks to choose examples from, not all of them."""
    own_hacks: tuple[HackCount, ...] = ()
    """Counted among the subject's own draws (rollouts and count draws)."""
    attributions: tuple[Attribution, ...] = ()
    """Where rises came from, one of each type at most."""
    discoveries: tuple[Discovery, ...] = ()
    searches: tuple[DiscoverySearch, ...] = ()
    """What was searched for exploits outside of tasks' types; none: nobody has."""
    tasks: Mapping[str, Task] = field(default_factory=dict[str, Task])
    """By key."""
    ledger: Ledger = field(default_factory=Ledger)
    """Of reward functions."""
    opinions: Opinions = field(default_factory=Opinions)
    """Of second graders."""
    logged: Mapping[str, LoggedRollout] = field(default_factory=dict[str, LoggedRollout])
    """By key; those that the two name as examples."""
    closed: tuple[str, ...] = ()
    """Exploit types that the training does not pay for, as its settings say."""
    provenance: Provenance | None = None
    config: str = ""
    """The resolved configuration, as TOML text."""

    @property
    def reasons(self) -> bool:
        """Whether any draw has reasoning; so it is believed where nothing is known of any."""
        shares = [one.reasoned_share for one in self.health if one.reasoned_share is not None]
        hits = [bool(hit.reasoning.strip()) for hit in self.hits]
        return any(shares) or any(hits) or not (shares or hits)

    def exploit_types(self) -> list[str]:
        """Return every exploit type that any record names, sorted."""
        named: set[str] = set()
        groups: Iterable[Iterable[RateEstimate | Truth | Forecast | BankHealth | HackCount]] = (
            self.estimates,
            self.truth,
            self.forecasts,
            self.health,
            self.own_hacks,
        )
        for records in groups:
            named.update(record.exploit_type for record in records)
        return sorted(named)

    def steps(self) -> list[int]:
        """Return every step with an estimate or a count, sorted."""
        steps = {record.step for record in self.estimates} | {record.step for record in self.truth}
        return sorted(steps)
