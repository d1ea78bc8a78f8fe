"""A bundle is as it was signed, or what is not is named."""

import io
import json
import string
import zipfile
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.proof import archive as module
from service.core.proof.archive import Archive, Broken, read_archive
from service.core.proof.bundle import Bundle, text_part, verify_bundle, write_json
from service.core.proof.signing import private_from, public_of

KEY = private_from(bytes(range(32)))
OTHER = private_from(bytes(32))


def reader(raw):
    return lambda place, size: raw[place : place + size]


def write(files, key=KEY, about=None):
    bundle = Bundle()
    pieces = [bundle.put(name, content) for name, content in files]
    return b"".join([*pieces, bundle.seal(about or {"alerts": 1}, key)])


def verify(raw, *trusted):
    return verify_bundle(reader(raw), len(raw), trusted)


def findings(raw, *trusted):
    return [str(one) for one in verify(raw, *trusted).findings]


BODY = '{"summary":"84 % → 125 %"}'
LINE = write_json({"webhook-id": "w1", **text_part("body", BODY.encode()), "list": [{"a": 1}]})
FILES = [("README.txt", b"read me\n"), ("alerts/00001.jsonl", LINE * 2), ("empty.json", b"{}\n")]
WHOLE = write(FILES)


def test_a_bundle_as_it_was_signed_holds():
    verdict = verify(WHOLE, public_of(KEY))
    assert verdict.holds
    assert (verdict.key, verdict.files) == (public_of(KEY), 5)
    assert verdict.manifest["alerts"] == 1


def test_the_same_files_are_the_same_bytes():
    assert write(FILES) == WHOLE


def test_any_program_reads_it():
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as found:
        assert found.testzip() is None
        assert found.namelist() == [name for name, _ in FILES] + ["manifest.json", "signature.json"]
        assert found.read("alerts/00001.jsonl") == LINE * 2
        assert found.infolist()[1].date_time == (1980, 1, 1, 0, 0, 0)
        manifest = json.loads(found.read("manifest.json"))
    assert manifest["files"][0] == {
        "name": "README.txt",
        "bytes": 8,
        "sha256": sha256(b"read me\n").hexdigest(),
    }


@given(st.binary(max_size=300), st.data())
@settings(max_examples=25)
def test_any_byte_that_is_flipped_is_found(content, data):
    raw = write([("a.bin", content), ("b.jsonl", LINE)])
    assert verify(raw).holds
    place = data.draw(st.integers(0, len(raw) - 1))
    flipped = raw[place] ^ data.draw(st.integers(1, 255))
    assert not verify(raw[:place] + bytes([flipped]) + raw[place + 1 :]).holds


def test_each_byte_of_a_small_bundle_counts():
    raw = write([("a.txt", b"a")])
    for place in range(len(raw)):
        for flip in (1, 0x80):
            changed = raw[:place] + bytes([raw[place] ^ flip]) + raw[place + 1 :]
            assert not verify(changed).holds, place


@pytest.mark.parametrize("cut", [1, 5, 21, 22, 60, 200, 400])
def test_what_is_cut_off_or_added_is_found(cut):
    assert not verify(WHOLE[:-cut]).holds
    assert not verify(WHOLE[:cut]).holds
    assert not verify(WHOLE + b"x" * cut).holds


def tampered(**changed):
    """The same container with other contents, and the old manifest."""
    again = Archive()
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as found:
        parts = {name: found.read(name) for name in found.namelist()}
    parts |= {name.replace("__", "/").replace("_", "."): raw for name, raw in changed.items()}
    pieces = [again.add(name, raw) for name, raw in parts.items() if raw is not None]
    return b"".join([*pieces, again.close()])


def test_a_file_that_is_no_bundle_is_not_read_whole():
    asked = []

    def read(place, size):
        asked.append(size)
        return bytes(size)

    found = verify_bundle(read, 10**12)
    assert not found.holds
    assert max(asked) < 1_000


def test_a_file_that_was_altered_is_named_with_both_hashes():
    (found,) = findings(tampered(README_txt=b"read you\n"))
    here, then = sha256(b"read you\n").hexdigest(), sha256(b"read me\n").hexdigest()
    assert found.startswith(f"README.txt: it was signed as 8 bytes with sha256 {then}, and ")
    assert found.endswith(f"is 9 bytes with sha256 {here}")


def test_a_text_that_was_altered_is_named_with_its_line():
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as found:
        lines = found.read("alerts/00001.jsonl")
    again = Archive()
    other = LINE + LINE.replace(b"125", b"12")
    raw = b"".join([again.add("alerts/00001.jsonl", other), again.close()])
    assert lines != other
    said = findings(raw)
    assert "alerts/00001.jsonl line 2 (w1): `body` is not the text of its body_sha256" in said


def test_a_text_deep_inside_is_checked_too():
    line = write_json({"id": "c1", "quotes": [{"quote": "no", "quote_sha256": "0" * 64}]})
    assert findings(write([("changes.jsonl", line)])) == [
        "changes.jsonl line 1 (c1): `quotes[0].quote` is not the text of its quote_sha256"
    ]


def test_a_hash_without_its_text_is_what_is_left_of_it():
    assert text_part("body", b"\xff") == {"body_sha256": sha256(b"\xff").hexdigest()}
    assert verify(write([("a.jsonl", write_json(text_part("body", b"\xff")))])).holds


def test_a_line_that_is_no_object_is_named():
    assert findings(write([("a.jsonl", b"[1]\n")])) == ["a.jsonl line 1: it is no JSON object"]
    deep = b'{"a":' * 100_000
    assert findings(write([("a.jsonl", deep)])) == ["a.jsonl line 1: it is no JSON object"]


def test_a_file_that_is_missing_added_or_there_twice_is_named():
    assert findings(tampered(README_txt=None)) == ["README.txt: it is missing"]
    assert findings(tampered(more_txt=b"")) == ["more.txt: it is not in the manifest"]
    twice = write([("a.txt", b""), ("a.txt", b"")])
    assert "a.txt: it is there twice" in findings(twice)


def test_a_manifest_that_another_wrote_is_not_what_the_key_signed():
    (found, _) = findings(tampered(manifest_json=b"{}\n"))[:2]
    assert found == f"manifest.json: it is not what {public_of(KEY)} signed"
    assert "manifest.json: it does not say that this is tariffwire.evidence/1" in findings(
        tampered(manifest_json=b"not json")
    )
    odd = b'{"format":"tariffwire.evidence/1","files":[7,{"name":8}]}\n'
    assert "README.txt: it is not in the manifest" in findings(tampered(manifest_json=odd))


def test_one_signed_by_somebody_else_holds_until_it_is_compared():
    forged = write(FILES, key=OTHER)
    assert verify(forged).holds
    (found,) = findings(forged, public_of(KEY))
    said = f"{public_of(OTHER)}, and the key to be trusted is {public_of(KEY)}"
    assert found == f"signature.json: it was made with {said}"


@pytest.mark.parametrize(
    "signature",
    [
        None,
        b"",
        b"[]",
        b'{"key":"whpk_x"}',
        b'{"key":7,"signature":"v1a,x"}',
        b'{"key":"whsec_x","signature":"v1,x"}',
    ],
)
def test_a_bundle_without_a_signature_is_none(signature):
    assert "signature.json: there is no signature that can be read" in findings(
        tampered(signature_json=signature)
    )


def test_a_key_that_is_none_signed_nothing():
    signature = write_json({"key": "whpk_x", "signature": "v1a,x"})
    assert "manifest.json: it is not what whpk_x signed" in findings(
        tampered(signature_json=signature)
    )


@pytest.mark.parametrize("name", ["key", "signature"])
def test_bits_that_nobody_looks_at_are_looked_at(name):
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as found:
        signed = json.loads(found.read("signature.json"))
    text = signed[name].rstrip("=")
    signs = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    altered = text[:-1] + signs[signs.index(text[-1]) ^ 1] + signed[name][len(text) :]
    signature = write_json(signed | {name: altered})
    said = f"it is not what {altered if name == 'key' else signed['key']} signed"
    assert f"manifest.json: {said}" in findings(tampered(signature_json=signature))


def test_a_signature_with_something_beside_it_is_named():
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as found:
        signature = json.loads(found.read("signature.json"))
    more = write_json(signature | {"note": "trust me"})
    assert findings(tampered(signature_json=more)) == [
        "signature.json: it is not as it was written"
    ]


def test_what_cannot_be_read_on_is_said_with_its_place(monkeypatch):
    name = b"README.txt"
    cut = WHOLE[:20]
    assert findings(cut)[0].endswith("it ends at byte 20, within the head of a file")
    bad = WHOLE.replace(name, b"\xff" * len(name), 1)
    assert findings(bad)[0].endswith("the file that begins at byte 0 has no name")
    monkeypatch.setattr(module, "LONGEST_FILE", 3)
    with pytest.raises(Broken, match="would end behind the end"):
        list(read_archive(reader(WHOLE), len(WHOLE)))
