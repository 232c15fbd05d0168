"""The prices of prices.yaml: the only place where a price stands."""

from datetime import date
from functools import cache
from pathlib import Path

import msgspec

from eks_log_forwarder.yaml_files import load_yaml

NOT_VERIFIED = "list price, not verified"


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A price: `dollars` buy `per` units; or `tiers`, each [up to so many units a month, dollars a unit]."""

    of: str
    date: date
    dollars: float = 0.0
    per: float = 1.0
    tiers: tuple[tuple[float | None, float], ...] = ()
    source: str = NOT_VERIFIED

    def cost(self, units: float) -> float:
        """The dollars for so many units in one month."""
        if not self.tiers:
            return units / self.per * self.dollars
        total, done = 0.0, 0.0
        for limit, dollars in self.tiers:
            upto = units if limit is None else min(units, limit)
            total += max(upto - done, 0.0) * dollars
            done = max(upto, done)
        return total

    def shown(self) -> str:
        """The dollars as the price's own text says them."""
        if not self.tiers:
            return f"{self.dollars:.10f}".rstrip("0").rstrip(".")
        return ", ".join(f"{dollars:g}" for _, dollars in self.tiers)


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All prices of one region, by name."""

    region: str
    prices: dict[str, Price]

    def cost(self, name: str, units: float) -> float:
        """The dollars for so many units of a price in one month."""
        return self.prices[name].cost(units)


@cache
def prices() -> Prices:
    """The prices of prices.yaml.

    Raises:
        YamlError: the file cannot be read.
        msgspec.ValidationError: it is not a file of prices; the message names the place.
    """
    return msgspec.convert(load_yaml(Path(__file__).parent / "prices.yaml"), Prices)


def cost(name: str, units: float) -> float:
    """The dollars for so many units of a price in one month."""
    return prices().cost(name, units)
