"""Every call is in the table, and a key with too small a scope is refused by all services."""

from functools import cache

import pytest

from streamstead.core.runner import find_service
from streamstead.core.scopes import Scope, known_calls, needed_scope

PREFIX = "/terraform/v1/"


SERVICES = ("platform", "hooks", "recorder", "ffmpeg_forward")
# Asked by the front, or streams that the description leaves out.
UNDESCRIBED = {"/internal/signed-in", "ffmpeg/live", "recordings/live"}


@cache
def described() -> dict[str, bool]:
    """Return every described call, and whether it needs a session."""
    found: dict[str, bool] = {}
    for name in SERVICES:
        api = find_service(name).api
        assert api is not None
        for path, methods in api().openapi()["paths"].items():
            signed = any("security" in one for one in methods.values())
            found[path.removeprefix(PREFIX)] = signed
    return found


def test_every_call_that_needs_a_session_has_a_line_in_the_table_of_scopes() -> None:
    signed = {path for path, needs in described().items() if needs}
    assert len(signed) > 150
    assert sorted(signed - known_calls()) == []


def test_the_table_names_no_call_that_is_gone() -> None:
    assert sorted(known_calls() - set(described()) - UNDESCRIBED) == []


@pytest.mark.parametrize(
    ("path", "needed"),
    [
        ("/terraform/v1/ffmpeg/outputs/list", Scope.READ),
        ("/terraform/v1/ffmpeg/outputs/create", Scope.OPERATE),
        ("/terraform/v1/hooks/srs/secret/query", Scope.OPERATE),
        # Its answer holds what publishers present.
        ("/terraform/v1/live/room/list", Scope.OPERATE),
        ("/terraform/v1/mgmt/secret/query", Scope.ADMIN),
        ("/terraform/v1/mgmt/api-keys/list", Scope.ADMIN),
        ("/terraform/v1/never/heard/of", Scope.ADMIN),
    ],
)
def test_calls_need_what_they_may_do(path: str, needed: Scope) -> None:
    assert needed_scope(path, "POST") is needed


def test_a_scope_covers_itself_and_what_is_smaller() -> None:
    assert Scope.ADMIN.covers(Scope.READ)
    assert Scope.OPERATE.covers(Scope.OPERATE)
    assert not Scope.READ.covers(Scope.OPERATE)
    assert not Scope.OPERATE.covers(Scope.ADMIN)
