"""Query a Prometheus server by its HTTP API."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from generator.model.findings import Fault

_TIMEOUT = 30
"""Seconds that an answer may take."""

_LARGEST = 1 << 20
"""Bytes that an answer may have: a gate asks for one number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PrometheusServer:
    """A Prometheus server, or what speaks as one: the address before `/api/v1`, and a token for it."""

    url: str
    token: str = ""

    def values(self, promql: str, time: str = "") -> tuple[float, ...]:
        """Return every value that the query has now, or at `time` (a Unix time or RFC 3339).

        No value at all means that no series matched. Raises `Fault` when the server cannot be asked, or
        refuses the query.
        """
        from urllib.parse import urlencode, urlsplit

        if urlsplit(self.url).scheme not in {"http", "https"}:
            raise Fault(f"{self.url} is not an address that starts with http:// or https://")
        question = urlencode({"query": promql} | ({"time": time} if time else {}))
        answer = self._get(f"{self.url.rstrip('/')}/api/v1/query?{question}")
        if answer.get("status") != "success":
            raise Fault(f"{self.url} refuses a query: {answer.get('error', 'it does not return a reason')}")
        return tuple(_numbers(answer.get("data"), self.url))

    def _get(self, address: str) -> dict[str, Any]:
        from http.client import HTTPException
        from urllib.error import HTTPError, URLError
        from urllib.request import Request, urlopen

        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        request = Request(address, headers=headers)  # noqa: S310  the scheme was looked at
        try:
            with urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310  the scheme was looked at
                text = answer.read(_LARGEST + 1)
        except HTTPError as error:  # Prometheus says what is wrong with a query in the body of a 400
            text = error.read(_LARGEST)
            if error.code not in {400, 422}:
                raise Fault(f"{self.url} answers {error.code} {error.reason}") from None
        except (URLError, OSError, HTTPException) as error:
            raise Fault(f"cannot query {self.url}: {getattr(error, 'reason', error)}") from None
        return _parsed(text, self.url)


def _parsed(text: bytes, url: str) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise Fault(f"{url} does not answer as Prometheus does")
    return answer


def _numbers(data: Any, url: str) -> Iterator[float]:
    """Read the values of a vector or a scalar; a value that is no number reads as NaN."""
    kind = data.get("resultType") if isinstance(data, dict) else None
    if kind == "scalar":
        yield _number(data["result"][1])
    elif kind == "vector":
        yield from (_number(sample["value"][1]) for sample in data["result"] if "value" in sample)
    else:
        raise Fault(f"{url} answers a query with {kind or 'nothing'}; a gate needs one number")


def _number(text: Any) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        return math.nan
