"""Every word that messages put an article before gets the right one."""

import pytest

from hydria.domain import articles, kinds, offers, types

ONES = {"availability zone", "availability zone profile", "L7 policy", "L7 rule", "HTTP", "HTTPS", "SCTP"}
ONES |= {"SSL_CONN_HAS_CERT", "SSL_DN_FIELD", "SSL_VERIFY_RESULT", "amphora"}
OFFERS = (offers.FLAVOR, offers.FLAVOR_PROFILE, offers.ZONE, offers.ZONE_PROFILE)
WORDS = {
    *(k.words for k in (*kinds.KINDS, *OFFERS)),
    *(e.value for e in (*types.ListenerProtocol, *types.PoolProtocol, *types.MonitorType, *types.RuleType)),
    "amphora",
}


@pytest.mark.parametrize("words", sorted(WORDS))
def test_words_that_begin_with_a_vowel_when_spoken_have_an(words: str) -> None:
    assert articles.an(words) == f"{'an' if words in ONES else 'a'} {words}"
