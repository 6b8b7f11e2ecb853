from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.qad.client import CLIENT, HEALTH, HOST, PASSWORD, USER, Tenant, codes


def status(tenant: Tenant, **headers: str) -> int:
    return tenant.get(HEALTH, headers=headers).status_code


def bearer(value: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {value}"}


@pytest.mark.parametrize("in_query", [False, True])
def test_the_password_grant_takes_body_and_query(stranger: Tenant, *, in_query: bool) -> None:
    """Both forms give a token that works; the tenant knows which one was used."""
    answer = stranger.grant(in_query=in_query).json()
    assert {"access_token", "refresh_token", "token_type", "expires_in"} <= set(answer)
    assert status(stranger, **bearer(answer["access_token"])) == 200
    assert stranger.sandbox.state()["logins"] == {"oauth_query" if in_query else "oauth_body": 1}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"password": "wrong"}, "invalid_grant"),
        ({"username": "nobody"}, "invalid_grant"),
        ({"client_id": "other"}, "invalid_client"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "made up"}, "invalid_grant"),
        ({"grant_type": "client_credentials"}, "invalid_client"),
    ],
)
def test_bad_input_is_a_400_with_an_oauth_error(stranger: Tenant, changes: dict[str, Any], error: str) -> None:
    """The token endpoint never answers 401."""
    answer = stranger.grant(**changes)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.json()["error_description"]


def test_credentials_as_json_are_no_credentials(stranger: Tenant) -> None:
    """The body of the token endpoint is a form."""
    answer = stranger.http.post(f"{stranger.base}/oauth/token", json={"grant_type": "password", "client_id": CLIENT})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_the_token_endpoint_is_posted_to(stranger: Tenant) -> None:
    """A GET is answered by the web server."""
    assert stranger.get("/oauth/token").status_code == 405


def test_a_tenant_may_take_one_form_only() -> None:
    """A grant in the form that is not accepted is no grant."""
    tenant = Tenant(scale=0.01, auth_modes=frozenset({"oauth_query"}))
    assert tenant.grant().json()["error"] == "unsupported_grant_type"
    assert tenant.grant(in_query=True).status_code == 200


def test_a_refresh_brings_a_full_life_once(stranger: Tenant) -> None:
    """The new token works, the old one and the used refresh token do not."""
    first = stranger.grant().json()
    stranger.clock.advance(20 * 60)
    again: dict[str, Any] = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = stranger.grant(**again).json()
    assert status(stranger, **bearer(second["access_token"])) == 200
    assert status(stranger, **bearer(first["access_token"])) == 401
    assert stranger.grant(**again).status_code == 400


def test_a_refresh_works_after_expiry_but_not_for_ever(stranger: Tenant) -> None:
    """A dead access token can be renewed; a refresh token of yesterday cannot."""
    first = stranger.grant().json()
    stranger.clock.advance(9 * 3600)
    second = stranger.grant(grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    stranger.clock.advance(25 * 3600)
    answer = stranger.grant(grant_type="refresh_token", refresh_token=second["refresh_token"])
    assert answer.json()["error"] == "invalid_grant"


def test_idle_and_total_time_both_end_a_token() -> None:
    """30 idle minutes end it, and so do 480 busy ones, whatever expires_in has promised."""
    tenant = Tenant(scale=0.01).log_in()
    for _ in range(23):
        tenant.clock.advance(20 * 60)
        assert status(tenant) == 200
    tenant.clock.advance(20 * 60)
    assert status(tenant) == 401
    tenant.log_in()
    tenant.clock.advance(30 * 60)
    assert status(tenant) == 401


def test_a_401_says_so_in_json(stranger: Tenant) -> None:
    """No login, a made-up token and a wrong password are all 401 with bare errors."""
    for headers in ({}, bearer("nonsense"), {"Authorization": "Basic bm9uc2Vuc2U="}, {"Authorization": "Basic ?"}):
        answer = stranger.get(HEALTH, headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, "401")


def test_the_session_login_answers_a_cookie_to_send() -> None:
    """The value stands in the body; whoever wants the session sends the cookie."""
    tenant = Tenant(scale=0.01, context_root="qad-central")
    answer = tenant.http.post(f"{tenant.base}/api/login", json={"username": USER, "password": PASSWORD})
    value = answer.json()["sessionId"]
    assert not answer.cookies
    assert status(tenant) == 401
    assert status(tenant, **bearer(value)) == 401
    assert status(tenant, Cookie=f"JSESSIONID={value}") == 200


@pytest.mark.parametrize(
    ("placement", "header", "form"),
    [
        ("bearer", "Authorization", "Bearer {}"),
        ("header:X-Session", "X-Session", "{}"),
        ("cookie:SID", "Cookie", "SID={}"),
    ],
)
def test_a_session_may_be_named_and_placed_otherwise(placement: str, header: str, form: str) -> None:
    """Login path, key of the answer and placement differ between installations."""
    options: dict[str, Any] = {"login_path": "/login", "session_key": "data.jwt", "session_placement": placement}
    tenant = Tenant(scale=0.01, **options)
    answer = tenant.http.post(f"{tenant.base}/login", json={"username": USER, "password": PASSWORD})
    assert status(tenant, **{header: form.format(answer.json()["data"]["jwt"])}) == 200


def test_a_wrong_session_login_is_401(stranger: Tenant) -> None:
    """No session is opened."""
    answer = stranger.http.post(f"{stranger.base}/api/login", json={"username": USER, "password": "x"})
    assert answer.status_code == 401
    assert stranger.sandbox.state()["sessions"] == []


def test_basic_works_on_each_call_and_opens_nothing(stranger: Tenant) -> None:
    """A stateless call leaves no session."""
    stranger.http.auth = (USER, PASSWORD)
    assert status(stranger) == 200
    assert stranger.sandbox.state()["sessions"] == []
    stranger.http.auth = (USER, "wrong")
    assert status(stranger) == 401


@pytest.mark.parametrize(("password", "logged_in"), [(PASSWORD, True), ("wrong", False)])
def test_the_form_login_redirects(stranger: Tenant, password: str, *, logged_in: bool) -> None:
    """Right and wrong passwords are both a 302; only the right one brings the cookie."""
    form = {"j_username": USER, "j_password": password}
    answer = stranger.http.post(f"{stranger.base}/j_spring_security_check", data=form, allow_redirects=False)
    assert answer.status_code == 302
    assert ("login_error" in answer.headers["Location"]) is not logged_in
    assert status(stranger) == (200 if logged_in else 401)


def test_a_token_issued_by_hand_works() -> None:
    """It has no life the tenant would tell."""
    tenant = Tenant(scale=0.01, bearer={"by-hand": USER})
    tenant.clock.advance(1e6)
    assert status(tenant, **bearer("by-hand")) == 200


def test_client_credentials_need_the_secret(stranger: Tenant) -> None:
    """No refresh token comes with them."""
    answer = stranger.grant(grant_type="client_credentials", client_secret="sandbox-qad-client").json()
    assert status(stranger, **bearer(answer["access_token"])) == 200
    assert "refresh_token" not in answer


def test_what_a_tenant_does_not_accept_is_not_there() -> None:
    """Paths of other logins are 404, other credentials 401."""
    tenant = Tenant(scale=0.01, auth_modes=frozenset({"basic"}))
    assert tenant.grant().status_code == 404
    assert tenant.http.post(f"{tenant.base}/api/login", json={}).status_code == 404
    assert tenant.http.post(f"{tenant.base}/j_spring_security_check").status_code == 404
    only_oauth = Tenant(scale=0.01, auth_modes=frozenset({"oauth_body"}))
    only_oauth.http.auth = (USER, PASSWORD)
    assert status(only_oauth) == 401


def test_the_client_id_can_be_discovered(stranger: Tenant) -> None:
    """securityControl tells it to Basic callers, with the session's limits in minutes."""
    stranger.http.auth = (USER, PASSWORD)
    (control,) = stranger.data("/api/qracore/securityControl")["securityControls"]
    assert control == {"clientId": CLIENT, "sessionLength": 480, "timeoutMinutes": 30}


@pytest.mark.parametrize("root", ["clouderp", "qad-central"])
def test_everything_lies_below_the_context_root(root: str) -> None:
    """The other root, both roots in a row, and none at all are nobody's paths."""
    tenant = Tenant(scale=0.01, context_root=root).log_in()
    other = "clouderp" if root == "qad-central" else "qad-central"
    urls = [tenant.base + HEALTH, f"{HOST}/{other}{HEALTH}", f"{tenant.base}/{other}{HEALTH}", HOST + HEALTH]
    answers = [tenant.http.get(url) for url in urls]
    assert [each.status_code for each in answers] == [200, 404, 404, 404]
    assert "html" in answers[1].headers["content-type"]


def test_a_workspace_sees_its_own_customers() -> None:
    """The header decides; the same code may be a customer of both. Without it: the user's first workspace."""
    tenant = Tenant().log_in()
    home = codes(tenant.rows())
    tenant.http.headers["x-qad-workspace-id"] = "20MEX_20MEXCO"
    rows = tenant.rows()
    assert {row["customerV2.sharedSetCode"] for row in rows} == {"20-CUST"}
    assert 0 < len(rows) < len(home)
    assert set(codes(rows)) < set(home)
    assert tenant.customer(codes(rows)[0]) == []
    assert len(tenant.customer(codes(rows)[0], "20-CUST")) == 1
    tenant.http.headers["x-qad-workspace-id"] = "10USA_10USACO"
    assert codes(tenant.rows()) == home


def test_an_unknown_workspace_is_refused(tenant: Tenant) -> None:
    """A typo must not read somebody else's data."""
    answer = tenant.get(HEALTH, headers={"x-qad-workspace-id": "10USA"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "403")
    assert "10USA" in answer.json()["errors"][0]["message"]


def test_workspaces_roles_and_permissions_can_be_asked(tenant: Tenant) -> None:
    """The cheap calls a connection test makes."""
    assert [each["workspaceId"] for each in tenant.data("/api/webshell/workspaces")] == [
        "10USA_10USACO",
        "20MEX_20MEXCO",
    ]
    assert tenant.data("/api/qracore/roles")
    tenant.change(settings={"denied": ["supplierV2s"], "may_write": False})
    uri, state = "urn:view:hybridbrowse:com.qad.erp.base.customerV2s", "/api/qracore/permissionState"
    asked = [(uri, "READ"), (uri, "WRITE"), (uri.replace("customer", "supplier"), "READ")]
    assert [tenant.data(state, uri=u, action=a)["hasPermission"] for u, a in asked] == [True, False, False]


@pytest.mark.parametrize("status_code", [403, 200])
def test_a_refusal_is_bare_errors(status_code: int) -> None:
    """Also inside a 200: no data, no submitResult."""
    tenant = Tenant(scale=0.01, denied=("customerV2s",), denied_status=status_code).log_in()
    for path in (
        "/api/erp/customerV2s",
        "/api/qracore/browses?browseId=urn:browse:bebrowse:com.qad.erp.base.customerV2s",
    ):
        answer = tenant.get(path)
        assert answer.status_code == status_code
        assert set(answer.json()) == {"errors"}
        assert answer.json()["errors"][0].keys() == {"severity", "code", "message", "fieldName"}


def test_a_restart_ends_all_sessions(tenant: Tenant) -> None:
    """Refresh tokens included."""
    first = tenant.grant().json()
    tenant.sandbox.restart()
    assert status(tenant) == 401
    assert tenant.grant(grant_type="refresh_token", refresh_token=first["refresh_token"]).status_code == 400


def test_sessions_can_be_ended_and_passwords_changed(tenant: Tenant) -> None:
    """What an administrator does behind the caller's back; refresh tokens outlive the sessions."""
    refresh = tenant.grant().json()["refresh_token"]
    tenant.change(commands=[{"end_sessions": True}, {"password": {USER: "new"}}])
    assert status(tenant) == 401
    assert tenant.grant().status_code == 400
    assert tenant.grant(password="new").status_code == 200
    assert tenant.grant(grant_type="refresh_token", refresh_token=refresh).status_code == 200


def test_state_shows_no_token(tenant: Tenant) -> None:
    """What tests read about sessions carries no credentials."""
    shown = tenant.http.get(f"{HOST}/_sandbox/state").text
    assert '"placement":"bearer"' in shown
    assert str(tenant.http.headers["Authorization"]).split()[1] not in shown
