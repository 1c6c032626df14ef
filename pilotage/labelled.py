"""labelled cases brought in: read whole, split, checked, and kept with the expert's word."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, get_args

from policies.privacy import Pattern, compile_mask
from runs import snapshots
from runs.errors import NotAllowed
from runs.records.case import Case, Dataset, Split
from runs.records.person import Identity
from runs.store.store import Store
from workflow.dataset import cases as reading
from workflow.dataset.description import Import, describe
from workflow.dataset.quality import gaps
from workflow.dataset.splits import split

EXPERT = "domain_expert"
"""The role that says which gaps of a dataset are acceptable."""
AS_IT_IS = snapshots.Terms(lambda value: snapshots.Masked(value, 0), None)
"""Names and digests; what the expert wrote is masked before."""


class Source(NamedTuple):
    """A file and how it is to be read."""

    file: Path
    mapping: Mapping[str, str]
    """Our field to column or JSON path; empty: as the first row suggests."""
    encoding: str = "utf-8-sig"
    delimiter: str = ""
    labelled_by: str = ""


class Brought(NamedTuple):
    """What a file's cases become."""

    name: str
    workflow: str
    salt: str
    shares: Mapping[Split, float]
    acceptance: str = ""
    """The expert's words on what the cases lack; empty when nothing was said."""


def read_cases(source: Source) -> list[Case]:
    """Every case of the file, or InvalidInput with file, line and remedy."""
    return reading.read(
        source.file,
        source.mapping or None,
        encoding=source.encoding,
        delimiter=source.delimiter,
        labelled_by=source.labelled_by,
    )


def bring(store: Store, identity: Identity, cases: list[Case], brought: Brought) -> Dataset:
    """Split, describe and keep the cases, all or nothing; the same again is the same dataset.

    What the cases lack is accepted by whoever says why, in `acceptance`; until then no version is
    made of them. Raises NotAllowed when that person is no domain expert.
    """
    divided = split(cases, brought.salt, shares=brought.shares)
    is_accepted = bool(gaps(divided) and brought.acceptance.strip())
    if is_accepted and EXPERT not in identity.roles:
        raise NotAllowed(
            f"{identity.person} is no {EXPERT}; ask a domain expert to accept that dataset "
            f"{brought.name!r} lacks {', '.join(gaps(divided))}"
        )
    dataset = describe(
        divided,
        Import(
            name=brought.name,
            workflow=brought.workflow,
            salt=brought.salt,
            imported_at=store.clock.now(),
            imported_by=identity.person,
            accepted_by=identity.person if is_accepted else "",
            acceptance=brought.acceptance,
        ),
    )
    return _keep(store, identity, dataset, divided, brought.acceptance)


def split_again(store: Store, identity: Identity, name: str, brought: Brought) -> Dataset:
    """The newest dataset of this name, split anew, as a dataset of its own."""
    present = store.cases.newest(identity.customer, name)
    cases = store.cases.read(identity.customer, present.digest)
    return bring(store, identity, cases, brought._replace(workflow=present.workflow))


def _keep(
    store: Store, identity: Identity, dataset: Dataset, cases: list[Case], acceptance: str
) -> Dataset:
    if dataset.accepted_by:
        text = compile_mask((), get_args(Pattern))(acceptance).value
        value = {"dataset": dataset.digest, "gaps": list(dataset.gaps), "text": text}
        who = identity.person
        snapshots.keep(
            store, identity.customer, who, kind="acceptance", value=value, terms=AS_IT_IS
        )
    return store.cases.keep(identity.customer, identity.person, dataset, cases)
