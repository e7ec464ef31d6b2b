"""Durations and points in time, read as Go reads them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from generator.apiserver.cel.values import INT64, CelError, Duration, Timestamp, Value

_UNITS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_PART = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h)"
_DURATION = re.compile(rf"([+-]?)((?:{_PART})+|0)")
_PARTS = re.compile(r"([0-9]*\.?[0-9]*)(ns|us|µs|μs|ms|s|m|h)")
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def nanoseconds(text: str) -> int | None:
    """Read `1h30m`, `-1.5s`, `0`; None for text that is no duration or has no place in 64 bits."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    total = int(sum(Decimal(number) * _UNITS[unit] for number, unit in _PARTS.findall(match[2])))
    total = -total if match[1] == "-" else total
    return total if total in INT64 else None


def duration(value: Value) -> Duration:
    """Convert text or a number of seconds to a duration."""
    if type(value) is Duration:
        return value
    if type(value) is int:
        return Duration(value * 10**9)
    count = nanoseconds(value) if type(value) is str else None
    if count is None:
        raise CelError("type conversion error from 'string' to 'google.protobuf.Duration'")
    return Duration(count)


def timestamp(value: Value) -> Timestamp:
    """Convert RFC 3339 text or seconds since 1970 to a point in time."""
    if type(value) is Timestamp:
        return value
    if type(value) is int:
        return Timestamp(value * 10**9)
    match = _TIME.fullmatch(value) if type(value) is str else None
    if match:
        year, month, day, hour, minute, second = map(int, match.group(1, 2, 3, 4, 5, 6))
        shift = timedelta(hours=int(match[9] or 0), minutes=int(match[10] or 0))
        try:
            moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
            moment -= shift if match[8] == "+" else -shift
        except (ValueError, OverflowError):
            pass
        else:
            rest = int((match[7] or "0")[:9].ljust(9, "0"))
            return Timestamp(int((moment - _EPOCH).total_seconds()) * 10**9 + rest)
    raise CelError("type conversion error from 'string' to 'google.protobuf.Timestamp'")


def moment(value: Timestamp) -> datetime:
    """Return a point in time as Python has it, in UTC."""
    return _EPOCH + timedelta(microseconds=value // 1000)
