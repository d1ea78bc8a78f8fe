"""What an owner adds to the calls of a destination: headers, trust, a certificate of our own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from pydantic import Field

from service.api.bodies import refuse
from service.core.destination.credentials import hint
from service.core.destination.grant import Grant
from service.core.destination.headers import BadHeader, Pairs, check_headers
from service.core.duty import Frozen
from service.core.event import Fault
from service.core.sending.delivery import Route

LONGEST_PEM = 65_536
MOST_BYTES = 4096
"""Of all headers, names and values: many servers take no more than twice that."""
SHOWN_OF_NAME = 80

Pem = Annotated[str, Field(max_length=LONGEST_PEM)]


class TlsForm(Frozen):
    """PEM texts: whom to trust beside the system's authorities, and what to show to the receiver.

    `certificate` may be followed by those that it was issued under; `key` is its private key.
    """

    authority: Pem = ""
    certificate: Pem = ""
    key: Annotated[Pem, Field(repr=False)] = ""


class AuthForm(Frozen):
    """A token that another server gives out for a client's credentials (RFC 6749 §4.4).

    It is asked for as `client_id` with `client_secret`, and shown to the receiver as a bearer.
    """

    type: Literal["oauth2_client_credentials"]
    token_url: Annotated[str, Field(max_length=4000)]
    client_id: Annotated[str, Field(min_length=1, max_length=1000)]
    client_secret: Annotated[str, Field(min_length=1, max_length=4096, repr=False)]
    scope: Annotated[str, Field(max_length=2000)] = ""
    audience: Annotated[str, Field(max_length=2000)] = ""

    def as_grant(self, token_url: str) -> Grant:
        """As a sender uses it."""
        return Grant(token_url, self.client_id, self.client_secret, self.scope, self.audience)


def show_auth(grant: Grant | None) -> dict[str, str] | None:
    """Who we are to the token server, without the secret."""
    if grant is None:
        return None
    kept = asdict(grant) | {"client_secret": hint(grant.client_secret)}
    return {"type": "oauth2_client_credentials"} | kept


def read_headers(given: Mapping[str, str]) -> Pairs:
    """As they are sent, or a problem that names each fault."""
    faults = [
        fault
        for pair in given.items()
        for fault in _faults_in(f"headers.{pair[0][:SHOWN_OF_NAME]}", [pair])
    ]
    faults = faults or list(_faults_in("headers", given.items()))
    size = sum(len(name) + len(value) for name, value in given.items())
    if size > MOST_BYTES:
        what = f"at most {MOST_BYTES:,} bytes together, these are {size:,}"
        faults.append(Fault("headers", what))
    if faults:
        refuse(faults)
    return check_headers(given.items())


def _faults_in(where: str, pairs: Iterable[tuple[str, str]]) -> Iterator[Fault]:
    try:
        check_headers(pairs)
    except BadHeader as error:
        yield Fault(where, str(error))


def read_tls(form: TlsForm, now: datetime) -> Route:
    """As a sender uses it: everything parses, is in force, and the key is the certificate's."""
    faults = [
        fault
        for place in ("authority", "certificate")
        for fault in _faults_of(place, getattr(form, place), now)
    ]
    if not faults:
        faults = list(_faults_of_pair(form))
    if faults:
        refuse(faults)
    return Route(form.authority.strip(), form.certificate.strip(), form.key.strip())


def _faults_of(place: str, text: str, now: datetime) -> Iterator[Fault]:
    if not text.strip():
        return
    try:
        found = parse_certificates(text)
    except ValueError:
        what = "no PEM certificates: send the text from BEGIN CERTIFICATE to END CERTIFICATE"
        yield Fault(f"tls.{place}", what)
        return
    for one in found:
        ended, begins = one.not_valid_after_utc, one.not_valid_before_utc
        if now > ended:
            yield Fault(f"tls.{place}", f"{_name(one)} expired on {ended:%Y-%m-%d}: send its heir")
        if now < begins:
            yield Fault(f"tls.{place}", f"{_name(one)} is in force from {begins:%Y-%m-%d} only")


def _faults_of_pair(form: TlsForm) -> Iterator[Fault]:
    certificate, key = form.certificate.strip(), form.key.strip()
    if bool(certificate) != bool(key):
        there, missing = ("key", "certificate") if key else ("certificate", "key")
        yield Fault(f"tls.{missing}", f"a {there} is of no use without its {missing}")
    if not (certificate and key):
        return
    try:
        private = load_pem_private_key(key.encode(), password=None)
    except TypeError:
        yield Fault("tls.key", "it is locked by a passphrase: send it without one")
    except (ValueError, UnsupportedAlgorithm):
        yield Fault("tls.key", "no PEM private key: send the text from BEGIN to END")
    else:
        if _spki(private.public_key()) != _spki(parse_certificates(certificate)[0].public_key()):
            yield Fault("tls.key", "it is not the key of the first certificate")


def parse_certificates(text: str) -> Sequence[x509.Certificate]:
    """All that the text holds; `ValueError` when it holds none, or what is none."""
    return x509.load_pem_x509_certificates(text.encode())


def _spki(key: Any) -> bytes:
    return bytes(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or f"serial {certificate.serial_number:x}"


def show_tls(route: Route) -> dict[str, list[dict[str, Any]]]:
    """Who is trusted and what is shown to the receiver, without the key."""
    texts = {"authority": route.authority, "certificate": route.certificate}
    return {
        place: [
            {"subject": _name(one), "expires_at": one.not_valid_after_utc}
            for one in parse_certificates(text)
        ]
        for place, text in texts.items()
        if text
    }
