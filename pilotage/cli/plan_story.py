"""a delivery plan as people read it, from its file or from a run, in lines or as one page."""

from collections.abc import Callable, Sequence
from textwrap import wrap

from console.pages.decision import Decides
from console.pages.plan import PHASE_HEADER, Behind, Told, Who, areas
from pilotage.cli.output import section
from runs.people import find_people
from runs.plan import Plan
from runs.records.person import Customer, Person
from runs.store.store import Store
from workflow.map import text

WIDE = 96


def lines(plan: Plan, behind: Behind, who: Who) -> list[str]:
    """The whole plan for a terminal: areas, decision tree, phases, decision."""
    told = areas(plan, who, behind.switched)
    head = f"{plan.title} ({plan.workflow}), risk {plan.risk}; {behind.of}"
    return [
        *wrap(head, WIDE),
        *(f"warning: {one}" for one in behind.warnings),
        *(f"learnt before: {one}" for one in behind.learnt),
        *(line for area in told for line in _area(area)),
        *section(f"Act, review or refuse, {text.version_of(behind.drawn)}", _tree(behind)),
        *section("Four phases", [line for row in behind.phases for line in _phase(row)]),
        *section("Ship, hold, narrow or expand", decision_lines(behind.decision, with_rules=True)),
    ]


def decision_lines(rows: Sequence[Decides], *, with_rules: bool) -> list[str]:
    """The four words: what each comes to now, and what decides it by the plan."""
    told = []
    for one in rows:
        told += _hanging(f"{one.word}: {one.now or 'no release yet'}", "  ")
        if with_rules:
            told += [f"  {line}" for line in _hanging(f"decided by: {one.by}", "  ")]
    return told


def who_is(people: Sequence[Person]) -> Who:
    """A person's name beside their id; any other text as it is."""
    names = {one.id: f"{one.name} ({one.id})" for one in people if one.name != one.id}
    return lambda text: names.get(text, text)


def who_has(people: Sequence[Person]) -> Callable[[str], str]:
    """A person by name, or a role with the people who hold it now."""
    person = who_is(people)
    able = [one for one in people if not one.is_disabled]

    def told(wanted: str) -> str:
        if any(one.id == wanted for one in people):
            return person(wanted)
        holders = [one.name for one in able if wanted in one.roles]
        return f"{wanted} ({', '.join(holders) or 'nobody'})"

    return told


def names_of(store: Store, customer: Customer) -> tuple[Who, Who]:
    """Who a person is, and who has a role."""
    people = find_people(store, customer)
    return who_is(people), who_has(people)


def as_it_is(text: str) -> str:
    """Ids as they are written, where no home says whose they are."""
    return text


def _area(area: Told) -> list[str]:
    told = []
    for entry in area.entries:
        if entry.header:
            told.append(f"{entry.name}:")
            told += [line for row in entry.rows for line in _row(entry.header, row)]
        elif len(entry.lines) == 1:
            told += _hanging(f"{entry.name}: {entry.lines[0]}", "  ")
        else:
            told.append(f"{entry.name}:")
            told += [f"  {line}" for one in entry.lines for line in _hanging(f"- {one}", "  ")]
    return section(f"{area.number}. {area.title}", told)


def _row(header: tuple[str, ...], row: tuple[str, ...]) -> list[str]:
    first, *others = zip(header, row, strict=True)
    rest = ", ".join(f"{name.lower()} {cell}" for name, cell in others if cell not in ("-", "none"))
    return [f"  {line}" for line in _hanging(f"- {first[1]}{rest and ': '}{rest}", "  ")]


def _phase(row: tuple[str, ...]) -> list[str]:
    told = [f"{name.lower()}: {cell}" for name, cell in zip(PHASE_HEADER[1:], row[1:], strict=True)]
    return [row[0], *(f"  {line}" for one in told for line in _hanging(one, "  "))]


def _tree(behind: Behind) -> list[str]:
    return text.tree(behind.drawn.tree)


def _hanging(told: str, then: str) -> list[str]:
    return wrap(told, WIDE - 6, subsequent_indent=then) or [""]
