"""A route looks only at what is declared, unmasked and of a type it can read."""

import pytest

from policies.features import Place, declared, find_wrong, place_of
from runs.records.version import Feature, FieldSpec, Source

FIELDS = (
    FieldSpec(name="net", type="number"),
    FieldSpec(name="iban", type="text", masked=True),
    FieldSpec(name="dated", type="date"),
)
SOURCES = (
    Source(name="erp", tool="erp", key_field="net", fields=("open", "phone")),
    Source(name="crm", tool="crm", key_field="net", fields=("tier",)),
)


def wrong(*features: tuple[str, ...], masked: tuple[str, ...] = ()) -> list[str]:
    """What is said of these features: kind, field and what it is held against."""
    chosen = [
        Feature.model_validate(dict(zip(("kind", "field", "against"), one, strict=False)))
        for one in features
    ]
    known = declared(FIELDS, SOURCES, masked)
    return [f"{one.number}.{one.part} {one.says}" for one in find_wrong(chosen, known)]


def test_what_is_declared_may_be_looked_at() -> None:
    """Fields by their type, sources by their fields, one held against the other."""
    assert not wrong(
        ("number", "net"),
        ("date", "dated"),
        ("choice", "context.crm.tier"),
        ("compare", "net", "context.erp.open"),
    )


@pytest.mark.parametrize(
    ("feature", "says"),
    [
        (("number", "nett"), "0.field is nett, which is no field of the contract; name one of net"),
        (("number", "context.epr.open"), "0.field is context.epr.open, but epr is no declared"),
        (("number", "context.erp.sum"), "which erp is not read for; name one of open, phone"),
        (("number", "context.erp"), "write a field of the contract, or context.<source>.<field>"),
        (("text", "iban"), "which is masked; leave it out, or take the mask off in the plan"),
        (("number", "dated"), "0.field is dated, a date, which cannot be read as number"),
        (("compare", "net"), "0.against is missing; name the field"),
        (("compare", "net", "net"), "0.against is net, the field itself"),
        (("compare", "net", "context.erp.sum"), "0.against is context.erp.sum, which erp is not"),
        (("compare", "context.erp.open", "net"), "begin with a field of the item"),
        (("number", "net", "dated"), "0.against is dated, which only compare has"),
    ],
)
def test_what_may_not_be_looked_at_is_named_with_its_remedy(
    feature: tuple[str, ...], says: str
) -> None:
    """One sentence, with the value."""
    (told,) = wrong(feature)

    assert says in told


@pytest.mark.parametrize("masked", ["phone", "erp.phone", "erp"])
def test_a_masked_field_of_a_source_is_no_feature(masked: str) -> None:
    """By its name, by its path, or with its whole source."""
    (told,) = wrong(("choice", "context.erp.phone"), masked=(masked,))

    assert "which is masked" in told


def test_the_same_feature_twice_is_told() -> None:
    """It would count twice."""
    assert "an earlier feature looks at alike" in wrong(("number", "net"), ("number", "net"))[0]


def test_a_place_is_a_field_or_a_field_of_a_source() -> None:
    """Anything else is none."""
    assert place_of("net") == Place("", "net")
    assert place_of("context.crm.tier") == Place("crm", "tier")
    assert [place_of(one) for one in ("", "a.b", "context.crm", "context..x")] == [None] * 4
