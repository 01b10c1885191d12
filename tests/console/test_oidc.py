"""Single sign-on, against a real provider: Authlib's own authorization server on a port of this machine."""

import json
import threading
import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import uvicorn
from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Request, grants
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode, UserInfo
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from oneshelf.app.build import open_shelf
from oneshelf.app.settings import read_settings
from oneshelf.console import create
from oneshelf.console.oidc import Provider, person_of
from oneshelf.errors import NotAllowed, SettingsError

CLIENT_ID, SECRET = "oneshelf-console", "s3cret-that-is-shared"


class Client:
    """The console, as its provider knows it."""

    def get_client_id(self):
        return CLIENT_ID

    def check_client_secret(self, secret):
        return secret == SECRET

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_basic"

    def check_redirect_uri(self, uri):
        return uri == "http://testserver/sign-in/oidc/callback"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type == "authorization_code"

    def get_default_redirect_uri(self):
        return None

    def get_allowed_scope(self, scope):
        return scope


class Code(dict):
    """A code that was given out, with what it was asked for with."""

    code_challenge = property(lambda self: self["code_challenge"])
    code_challenge_method = property(lambda self: self["code_challenge_method"])

    def get_redirect_uri(self):
        return self["redirect_uri"]

    def get_scope(self):
        return self["scope"]

    def get_nonce(self):
        return self["nonce"]

    def get_auth_time(self):
        return int(time.time())

    get_acr = get_amr = lambda self: None


class LocalProvider(AuthorizationServer):
    """Vouches for one person whose claims a test sets; `forge` lets a test sign what the provider would not."""

    def __init__(self):
        super().__init__(scopes_supported=["openid", "profile", "email"])
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.claims, self.codes, self.issuer, self.forge = {}, {}, "", None
        provider = self

        class Grant(grants.AuthorizationCodeGrant):
            TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

            def save_authorization_code(self, code, request):
                provider.codes[code] = Code(request.payload.data)

            def query_authorization_code(self, code, client):
                return provider.codes.get(code)

            def delete_authorization_code(self, code):
                provider.codes = {c: kept for c, kept in provider.codes.items() if kept is not code}

            def authenticate_user(self, code):
                return provider.claims

        class IdToken(OpenIDCode):
            def exists_nonce(self, nonce, request):
                return any(code["nonce"] == nonce for code in provider.codes.values())

            def resolve_client_private_key(self, client):
                return provider.key

            def get_client_claims(self, client):
                return {"iss": provider.issuer}

            def get_encode_header(self, client):
                return {"alg": "RS256", "kid": "one"}

            def generate_user_info(self, user, scope):
                return UserInfo(**user)

        self.register_grant(Grant, [CodeChallenge(required=True), IdToken(require_nonce=True)])
        tokens = BearerTokenGenerator(lambda **_: "access-" + "x" * 40)
        self.register_token_generator("default", tokens)

    def query_client(self, client_id):
        return Client() if client_id == CLIENT_ID else None

    def save_token(self, token, request):
        pass

    def send_signal(self, *_, **__):
        pass

    def create_oauth2_request(self, request):
        return request

    def handle_response(self, status, body, headers):
        location = dict(headers).get("Location")
        return RedirectResponse(location, status) if location else JSONResponse(body, status)

    def application(self):
        def discovery(request):
            base = str(request.base_url).rstrip("/")
            return JSONResponse(
                {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{base}/authorize",
                    "token_endpoint": f"{base}/token",
                    "jwks_uri": f"{base}/jwks",
                }
            )

        def jwks(request):
            return JSONResponse(KeySet([self.key]).as_dict(private=False))

        def authorize(request):
            asked = self.request_of(request, dict(request.query_params))
            grant = self.get_consent_grant(asked, end_user=self.claims)
            return self.create_authorization_response(asked, grant_user=self.claims, grant=grant)

        async def token(request):
            asked = self.request_of(request, dict(await request.form()))
            answer = await run_in_threadpool(self.create_token_response, asked)
            if self.forge is None:
                return answer
            body = json.loads(answer.body)
            return JSONResponse(body | {"id_token": self.forge(body["id_token"])})

        paths = {"/.well-known/openid-configuration": discovery, "/jwks": jwks, "/authorize": authorize}
        routes = [Route(path, function) for path, function in paths.items()]
        return Starlette(routes=[*routes, Route("/token", token, methods=["POST"])])

    def request_of(self, request, data):
        asked = Asked(request.method, str(request.url), headers=request.headers)
        asked.payload = BasicOAuth2Payload(data)
        asked.data_given = data
        return asked


class Asked(OAuth2Request):
    """A request in the form that Authlib wants."""

    args = form = property(lambda self: self.data_given)


@pytest.fixture(scope="module")
def provider(module_patch):
    module_patch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # the provider runs on this machine, without TLS
    local = LocalProvider()
    server = uvicorn.Server(
        uvicorn.Config(local.application(), host="127.0.0.1", port=0, log_level="error", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    local.issuer = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield local
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture(scope="module")
def module_patch():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def single(tmp_path_factory, provider):
    """A shelf whose staff sign in through the provider."""
    settings = read_settings(
        data=tmp_path_factory.mktemp("single"),
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT_ID,
        oidc_client_secret=SECRET,
    )
    with open_shelf(settings) as shelf:
        yield shelf


@pytest.fixture
def client(single, provider):
    provider.claims = {
        "sub": "42",
        "email": "mei@shop.example",
        "email_verified": True,
        "oneshelf_role": "marketer",
    }
    provider.forge = None
    return TestClient(create(single), headers={"accept-language": "en"})


def leave(client, target="/offers"):
    """Go to the provider; return where it sends the browser back to."""
    away = client.get(f"/sign-in/oidc?next={target}", follow_redirects=False).headers["location"]
    return away, httpx.get(away).headers["location"]


def come_back(client, location):
    return client.get(location.removeprefix("http://testserver"), follow_redirects=False)


def test_whoever_the_provider_vouches_for_is_in_with_the_role_of_the_claim(client, single):
    assert "Sign in with your organisation" in client.get("/sign-in").text
    away, back = leave(client)
    asked = {key: values[0] for key, values in parse_qs(urlsplit(away).query).items()}
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) > 20
    assert len(asked["nonce"]) > 20
    answer = come_back(client, back)
    assert answer.headers["location"] == "/offers"
    assert client.get("/offers").status_code == 200
    assert client.get("/plan").status_code == 403  # a marketer has no plan
    assert [(m.name, m.role) for m in single.staff.list()] == [("oidc:mei@shop.example", "marketer")]


def test_a_role_that_the_provider_changes_changes_here(client, provider):
    provider.claims["oneshelf_role"] = ["unheard-of", "planner"]
    come_back(client, leave(client)[1])
    assert client.get("/plan").status_code == 200
    assert client.get("/offers").status_code == 403


@pytest.mark.parametrize("role", [None, "", "root", ["root"], 7, {"admin": True}])
def test_without_a_role_of_ours_nobody_gets_in(client, provider, role):
    provider.claims["oneshelf_role"] = role
    answer = come_back(client, leave(client)[1])
    assert answer.status_code == 403
    assert "oneshelf_role" in answer.text
    assert "oneshelf_session" not in client.cookies


def test_an_answer_for_another_browser_is_refused(client, single):
    _, back = leave(client)
    stranger = TestClient(create(single), headers={"accept-language": "en"})
    assert come_back(stranger, back).status_code == 403
    leave(stranger)  # the stranger has begun a sign-in of their own: still not this one
    assert come_back(stranger, back).status_code == 403
    assert "oneshelf_session" not in stranger.cookies


def test_a_code_opens_once(client):
    _, back = leave(client)
    cookie = client.cookies["oneshelf_oidc"]
    assert come_back(client, back).status_code == 303
    client.cookies.set("oneshelf_oidc", cookie, path="/sign-in/oidc")
    assert come_back(client, back).status_code == 403


def changed(provider, key=None, header=None, **claims):
    def forge(token):
        decoded = jwt.decode(token, provider.key)
        return jwt.encode(header or decoded.header, decoded.claims | claims, key or provider.key)

    return forge


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example"},
        {"aud": "another-client"},
        {"nonce": "another"},
        {"exp": 1_000_000_000},
        {"at_hash": "another"},
        {"aud": ["another-client", CLIENT_ID], "azp": "another-client"},
    ],
)
def test_a_token_for_somebody_or_something_else_is_refused(client, provider, claims):
    provider.forge = changed(provider, **claims)
    answer = come_back(client, leave(client)[1])
    assert answer.status_code == 403
    assert "could not be verified" in answer.text


def test_a_token_signed_by_nobody_or_by_another_is_refused(client, provider):
    stranger = RSAKey.generate_key(2048, {"kid": "one"})
    provider.forge = changed(provider, key=stranger)
    assert come_back(client, leave(client)[1]).status_code == 403
    provider.forge = lambda token: "eyJhbGciOiJub25lIn0." + token.split(".")[1] + "."
    assert come_back(client, leave(client)[1]).status_code == 403
    provider.forge = lambda token: "not a token"
    assert come_back(client, leave(client)[1]).status_code == 403


def test_a_provider_that_says_no_or_nothing_is_told_plainly(client, tmp_path):
    leave(client)
    state = parse_qs(urlsplit(client.get("/sign-in/oidc", follow_redirects=False).headers["location"]).query)[
        "state"
    ][0]
    refused = client.get(f"/sign-in/oidc/callback?error=access_denied&state={state}", follow_redirects=False)
    assert refused.status_code == 403
    with open_shelf(
        read_settings(data=tmp_path, oidc_issuer="http://127.0.0.1:1", oidc_client_id="x")
    ) as shelf:
        gone = TestClient(create(shelf), headers={"accept-language": "en"}).get("/sign-in/oidc")
        assert gone.status_code == 503
        assert "did not answer" in gone.text


def test_a_provider_cannot_speak_for_a_local_user():
    claims = {"sub": "admin", "email": "admin", "email_verified": False, "oneshelf_role": "admin"}
    assert person_of(claims, "oneshelf_role") == ("oidc:admin", "admin", ())


def test_places_come_from_their_claim_and_must_be_readable():
    claims = {"sub": "1", "oneshelf_role": "store", "oneshelf_places": ["store-1"]}
    assert person_of(claims, "oneshelf_role")[2] == ("store-1",)
    with pytest.raises(NotAllowed):
        person_of(claims | {"oneshelf_places": "store-1"}, "oneshelf_role")


@pytest.mark.parametrize(
    "given",
    [{"oidc_issuer": "https://id.example"}, {"oidc_issuer": "http://id.example", "oidc_client_id": "x"}],
)
def test_half_a_configuration_and_a_provider_without_tls_are_refused_at_the_start(tmp_path, given):
    with pytest.raises(SettingsError):
        Provider(read_settings(data=tmp_path, **given))
