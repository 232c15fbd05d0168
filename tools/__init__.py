"""Commands and test servers of this repository. Importing it makes the functions' package importable."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

if (_functions := str(ROOT / "functions")) not in sys.path:
    sys.path.insert(1, _functions)
