"""Text that UTF-8 can hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eks_log_forwarder.encoding import encodable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("é 😀", "é 😀"),
        ("a\ud800b", "a�b"),
        ("\ud83d\ude00", "😀"),
        ("\udfff\ud800", "��"),
    ],
)
def test_replaces_lone_surrogates_only(text: str, expected: str) -> None:
    """A lone surrogate is replaced, a pair is joined and everything else stays."""
    assert encodable(text) == expected


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_can_be_encoded_afterwards(text: str) -> None:
    """Whatever the text, it encodes, and text that did before is unchanged."""
    result = encodable(text)
    result.encode()
    assert result == text or any("\ud800" <= character <= "\udfff" for character in text)
