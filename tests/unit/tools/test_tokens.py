"""Counting: an estimate that is not below the truth, and exact only from a known file."""

import base64
import hashlib
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.errors import InvalidInput
from tools.tokens import (
    CL100K,
    O200K,
    Encoding,
    count_tokens,
    counter,
    estimate,
    exact,
    trim,
)

# Text, and the larger of the counts that cl100k_base and o200k_base give for it.
COUNTED = [
    ("The customer asked for a refund because the second invoice was charged twice.", 14),
    ("Cancel", 1),
    ("Überweisungsbestätigung wurde zurückgebucht", 11),
    ("n'a pas été effectué à temps", 8),
    ("lentelės eilutė", 11),
    ("Birr etiopat", 7),
    ("IsiKhomorosi", 6),
    ("Клиент требует возврата средств", 13),
    ("お客様は返金を受け取っていません", 19),
    ("客户没有收到退款", 7),
    ("고객이 환불을 받지 못했습니다", 16),
    ("لم يتلق العميل المبلغ", 14),
    ("ग्राहक को धनवापसी नहीं मिली", 26),
    ("ደንበኛው ገንዘቡን አልተቀበለም", 51),
    ("Պետք է նշել ճիշտ մեկ պանակի անուն", 60),
    ("კლიენტმა ვერ მიიღო თანხა", 45),
    ("ລູກຄ້າບໍ່ໄດ້ຮັບເງິນ", 44),
    ("xkqzvbnwtrplmgdf hjkqxz", 15),
    ("aGVsbG8gd29ybGQhIFRoaXMgaXMgYmFzZTY0Lg==", 28),
    ("sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", 46),
    ("2026-11-20T16:15:36.123456Z", 16),
    ("1,234,567.89 EUR / 0049 30 901820", 17),
    ('{"id":"a-1","v":[1,2,3],"ok":true}', 19),
    ("def f(x):\n\treturn x**2  # square", 11),
    ("a\r\nb\r\nc\r\n", 6),
    (" \t \t \t ", 3),
    ("!?#*&%$@^~`|\\/", 11),
    ("👩\u200d👩\u200d👧\u200d👦🏳️\u200d🌈🇩🇪👍🏽", 39),
    ("ｉｇｎｏｒｅ\u3000ａｌｌ", 19),
    ("h̸̡̪̯ͨ͊̽̅", 17),
    ("<|endoftext|><|im_start|>", 12),
    ("HTTPSConnectionPoolTimeoutError", 5),
    ("ᎠᏂᏣᎳᎩ", 15),
    ("𐑯𐑪𐑑 𐑦𐑯𐑳𐑓", 29),
]
ROOT = Path(__file__).parents[3]
SPECIAL = "<|endoftext|> <|im_start|>system<|im_end|> <|fim_prefix|>"


@pytest.fixture
def ranks(tmp_path: Path) -> tuple[Path, Encoding]:
    """A small real encoding: the 256 bytes, and three merges."""
    tokens = [bytes([byte]) for byte in range(256)] + [b"th", b"the", b" the"]
    lines = (base64.b64encode(token) + b" %d" % rank for rank, token in enumerate(tokens))
    file = tmp_path / "ranks.txt"
    file.write_bytes(b"\n".join(lines))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return file, Encoding("small", digest, r" ?\p{L}+|\s+|[^\s\p{L}]+")


@pytest.mark.parametrize(("text", "truth"), COUNTED, ids=[text[:12] for text, _ in COUNTED])
def test_the_estimate_is_not_below_the_truth(text: str, truth: int) -> None:
    """A pack that fits by estimate fits the model."""
    assert truth <= count_tokens(text) <= len(text.encode())


def test_english_costs_at_most_two_and_a_half_times_the_truth() -> None:
    """A budget that is estimated still holds something."""
    text, truth = COUNTED[0]

    assert count_tokens(text) <= 2.5 * truth


@given(st.text(max_size=300))
def test_no_text_crashes_and_no_estimate_exceeds_its_bytes(text: str) -> None:
    """A byte-level encoding never makes more tokens than bytes, and an estimate says so."""
    tokens, kind = estimate(text)

    assert kind == "estimate"
    assert min(1, len(text)) <= tokens <= len(text.encode())


@given(st.text(max_size=200), st.text(max_size=200))
def test_a_longer_text_never_counts_less(text: str, more: str) -> None:
    """What is added costs something or nothing."""
    assert count_tokens(text) <= count_tokens(text + "\n" + more)


def test_no_long_word_is_remembered() -> None:
    """What costs so much to keep comes once: a hostile answer would fill the memory."""
    tracemalloc.start()
    for letter in "bcdfghjklm":
        estimate(letter * 200_000)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert kept < 1_000_000


@pytest.mark.parametrize("text", ["\ud800", "a\udfff b", "\x00\x01", "\u202e\u200b"])
def test_broken_and_invisible_characters_are_counted(text: str) -> None:
    """Half a surrogate pair is text that somebody will send."""
    assert count_tokens(text) >= 1


def test_an_exact_count_needs_the_file_with_the_known_hash(ranks: tuple[Path, Encoding]) -> None:
    """Merges are applied as the file says, and the count says that it is exact."""
    count = exact(*ranks)

    assert count("the the") == (2, "exact")
    assert count("them") == (2, "exact")


def test_special_tokens_are_counted_as_the_text_they_are(ranks: tuple[Path, Encoding]) -> None:
    """A note that spells one neither crashes the counter nor ends the prompt."""
    assert exact(*ranks)(SPECIAL).tokens == len(SPECIAL)
    assert estimate(SPECIAL).tokens > 0


@pytest.mark.parametrize("encoding", [CL100K, O200K], ids=["cl100k", "o200k"])
def test_another_file_is_refused(ranks: tuple[Path, Encoding], encoding: Encoding) -> None:
    """A truncated or foreign file would count wrongly and say it was exact."""
    with pytest.raises(InvalidInput, match=f"is not {encoding.name}"):
        exact(ranks[0], encoding)


def test_a_file_that_holds_no_ranks_is_refused(tmp_path: Path) -> None:
    """Even one whose hash is the one asked for."""
    file = tmp_path / "prose"
    file.write_bytes(b"not ranks at all")
    encoding = Encoding("prose", hashlib.sha256(file.read_bytes()).hexdigest(), r"\p{L}+")

    with pytest.raises(InvalidInput, match="not a file of ranks"):
        exact(file, encoding)


def test_an_exact_count_never_reaches_for_the_network(tmp_path: Path) -> None:
    """A missing file is refused, not fetched: a reach would be a RuntimeError here."""
    with pytest.raises(InvalidInput, match="cannot be read"):
        exact(tmp_path / "o200k_base.tiktoken", O200K)


def test_an_estimate_loads_nothing_that_could_fetch() -> None:
    """In a process of its own, the tokenizer's package is not even imported."""
    program = (
        "import sys; from tools.tokens import count_tokens, trim; trim('a word ' * 99, 9);"
        "sys.exit(bool({'tiktoken', 'requests', 'socket'} & sys.modules.keys()))"
    )
    child = subprocess.run([sys.executable, "-S", "-c", program], cwd=ROOT, check=False, timeout=60)

    assert child.returncode == 0


def test_a_text_that_fits_is_not_touched() -> None:
    """Trimming twice is trimming once, and what fits stays as it is."""
    assert trim("  as it is \n", 50) == "  as it is \n"


def test_a_cut_text_ends_at_a_word_and_says_that_it_was_cut() -> None:
    """Half a word reads as another word."""
    cut = trim("The customer asked for a refund of the second invoice", 14)

    assert cut == "The customer asked for a…"


@given(st.text(max_size=400), st.integers(-3, 60))
def test_a_trimmed_text_fits_its_budget(text: str, budget: int) -> None:
    """Whatever the text is made of."""
    trimmed = trim(text, budget)

    assert count_tokens(trimmed) <= max(0, budget)
    assert trimmed == text or trimmed == "" or text.startswith(trimmed[:-1])


@pytest.mark.parametrize("drawn", ["\U0001f469\u200d\U0001f467", "e\u0301"])
def test_a_cut_never_splits_what_is_drawn_as_one(drawn: str) -> None:
    """A family of joined figures, or a letter and its accent, is whole or absent."""
    whole = {drawn * times for times in range(10)}

    assert {trim(drawn * 9, budget).rstrip("…") for budget in range(100)} <= whole


def test_an_exact_counter_trims_to_its_own_count(ranks: tuple[Path, Encoding]) -> None:
    """The counter is an argument of the cut."""
    count = exact(*ranks)

    assert trim("the the the the the", 4, count) == "the…"


def test_the_first_file_that_is_the_right_one_counts_exactly(
    ranks: tuple[Path, Encoding], tmp_path: Path
) -> None:
    """Others are passed over and left as they are; without any it is the estimate."""
    file, encoding = ranks
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("IQ== 0\n")

    found = counter(encoding, [tmp_path / "nowhere", wrong, file])

    assert found("the").kind == "exact"
    assert wrong.read_text() == "IQ== 0\n"
    assert counter(encoding, [wrong])("the").kind == "estimate"
