"""What refusals mean, in the manner of the servers that one meets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.sending.bounce import Bounce, classify, classify_report

HARD, SOFT, REFUSED, OURS = Bounce.HARD, Bounce.SOFT, Bounce.REFUSED, Bounce.OURS

ANSWERS = [
    # no such address
    (550, "5.1.1 <desk@importer.example>: Recipient address rejected: User unknown", HARD),
    (550, "5.1.1 The email account that you tried to reach does not exist", HARD),
    (550, "5.1.10 RESOLVER.ADR.RecipientNotFound; not found by SMTP address lookup", HARD),
    (556, "5.1.10 importer.example does not accept mail (nullMX)", HARD),
    (550, "5.1.2 importer.example: no such domain", HARD),
    (553, "5.1.3 the address is not written as an address", HARD),
    (551, "5.1.6 the mailbox has moved", HARD),
    (550, "5.2.1 The email account that you tried to reach is disabled", HARD),
    (556, "the domain takes no mail", HARD),
    (550, "No such user here", HARD),
    (550, "Requested action not taken: mailbox unavailable, user desk not found", HARD),
    (553, "sorry, no mailbox here by that name", HARD),
    (551, "recipient desk@importer.example does not exist", HARD),
    (550, "5.1.1 <spam@importer.example>: Recipient address rejected: User unknown", HARD),
    (550, "5.1.1 <anti-virus@policy.example>: no such mailbox", HARD),
    (550, "5.1.1 mailbox unavailable at blocklisted.importer.example", HARD),
    (550, "5.1.1 no mailbox; see https://help.example/policy/spam", HARD),
    (550, "5.1.1 user unknown, rejected by local policy", HARD),
    (550, "no such user: blocked@importer.example", HARD),
    # it may pass
    (421, "4.3.2 closing down for maintenance", SOFT),
    (450, "4.2.0 <desk@importer.example>: greylisted, come back in five minutes", SOFT),
    (451, "4.7.1 try again later", SOFT),
    (452, "4.2.2 the mailbox is over its quota", SOFT),
    (450, "5.1.1 the first digit decides", SOFT),
    (552, "5.2.2 the recipient's inbox is out of storage space", SOFT),
    (552, "requested action aborted: exceeded storage allocation", SOFT),
    (550, "5.2.2 mailbox full", SOFT),
    (554, "5.3.1 mail system full", SOFT),
    (554, "5.3.2 not accepting messages", SOFT),
    (554, "5.4.5 congestion", SOFT),
    # this message, never the address: policy above all
    (550, "5.7.1 message content rejected due to policy", REFUSED),
    (554, "5.7.1 Service unavailable; client host blocked using a block list", REFUSED),
    (550, "5.7.26 this mail is unauthenticated: neither SPF nor DKIM passed", REFUSED),
    (550, "5.7.25 the sending address has no reverse name", REFUSED),
    (550, "5.7.509 access denied, sending domain does not pass DMARC verification", REFUSED),
    (550, "5.1.1 rejected as spam", REFUSED),
    (550, "5.1.1 blocked by our reputation service", REFUSED),
    (550, "5.4.1 Recipient address rejected: Access denied", REFUSED),
    (554, "5.4.14 hop count exceeded, there may be a mail loop", REFUSED),
    (552, "5.3.4 message size exceeds fixed limit", REFUSED),
    (552, "message size exceeds fixed maximum message size", REFUSED),
    (550, "rejected", REFUSED),
    (550, "user unknown to our spam filter's list of friends", REFUSED),
    (554, "transaction failed", REFUSED),
    (554, "user unknown", REFUSED),
    (550, "see https://help.example/10.5.1.1 for help", REFUSED),
    # we are the fault
    (530, "5.7.0 authentication required", OURS),
    (535, "5.7.8 wrong user name or password", OURS),
    (534, "5.7.9 this mechanism is too weak", OURS),
    (538, "5.7.11 encryption required", OURS),
    (554, "5.7.1 <desk@importer.example>: Relay access denied", OURS),
    (550, "5.7.54 SMTP; unable to relay recipient in non-accepted domain", OURS),
    (550, "relaying is prohibited", OURS),
    (550, "5.7.3 client was not authenticated", OURS),
    (501, "5.1.7 bad sender address syntax", OURS),
    (553, "5.1.8 the sender's domain does not exist", OURS),
]  # fmt: skip


@pytest.mark.parametrize(("status", "said", "meant"), ANSWERS, ids=lambda one: str(one)[:40])
def test_what_a_server_means(status, said, meant):
    assert classify(status, said) is meant


@given(st.integers(0, 999), st.text(max_size=100), st.integers(500, 599))
def test_policy_never_speaks_against_an_address(detail, said, status):
    assert classify(status, f"5.7.{detail} {said}") is not Bounce.HARD


@given(st.integers(400, 499), st.text(max_size=100))
def test_what_is_for_later_is_never_for_good(status, said):
    assert classify(status, said) is Bounce.SOFT


REPORTS = [
    ("5.1.1", "smtp; 550 5.1.1 <desk@importer.example>: user unknown", HARD),
    ("5.0.0", "smtp; 550 5.1.1 user unknown", HARD),
    ("5.0.0", "smtp; 550 No such user", HARD),
    ("5.1.1", "", HARD),
    ("5.1.1", "x-postfix; the user is not known here", HARD),
    ("5.0.0", "", REFUSED),
    ("", "", SOFT),
    ("4.4.1", "smtp; connection timed out", SOFT),
    ("4.4.7", "smtp; 421 4.4.2 no answer for five days", SOFT),
    ("5.2.2", "smtp; 552 5.2.2 over quota", SOFT),
    ("5.7.1", "smtp; 554 5.7.1 refused by policy", REFUSED),
    ("5.4.4", "dns; host or domain name not found", REFUSED),
]


@pytest.mark.parametrize(("status", "diagnostic", "meant"), REPORTS)
def test_what_a_report_means(status, diagnostic, meant):
    assert classify_report(status, diagnostic) is meant
