"""Why servers say no: each reason has a sentence of its own, and "credentials" is said of credentials alone."""

import json

import pytest

from indexer.sources.http.refusals import explained


def google(reason: str, message: str = "no") -> object:
    return {"error": {"code": 403, "message": message, "errors": [{"domain": "global", "reason": reason}]}}


FORBIDDEN = [
    (
        google("exportSizeLimitExceeded", "This file is too large to be exported."),
        "larger than Google exports",
    ),
    (google("quotaExceeded"), "quota is used up"),
    (google("userRateLimitExceeded"), "quota is used up"),
    (google("dailyLimitExceeded"), "quota is used up"),
    (google("sharingRateLimitExceeded"), "quota is used up"),
    (google("insufficientPermissions", "Request had insufficient authentication scopes."), "lack a scope"),
    (
        {
            "error": {
                "status": "PERMISSION_DENIED",
                "details": [{"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}],
            }
        },
        "lack a scope",
    ),
    ({"message": "Unauthorized; scope does not match"}, "lack a scope"),
    (google("insufficientFilePermissions"), "isn't shared"),
    (google("appNotAuthorizedToFile"), "isn't shared"),
    ({"message": "User does not have permission to view the content with id 7"}, "isn't shared"),
    ({"object": "error", "code": "restricted_resource", "message": "no"}, "lacks a capability"),
    (google("accessNotConfigured"), "isn't switched on"),
    (google("cannotDownloadFile"), "owner doesn't let it be downloaded"),
    (google("domainPolicy"), "a rule of its organization"),
    ({"message": "Come back on Monday"}, "'Come back on Monday'"),
    ({"error": "Come back on Monday"}, "'Come back on Monday'"),
]


@pytest.mark.parametrize(("told", "said"), FORBIDDEN)
def test_reasons(told: object, said: str) -> None:
    """Quota, size, scope, sharing, policy: a 403 is what its server says it is."""
    found = explained(403, "api.example.com", {}, json.dumps(told).encode())
    assert found.startswith("api.example.com refuses it (403): ")
    assert said in found


@pytest.mark.parametrize(
    "body", [b"", b"no", b"[]", b"null", b'{"error": []}', b'{"errors": [null, 7]}', b"[" * 100_000]
)
def test_without_a_reason(body: bytes) -> None:
    """Where no reason is told, or none that can be read, it is the right to read that is asked for."""
    assert "give them the right to read it" in explained(403, "api.example.com", {}, body)


def test_a_login_in_between() -> None:
    """A page for people is a firewall's or a login's."""
    found = explained(403, "wiki.example.com", {"content-type": "text/html"}, b"<html>Sign in</html>")
    assert "firewall" in found


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "renew them"),
        (404, "isn't shared"),
        (410, "isn't there"),
        (429, "sync less often"),
        (503, "log says why"),
        (418, "open the address"),
    ],
)
def test_other_refusals(status: int, said: str) -> None:
    """Each says what to do."""
    assert said in explained(status, "api.example.com", {}, b'{"message": "no"}')


def test_long_words_and_secrets() -> None:
    """A server's own words are cut, and have no credentials in them."""
    text = "look at https://ada:s3cret@example.com/ " + "x" * 500
    found = explained(403, "api.example.com", {}, json.dumps({"message": text}).encode())
    assert "s3cret" not in found
    assert len(found) < 300
