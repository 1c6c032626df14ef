"""A fit as bytes and back, bit for bit."""

import io
import json
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runs.errors import InvalidInput
from workflow.baseline.facts import as_json, of_json
from workflow.baseline.model import Model
from workflow.baseline.route import FORM, Answer, Fitted, read_settings, settings_body
from workflow.baseline.terms import Columns, Weights

Arrays = dict[str, NDArray[Any]]


def save(fitted: Fitted) -> bytes:
    """Numbers and JSON, nothing that runs when it is read; the same fit gives the same bytes."""
    head = {
        "form": FORM,
        "settings": settings_body(fitted.settings),
        "digest": fitted.digest,
        "labels": fitted.labels,
        "terms": [list(column) for column in fitted.columns],
        "temperature": fitted.temperature,
        "unseen": fitted.model.weights.unseen,
    }
    if fitted.model.facts.columns:
        head["facts"] = as_json(fitted.model.facts)
    number = {label: place for place, label in enumerate(fitted.labels)}
    answers = fitted.out_of_fold
    file = io.BytesIO()
    np.savez(
        file,
        head=np.frombuffer(json.dumps(head).encode(), dtype=np.uint8),
        words=fitted.model.weights.words,
        characters=fitted.model.weights.characters,
        coefficients=fitted.model.coefficients,
        intercepts=fitted.model.intercepts,
        answered=np.array([[number[one.label], number[one.runner_up]] for one in answers]),
        measured=np.array([[one.confidence, one.scope, one.margin] for one in answers]),
    )
    return file.getvalue()


def load(saved: bytes) -> Fitted:
    """The fit that was saved; InvalidInput for anything else."""
    try:
        return _fitted(_arrays(saved))
    except (ValueError, KeyError, TypeError, IndexError, EOFError, zipfile.BadZipFile) as error:
        raise InvalidInput(
            f"saved fit of {len(saved)} bytes cannot be read ({error!r}): delete it, it is learnt "
            "again from its examples"
        ) from error


def _arrays(saved: bytes) -> Arrays:
    with np.load(io.BytesIO(saved), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _fitted(arrays: Arrays) -> Fitted:
    head = json.loads(arrays["head"].tobytes())
    if head["form"] != FORM:
        raise ValueError(f"form {head['form']}, this is form {FORM}")
    labels = tuple(head["labels"])
    words, characters = ({term: at for at, term in enumerate(one)} for one in head["terms"])
    facts = of_json(head.get("facts", []))
    weights = Weights(arrays["words"], arrays["characters"], head["unseen"])
    return Fitted(
        settings=read_settings(head["settings"]),
        digest=head["digest"],
        labels=labels,
        columns=Columns(words, characters),
        model=Model(weights, arrays["coefficients"], arrays["intercepts"], facts),
        temperature=head["temperature"],
        out_of_fold=tuple(
            Answer(labels[first], confidence, scope, labels[second], margin)
            for (first, second), (confidence, scope, margin) in zip(
                arrays["answered"].tolist(), arrays["measured"].tolist(), strict=True
            )
        ),
    )
