"""Each error is data, and its sentence is read aloud here."""

import pickle
from datetime import UTC, datetime

import pytest
from package.sentences import SENTENCES

from trustlib import errors


@pytest.mark.parametrize(
    ("error", "sentence"), SENTENCES, ids=[type(e).__name__ for e, _ in SENTENCES]
)
def test_an_error_reads_well(error, sentence):
    assert sentence == str(error)


@pytest.mark.parametrize("error", [e for e, _ in SENTENCES], ids=lambda e: type(e).__name__)
def test_an_error_survives_a_process_boundary(error):
    copy = pickle.loads(pickle.dumps(error))

    assert (type(error), str(error), vars(error)) == (type(copy), str(copy), vars(copy))


def test_every_error_that_is_raised_has_a_sentence_here():
    raised = {
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.TrustError)
    } - {errors.TrustError, errors.VerificationError}

    assert raised == {type(error) for error, _ in SENTENCES}


NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["x" * 5_000, "\x1b[2J\nforged log line", "\u202egnp.exe"])
@pytest.mark.parametrize(
    "about",
    [
        lambda text: errors.NotFoundError(text, "no"),
        lambda text: errors.MalformedError(f"{text}.json", "$", "an object", None),
        lambda text: errors.MalformedError("x.json", f"$.signed.targets[{text}]", "a", text),
        lambda text: errors.ThresholdError(text, 2, [text]),
        lambda text: errors.RollbackError(text, 3, 2),
        lambda text: errors.ExpiredError(text, NOW, NOW),
        lambda text: errors.MismatchError(text, f"length of {text}", text, text),
        lambda text: errors.TooLongError(text, 3),
    ],
)
def test_hostile_text_is_one_short_printable_line(about, text):
    """Names are chosen by whoever signs a delegation; a log is read by people and programs."""
    message = str(about(text))

    assert message.isprintable()
    assert len(message) < 600
