"""A signed bundle of evidence: what it is made of, and whether it is as it was signed.

The manifest lists every file with its SHA-256, and is signed with Ed25519. In every file of JSON a
text stands beside its own hash: wherever an object has `x` and `x_sha256`, the second is that of
the UTF-8 bytes of the first. So whoever finds a file altered can say which line.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from service.core.proof.archive import Archive, Broken, Found, Read, read_archive
from service.core.proof.signing import PUBLIC, BadSecret, proves, public_of, sign

FORMAT = "tariffwire.evidence/1"
MANIFEST, SIGNATURE = "manifest.json", "signature.json"
HASH = "_sha256"
MOST_FINDINGS = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """What is not as it was signed, and where."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


@dataclass(frozen=True, slots=True)
class Verdict:
    """`key` is the public key inside; `manifest` what was signed, as far as it can be read."""

    findings: tuple[Finding, ...]
    key: str | None
    manifest: Mapping[str, Any]
    files: int

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


# Writing


@dataclass(slots=True)
class Bundle:
    """Gives out a bundle's bytes as files are put into it."""

    archive: Archive = field(default_factory=Archive)
    files: list[dict[str, Any]] = field(default_factory=list)

    def put(self, name: str, content: bytes) -> bytes:
        """The next file."""
        digest = hashlib.sha256(content).hexdigest()
        self.files.append({"name": name, "bytes": len(content), "sha256": digest})
        return self.archive.add(name, content)

    def seal(self, about: Mapping[str, Any], private: str) -> bytes:
        """The manifest, its signature, and the end; `private` is a `whsk_…`."""
        manifest = write_json({"format": FORMAT, **about, "files": self.files})
        signed = {"key": public_of(private), "signature": sign(private, _signed(manifest))}
        files = ((MANIFEST, manifest), (SIGNATURE, write_json(signed)))
        return b"".join(self.archive.add(*one) for one in files) + self.archive.close()


def write_json(found: Any) -> bytes:
    """One line, the same for equal values."""
    text = json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode() + b"\n"


def text_part(name: str, content: bytes) -> dict[str, str]:
    """A text with its hash, as files have it; bytes that are no text by their hash alone."""
    digest = {f"{name}{HASH}": hashlib.sha256(content).hexdigest()}
    try:
        return {name: content.decode(), **digest}
    except UnicodeDecodeError:
        return digest


def _signed(manifest: bytes) -> bytes:
    """Nothing else that is signed with such a key begins like this."""
    return f"{FORMAT}\n".encode() + manifest


# Verifying


def verify_bundle(read: Read, size: int, trusted: Collection[str] = ()) -> Verdict:
    """Whether all is as it was signed, and by one of the `trusted` keys (`whpk_…`), if any."""
    walk = _Walk()
    try:
        for found in read_archive(read, size):
            walk.take(found)
    except Broken as error:
        walk.find("", f"{Broken.__doc__} {error}")
    key = walk.check_signature(trusted)
    manifest = walk.check_manifest()
    return Verdict(tuple(walk.findings[:MOST_FINDINGS]), key, manifest, len(walk.sums))


@dataclass(slots=True)
class _Walk:
    findings: list[Finding] = field(default_factory=list)
    sums: dict[str, tuple[int, str]] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)

    def find(self, where: str, what: str) -> None:
        self.findings.append(Finding(where, what))

    def take(self, found: Found) -> None:
        for fault in found.faults:
            self.find(found.name, fault)
        if not found.name:
            return
        if found.name in self.sums:
            self.find(found.name, "it is there twice")
        self.sums[found.name] = (len(found.content), hashlib.sha256(found.content).hexdigest())
        if found.name in {MANIFEST, SIGNATURE}:
            self.kept[found.name] = found.content
        elif found.name.endswith((".json", ".jsonl")):
            self.findings += _check_lines(found)

    def check_signature(self, trusted: Collection[str]) -> str | None:
        """The key inside, whether or not it signed this."""
        signed = _read_object(self.kept.get(SIGNATURE, b"")) or {}
        key, signature = signed.get("key"), signed.get("signature")
        if not isinstance(key, str) or not key.startswith(PUBLIC) or not isinstance(signature, str):
            self.find(SIGNATURE, "there is no signature that can be read")
            return None
        if self.kept[SIGNATURE] != write_json({"key": key, "signature": signature}):
            self.find(SIGNATURE, "it is not as it was written")
        if not _is_signed(key, signature, self.kept.get(MANIFEST, b"")):
            self.find(MANIFEST, f"it is not what {key} signed")
        if trusted and key not in trusted:
            said = " or ".join(sorted(trusted))
            self.find(SIGNATURE, f"it was made with {key}, and the key to be trusted is {said}")
        return key

    def check_manifest(self) -> Mapping[str, Any]:
        """Each file against its line in the manifest."""
        manifest = _read_object(self.kept.get(MANIFEST, b"")) or {}
        if manifest.get("format") != FORMAT:
            self.find(MANIFEST, f"it does not say that this is {FORMAT}")
        listed = {name: known for name, *known in _listed(manifest)}
        for name, (size, digest) in self.sums.items():
            if name not in listed and name not in {MANIFEST, SIGNATURE}:
                self.find(name, "it is not in the manifest")
            elif name in listed and listed[name] != [size, digest]:
                self.find(
                    name, f"it was signed as {_say(*listed[name])}, and is {_say(size, digest)}"
                )
        for name in listed.keys() - self.sums.keys():
            self.find(name, "it is missing")
        return manifest


def _is_signed(key: str, signature: str, manifest: bytes) -> bool:
    try:
        return proves(key, _signed(manifest), [signature])
    except BadSecret:
        return False


def _listed(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    files = manifest.get("files")
    for one in files if isinstance(files, list) else []:
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            yield one["name"], one.get("bytes"), one.get("sha256")


def _say(size: object, digest: object) -> str:
    return f"{size} bytes with sha256 {digest}"


def _read_object(raw: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _check_lines(found: Found) -> Iterator[Finding]:
    """Line by line: each is JSON, and each text in it is that of its hash."""
    for number, line in enumerate(found.content.removesuffix(b"\n").split(b"\n"), 1):
        where = f"{found.name} line {number}"
        said = _read_object(line)
        if said is None:
            yield Finding(where, "it is no JSON object")
            continue
        name = said.get("webhook-id") or said.get("id")
        named = f"{where} ({name})" if isinstance(name, str) else where
        for path in _misfits(said):
            yield Finding(named, f"`{path}` is not the text of its {path.rpartition('.')[2]}{HASH}")


def _misfits(said: Any, path: str = "") -> Iterator[str]:
    if isinstance(said, list):
        for place, one in enumerate(said):
            yield from _misfits(one, f"{path}[{place}]")
    if not isinstance(said, dict):
        return
    for name, value in said.items():
        here = f"{path}.{name}" if path else name
        digest = said.get(f"{name}{HASH}")
        if isinstance(value, str) and isinstance(digest, str):
            if hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest() != digest:
                yield here
        else:
            yield from _misfits(value, here)
