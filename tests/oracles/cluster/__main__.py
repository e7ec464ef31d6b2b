"""`python -m tests.oracles.cluster` builds the test server ahead of the tests and says where it is.

It exits with 1 and the reason when there can be none, where the tests would be skipped.
"""

import sys

from tests.oracles.cluster.binary import build, why_not

if __name__ == "__main__":
    path = build()
    if path is None:
        sys.exit(f"no test server: {why_not()}")
    sys.stdout.write(f"{path}\n")
