"""Put a review into a pull request as one comment: made the first time, edited from then on."""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MARKER = "<!-- rollplan -->"
"""How every review of rollplan starts."""

LIMIT = 65_000
"""Characters of a comment: a review that is longer was not written by rollplan."""


def main() -> int:
    """Read the review and write the comment; 0 when it is there."""
    review = Path(os.environ["FILE"]).read_text(encoding="utf-8")
    number = os.environ["NUMBER"]
    if len(review) > LIMIT or not review.startswith(MARKER) or not re.fullmatch("[1-9][0-9]{0,9}", number):
        print("::error::this is no review of rollplan, or the pull request has no number")
        return 2
    comments = f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}/issues"
    body = {"body": review}
    try:
        known = next(ours(f"{comments}/{number}/comments"), None)
        if known is None:
            ask("POST", f"{comments}/{number}/comments", body)
        else:
            ask("PATCH", f"{comments}/comments/{known}", body)
    except urllib.error.HTTPError as error:
        print(f"::error::the comment was refused: {error.code}")
        return 2
    return 0


def ours(address: str) -> Iterator[int]:
    """Give the number of each comment that a review of ours stands in."""
    for page in range(1, 31):
        found = ask("GET", f"{address}?per_page=100&page={page}")
        for comment in found:
            if comment["body"].startswith(MARKER) and comment["user"]["type"] == "Bot":
                yield comment["id"]
        if len(found) < 100:
            return


def ask(method: str, address: str, body: Any = None) -> Any:
    """Give what the API answers."""
    request = urllib.request.Request(
        address,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {os.environ['TOKEN']}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())
