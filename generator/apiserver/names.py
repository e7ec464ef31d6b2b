"""Validate Kubernetes names: each function yields the API server's messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

Form = Callable[[str], Iterator[str]]
"""Gives every reason for which a text does not have the form."""

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LOWER = "must consist of lower case alphanumeric characters"
_ENDS = "and must start and end with an alphanumeric character"
_ANY = f"must consist of alphanumeric characters, '-', '_' or '.', {_ENDS}"


def _longer(text: str, most: int) -> bool:
    return len(text.encode("utf-8", "replace")) > most


def _example(message: str, pattern: str, *examples: str) -> str:
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{message} (e.g. {shown}regex used for validation is '{pattern}')"


def _form(pattern: str, most: int, message: str, *examples: str) -> Form:
    def check(text: str) -> Iterator[str]:
        if _longer(text, most):
            yield f"must be no more than {most} characters"
        if not re.fullmatch(pattern, text, re.ASCII):
            yield _example(message, pattern, *examples)

    return check


subdomain = _form(
    _SUBDOMAIN, 253, f"a lowercase RFC 1123 subdomain {_LOWER}, '-' or '.', {_ENDS}", "example.com"
)
"""The name of most objects: dot-separated labels, 253 characters."""

_plain_label = _form(_LABEL, 63, f"a lowercase RFC 1123 label {_LOWER} or '-', {_ENDS}", "my-name", "123-abc")

label_1035 = _form(
    _LABEL_1035,
    63,
    f"a DNS-1035 label {_LOWER} or '-', start with an alphabetic character, "
    "and end with an alphanumeric character",
    "my-name",
    "abc-123",
)
"""The name of a Service: a label that starts with a letter."""

label_value = _form(
    f"({_NAME})?", 63, f"a valid label must be an empty string or {_ANY[5:]}", "MyValue", "my_value", "12345"
)
"""The value of a label, which may be empty."""

_name_part = _form(_NAME, 63, _ANY, "MyName", "my.name", "123-abc")


def label(text: str) -> Iterator[str]:
    """Check the name of a Namespace: one label, 63 characters."""
    dotted = "." in text and re.fullmatch(_SUBDOMAIN, text, re.ASCII)
    for message in _plain_label(text):
        yield "must not contain dots" if dotted and "regex" in message else message


def qualified(text: str) -> Iterator[str]:
    """Check the key of a label: a name, after a prefix that is a subdomain and a slash, or without one."""
    parts = text.split("/")
    if len(parts) > 2:
        message = _example(f"a qualified name {_ANY}", _NAME, "MyName", "my.name", "123-abc")
        yield f"{message} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return
    if len(parts) == 2:
        reasons = subdomain(parts[0]) if parts[0] else iter(["must be non-empty"])
        yield from (f"prefix part {message}" for message in reasons)
    if not parts[-1]:
        yield "name part must be non-empty"
    yield from (f"name part {message}" for message in _name_part(parts[-1]))


def prefix_of(form: Form) -> Form:
    """Check the start of a name that is completed later: a dash at its end is fine."""

    def check(text: str) -> Iterator[str]:
        return form(f"{text[:-2]}a" if len(text) > 1 and text.endswith("-") else text)

    return check


def path_segment(text: str) -> Iterator[str]:
    """Check a name that only has to fit into a URL."""
    if text in (".", ".."):
        yield f"may not be '{text}'"
    yield from (f"may not contain '{char}'" for char in "/%" if char in text)


FORMATS: Mapping[str, Form] = {
    "dns1123Label": label,
    "dns1123Subdomain": subdomain,
    "dns1035Label": label_1035,
    "dns1123LabelPrefix": prefix_of(label),
    "dns1123SubdomainPrefix": prefix_of(subdomain),
    "dns1035LabelPrefix": prefix_of(label_1035),
    "qualifiedName": qualified,
    "labelValue": label_value,
}
"""Form by the name that CEL's `format` library has for it."""
