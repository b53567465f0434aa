"""Exploits that are in no type, looked for now and then while a training goes on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from foretoken.discovery_records import Discovery, DiscoveryStanding
from foretoken.errors import ForetokenError, StoreError
from foretoken.pipeline.discover import DiscoverConfig, NothingPaidError, discover
from foretoken.report.discoveries import growth_words
from foretoken.watch.config import WatchConfig
from foretoken.watch.pace import WatchPace

MOST_TOLD = 3


@dataclass
class Discoveries:
    """Searches the paid answers of one run, again where there are new ones.

    Args:
        config: Of the watch.
    """

    config: WatchConfig
    _pace: WatchPace = field(default_factory=WatchPace)
    _told: Sequence[str] = ()
    """By the last search."""

    def look(self, *, new: bool, at_once: bool) -> Sequence[str]:
        """Search where that is due; return lines about what is claimed.

        Args:
            new: Whether anything changed since the last look.
            at_once: Whether this look is the last one.

        Raises:
            StoreError: The run cannot be read or written.
        """
        if self.config.discover and self._pace.is_due(new=new, at_once=at_once):
            with self._pace.timed():
                self._told = self._searched()
        return self._told

    def _searched(self) -> Sequence[str]:
        try:
            found = discover(
                DiscoverConfig(run=self.config.run, tasks=self.config.tasks, gradings=0)
            )
        except StoreError:
            raise
        except NothingPaidError:
            return ()
        except ForetokenError as error:
            return (f"no search for exploits that are in no type: {error}",)
        claimed = [e for e in found.discoveries if e.standing is DiscoveryStanding.CLAIMED]
        return tuple(_words(each) for each in claimed[:MOST_TOLD])


def _words(found: Discovery) -> str:
    refused = f", {found.refused} of {found.judged} judged ones refused" if found.judged else ""
    return (
        f"{found.answers:,} paid answers are built alike, of no known type, and doubted: "
        f"{found.name}{refused}, {growth_words(found)}"
    )
