"""Single sign-on by OpenID Connect: authorization code flow with PKCE, state and nonce; the role comes from a claim.

What one sign-in needs to remember (state, nonce, code verifier) travels in a short-lived cookie of the browser that began it,
so that any process can finish it and nobody else's browser can.
"""

from __future__ import annotations

import hmac
import secrets
from threading import Lock
from typing import Any, Final, get_args
from urllib.parse import quote, urlencode, urlsplit

import httpx
import msgspec
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.responses import Response

from oneshelf.app.settings import Settings
from oneshelf.console.session import SESSION_COOKIE, local_path, secure, set_cookie
from oneshelf.console.visit import PageFunction, Visit
from oneshelf.errors import NotAllowed, SettingsError, Unavailable
from oneshelf.trust.access import Role

FLOW_COOKIE: Final = "oneshelf_oidc"
_FLOW_SECONDS: Final = 600
_TIMEOUT_SECONDS: Final = 10.0
_LEEWAY_SECONDS: Final = 60
#: Signatures that a provider can make with a key that we can fetch; never `none`, never a shared secret.
_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
#: The claim that limits a person to places: a list of place ids. Absent: every place, as for local users.
PLACES_CLAIM: Final = "oneshelf_places"

_TRY_AGAIN: Final = "Go back to the sign-in page and try again; if it stays, tell an admin."


class Flow(msgspec.Struct, frozen=True):
    """What the browser keeps between leaving for the provider and coming back."""

    state: str
    nonce: str
    verifier: str
    next: str


class Metadata(msgspec.Struct, frozen=True):
    """The parts of a provider's discovery document that we use."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class Provider:
    """One OpenID Connect provider, discovered when first needed."""

    def __init__(self, settings: Settings) -> None:
        if not (settings.oidc_issuer and settings.oidc_client_id):
            raise SettingsError(
                "Single sign-on needs oidc_issuer and oidc_client_id.",
                "Set both, or neither for local users only.",
            )
        address = urlsplit(settings.oidc_issuer)
        if address.scheme != "https" and address.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise SettingsError(
                "The sign-in provider is not reached over https.", "Set oidc_issuer to an https:// address."
            )
        self.issuer = settings.oidc_issuer.rstrip("/")
        self.client_id = settings.oidc_client_id
        self._secret = settings.oidc_client_secret.get_secret_value() if settings.oidc_client_secret else None
        self._lock = Lock()
        self._metadata: Metadata | None = None

    def metadata(self) -> Metadata:
        """The provider's discovery document; it must name the issuer that we were told. Raises Unavailable."""
        with self._lock:
            if self._metadata is None:
                found = _metadata(_fetch(f"{self.issuer}/.well-known/openid-configuration"))
                if found.issuer.rstrip("/") != self.issuer:
                    raise Unavailable(
                        "The sign-in provider calls itself by another name than the settings do.",
                        "Set oidc_issuer to the issuer that its discovery document names.",
                    )
                self._metadata = found
            return self._metadata

    def authorization_url(self, flow: Flow, redirect_uri: str) -> str:
        """Where to send the browser."""
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid profile email",
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": create_s256_code_challenge(flow.verifier),
            "code_challenge_method": "S256",
        }
        endpoint = self.metadata().authorization_endpoint
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters)}"

    def claims(self, code: str, flow: Flow, redirect_uri: str) -> dict[str, Any]:
        """Redeem the code and return the ID token's claims, all of them checked. Raises NotAllowed or Unavailable."""
        found = self.metadata()
        token = self._redeem(found.token_endpoint, code, flow.verifier, redirect_uri)
        keys = _fetch(found.jwks_uri)
        required = {"iss": found.issuer, "aud": self.client_id}
        try:
            decoded = jwt.decode(token["id_token"], KeySet.import_key_set(keys), algorithms=list(_ALGORITHMS))
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {name: {"essential": True, "value": value} for name, value in required.items()},
                {
                    "nonce": flow.nonce,
                    "client_id": self.client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(leeway=_LEEWAY_SECONDS)
        except (JoseError, KeyError, TypeError, ValueError) as error:
            raise NotAllowed("The sign-in provider's answer could not be verified.", _TRY_AGAIN) from error
        return dict(claims)

    def _redeem(self, endpoint: str, code: str, verifier: str, redirect_uri: str) -> dict[str, Any]:
        """Exchange the code for tokens (RFC 6749, 4.1.3, with RFC 7636)."""
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        credentials = None
        if self._secret is None:
            body["client_id"] = self.client_id
        else:
            credentials = (quote(self.client_id, safe=""), quote(self._secret, safe=""))
        try:
            answer = httpx.post(endpoint, data=body, auth=credentials, timeout=_TIMEOUT_SECONDS)
            token = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable("The sign-in provider did not answer.", _TRY_AGAIN) from error
        if answer.status_code != httpx.codes.OK or not isinstance(token, dict):
            raise NotAllowed("The sign-in provider refused.", _TRY_AGAIN)
        return token


def start(provider: Provider) -> PageFunction:
    """Make the page function that sends the browser to the provider."""

    def leave(visit: Visit) -> Response:
        flow = Flow(
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(48),
            local_path(visit.query("next") or "/"),
        )
        response = visit.to(provider.authorization_url(flow, _redirect_uri(visit)))
        response.set_cookie(
            FLOW_COOKIE, msgspec.json.encode(flow).hex(), max_age=_FLOW_SECONDS, httponly=True, samesite="lax",
            secure=secure(visit.shelf.settings), path="/sign-in/oidc",
        )  # fmt: skip
        return response

    return leave


def finish(provider: Provider) -> PageFunction:
    """Make the page function that the provider sends the browser back to."""

    def come_back(visit: Visit) -> Response:
        flow = _flow(visit)
        if not hmac.compare_digest(flow.state.encode(), visit.query("state").encode()):
            raise NotAllowed("This sign-in was not begun in this browser.", _TRY_AGAIN)
        if not visit.query("code"):
            raise NotAllowed("The sign-in provider refused.", _TRY_AGAIN)
        claims = provider.claims(visit.query("code"), flow, _redirect_uri(visit))
        name, role, places = person_of(claims, visit.shelf.settings.oidc_role_claim)
        signed = visit.shelf.staff.sign_in_oidc(name, role, places, now=visit.now)
        response = visit.to(flow.next)
        set_cookie(response, visit.shelf.settings, SESSION_COOKIE, signed.token)
        response.delete_cookie(FLOW_COOKIE, path="/sign-in/oidc")
        return response

    return come_back


def person_of(claims: dict[str, Any], role_claim: str) -> tuple[str, Role, tuple[str, ...]]:
    """Name, role and places from an ID token's claims, or NotAllowed when they name no role of ours.

    The name is prefixed, so that a provider can never speak for a local user.
    """
    given = claims.get(role_claim)
    offered = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    role: Role | None = next((known for known in get_args(Role) if known in offered), None)
    if role is None:
        raise NotAllowed(
            "Your account has no role here.",
            f"Ask whoever runs the sign-in provider to give it one in the claim {role_claim}.",
        )
    places = claims.get(PLACES_CLAIM, [])
    if not (isinstance(places, list) and all(isinstance(place, str) for place in places)):
        raise NotAllowed(
            "The places of your account cannot be read.",
            f"The claim {PLACES_CLAIM} is to be a list of place ids.",
        )
    label = claims.get("email") if claims.get("email_verified") is True else None
    return f"oidc:{label or claims['sub']}", role, tuple(places)


def _metadata(document: Any) -> Metadata:
    try:
        return msgspec.convert(document, Metadata)
    except msgspec.ValidationError as error:
        raise Unavailable("The sign-in provider did not answer.", _TRY_AGAIN) from error


def _flow(visit: Visit) -> Flow:
    try:
        return msgspec.json.decode(bytes.fromhex(visit.request.cookies.get(FLOW_COOKIE, "")), type=Flow)
    except (ValueError, msgspec.MsgspecError):
        raise NotAllowed(
            "This sign-in was not begun in this browser, or it took too long.", _TRY_AGAIN
        ) from None


def _redirect_uri(visit: Visit) -> str:
    base = visit.shelf.settings.public_url or str(visit.request.base_url)
    return f"{base.rstrip('/')}/sign-in/oidc/callback"


def _fetch(url: str) -> Any:
    try:
        answer = httpx.get(url, timeout=_TIMEOUT_SECONDS, follow_redirects=False)
        answer.raise_for_status()
        return answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise Unavailable("The sign-in provider did not answer.", _TRY_AGAIN) from error
