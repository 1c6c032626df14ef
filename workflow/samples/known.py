"""Every sample there is, by name."""

from runs.errors import NotFound
from workflow.samples.deal_risk.sample import SAMPLE as DEAL_RISK
from workflow.samples.document_drafting.sample import SAMPLE as DOCUMENT_DRAFTING
from workflow.samples.record_reconciliation.sample import SAMPLE as RECORD_RECONCILIATION
from workflow.samples.sample import Sample
from workflow.samples.support_triage.sample import SAMPLE as SUPPORT_TRIAGE

ALL = (SUPPORT_TRIAGE, RECORD_RECONCILIATION, DEAL_RISK, DOCUMENT_DRAFTING)


def find_sample(name: str) -> Sample:
    """The sample of this name; NotFound names those there are."""
    for sample in ALL:
        if sample.name == name:
            return sample
    raise NotFound(f"sample {name!r}: there is none; name one of {[one.name for one in ALL]}")
