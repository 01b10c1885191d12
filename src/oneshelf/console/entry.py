"""Coming in and going out: sign-in, sign-out, language and theme."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from oneshelf.console.session import SESSION_COOKIE, Patience, local_path, set_cookie
from oneshelf.console.visit import LANGUAGE_COOKIE, THEME_COOKIE, THEMES, PageFunction, Visit
from oneshelf.console.words import LANGUAGES
from oneshelf.errors import InvalidInput, NotSignedIn

_YEAR_SECONDS = 365 * 24 * 3600


def show_sign_in(visit: Visit) -> Response:
    """The sign-in form; those who are in already go on."""
    target = local_path(visit.query("next") or "/")
    return visit.to(target) if visit.signed else _form(visit, target)


def sign_in(patience: Patience) -> PageFunction:
    """Make the page function that checks a name and a password, no faster than patience allows."""

    def check(visit: Visit) -> Response:
        name, target = visit.field("name"), local_path(visit.field("next") or "/")
        password = visit.form.get("password", "")
        address = visit.request.client.host if visit.request.client else ""
        if wait := patience.wait(name, address, visit.now):
            minutes = max(1, round(wait.total_seconds() / 60))
            message = visit.reader.plural(
                "Too many tries. Wait %(n)s minute, then try again.",
                "Too many tries. Wait %(n)s minutes, then try again.",
                minutes,
            )
            return _form(visit, target, name=name, message=message, status=429)
        try:
            signed = visit.shelf.staff.sign_in(
                name, password if isinstance(password, str) else "", now=visit.now
            )
        except (NotSignedIn, InvalidInput):
            patience.failed(name, address, visit.now)
            message = visit.reader.text(
                "The name or the password is not right. Check both, or ask an admin for a new password."
            )
            return _form(visit, target, name=name, message=message, status=401)
        patience.succeeded(name, address)
        response = visit.to(target)
        set_cookie(response, visit.shelf.settings, SESSION_COOKIE, signed.token)
        return response

    return check


def _form(visit: Visit, target: str, *, name: str = "", message: str = "", status: int = 200) -> Response:
    single = visit.shelf.settings.oidc_issuer is not None
    return visit.render(
        "sign_in.html",
        status,
        next=target,
        name=name,
        message=message,
        oidc=single,
        oidc_path=f"/sign-in/oidc?next={quote(target)}",
    )


def sign_out(visit: Visit) -> Response:
    """End the session here and in the books."""
    if token := visit.request.cookies.get(SESSION_COOKIE):
        visit.shelf.staff.sign_out(token)
    response = visit.to("/sign-in")
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


def prefer(visit: Visit) -> Response:
    """Remember the reader's language or theme in their browser."""
    response = visit.to(local_path(visit.field("next") or "/"))
    if visit.field("language") in LANGUAGES:
        set_cookie(
            response, visit.shelf.settings, LANGUAGE_COOKIE, visit.field("language"), seconds=_YEAR_SECONDS
        )
    if visit.field("theme") in THEMES:
        set_cookie(response, visit.shelf.settings, THEME_COOKIE, visit.field("theme"), seconds=_YEAR_SECONDS)
    return response
