"""Writes docs/cost.md and docs/scale.md again, from the stored figures: `python -m tools.bill`."""

from tools.bill.measured import load
from tools.bill.pages import write

if __name__ == "__main__":
    write(load())
