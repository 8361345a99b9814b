"""``python -m evaluation.metrics RUN_DIR``: scores what spec.json names.

Exit 0 done, 75 cancelled, 2 bad spec (its error event lists all faults), 1 failed.
"""

import sys
from pathlib import Path

from evaluation.metrics.child import run

if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1])))
