"""what a text says that its evidence does not: figures, amounts, dates, links, promises; pure.

Written for text that a model proposed: what is not sure to stand in the evidence is made up. A
figure, a date or a link has to stand there as it is written, a word that claims or promises as the
same word, and denied only where it is denied there. The lists are English, with the plainest words
of its neighbours; of a sentence in another language every longer word stands in the evidence, and
so do letters of another script.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

NUMBER = re.compile(r"(?<![\w.])[-−]?[$€£¥]?\s?\d+(?:[.,:/]\d+)*(?:\s?(?:%|‰|[$€£¥])|[a-zA-Z]+)?")
"""With its sign, its currency and its unit: 3 is not 3 %, and not 3k."""
LINK = re.compile(
    r"\w+://\S+|www\.\S+|\S+@\S+|\]\(|</?\w|&#?\w+;|(?<!\w)(?:[\w-]+\.)+[a-z]{2,}(?![\w(])",
    re.IGNORECASE,
)
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
CLAUSE = re.compile(
    r"[.;:!?,()\n](?!\S)|\n|\b(?:and|but|und|aber|sondern|mais|pero|maar)\b", re.IGNORECASE
)
SENTENCE = re.compile(r"[.!?:](?!\S)|\n")
LONG = 4
"""Letters of a word that says something; shorter ones are the same in many languages."""
MOST_UNMARKED = 3
"""Words that a sentence may have without one that shows its language."""
ROMAN = re.compile(r"(?<!\w)[IVXLCDM]{2,}(?!\w)")
UNSEEN = ("Cf", "Cc", "Co", "Cn", "Cs", "Zl", "Zp")
"""Categories of characters that show nothing, or break a line where nobody looks for it."""
SCRIPT = "LATIN"
PUNCTUATION = {"’": "'", "−": "-"}


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _row(text: str) -> tuple[str, ...]:
    return tuple(text.split())


COUNTS = _set(
    """
    two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred
    hundreds thousand thousands million millions billion billions dozen dozens percent percentage
    """
)
"""Numbers in words."""
AMOUNTS = COUNTS | _set(
    """
    one half halves
    halved third thirds quarter quarters fifth tenth double doubled triple tripled twice thrice
    single majority minority most many few all every none no nobody nothing
    never always entire entirely complete completely full fully perfect perfectly flawless zero
    nearly almost both everything everyone any anything without
    alle allen aller alles jede jeden jeder jedes immer hälfte niemand niemals toujours jamais tous
    toutes moitié siempre nunca todos todas mitad sempre tutti tutte metà altijd nooit helft
    """
)
TIMES = _set(
    """
    monday tuesday wednesday thursday friday saturday sunday january february april june july
    august september october november december jan feb mar apr jun jul aug sep sept oct nov dec
    today tomorrow yesterday tonight soon shortly immediately weekend week weeks month months year
    years day days hour hours minute minutes next later forthcoming upcoming deadline daily weekly
    monthly yearly hourly quarterly annually sooner
    montag dienstag mittwoch donnerstag freitag samstag sonntag januar februar märz juni juli
    oktober dezember heute morgen gestern bald sofort woche wochen monat monate jahr jahre stunde
    stunden lundi mardi mercredi jeudi vendredi samedi dimanche demain bientôt semaine lunes martes
    miércoles jueves viernes sábado domingo mañana semana domani maandag dinsdag vrijdag week
    """
)
CAPITAL_TIMES = frozenset({"May", "March"})
PROMISES = _set(
    """
    will shall won't we'll you'll it'll they'll i'll would going promise promises promised
    guarantee guarantees guaranteed commit commits committed commitment ensure ensures ensured
    assure assured assures warrant warranty refund refunds refunded compensate compensation
    reimburse reimbursed credit credits discount discounts free waive waived pledge vow undertake
    intend plan plans planned expect expected agree agreed agrees offer offers offered entitled
    owe liable liability sla must cannot can't continue continues continuing hereafter forever
    rest rely
    """
)
CLAIMS = _set(
    """
    approve approved approves approval accepted pass passed passes passing certified verified
    verify compliant compliance proven prove proved proves safe safely secure secured fix fixed
    fixes resolve resolved solve solved mend mended repaired release released live deployed complete
    completed done success successful successfully succeed succeeded working works correct
    correctly right accurate accuracy reliable improve improved improvement better best worse
    reduced reduce lower higher increase increased decrease decreased saved saves saving savings
    faster healthy agreed authorised authorized signed confirmed confirm reached met exceeded
    ready error-free
    """
)
KINDS: Mapping[str, frozenset[str]] = {
    "amount": AMOUNTS,
    "time": TIMES,
    "promise": PROMISES,
    "claim": CLAIMS,
}
BEGINNINGS: Mapping[str, tuple[str, ...]] = {
    "amount": _row("doubl tripl quadrupl halv percent majorit minorit prozent doppel"),
    "promise": _row(
        """
        promis guarant commit ensur assur warrant refund compensat reimburs discount waiv pledg
        undertak undertook intend plann expect agree entitl garant gewährleist zusag zugesag
        verspr versicher erstatt rückerstatt entschäd gutschr rabatt kostenlos gratis haft
        verpflicht promet promess rembours indemnis gratuit reembols descuent rimbors scont belov
        belof vergoed
        """
    ),
    "claim": _row(
        """
        approv accept certif verif complian proving resolv solv repair releas deploy complet success
        succee secur accura reliab improv reduc increas decreas authori confirm reach exceed correct
        fixing genehmig freigegeb freigab bestand bestätig zertif geprüf nachgewies erfolgr behob
        gelöst verbesser abgeschloss erreich approuv réuss résol amélior aprob verific resuel mejor
        éxit conferm risolt miglior goedgekeur bevestig opgelost
        """
    ),
}
"""How words begin that are of a kind in whatever form they stand."""
DENIALS = _set(
    """
    no not never none nobody nothing neither nor without cannot nicht kein keine keinem keinen
    keiner keines nie niemals niemand nichts ohne weder pas jamais aucun aucune rien sans nunca
    ningún ninguna nada niet geen nooit nessun nessuna senza
    """
)
PLAIN = _set(
    """
    a about after all an and are as at be been before both but by can could did do does each for
    from had has have he her his how if in into is it its may more most of on one or other our out
    over she should so some such than that the their them then there these they this those through
    to up was we were what when where which while who whose why will with would you your
    """
)
"""English words that say nothing by themselves; one of them shows that a sentence is English."""
SILENT = PLAIN | DENIALS
CAN = _set("can could did do does may should")
TELLING = (PLAIN - CAN) | _set(
    """
    below case cases end ended ends evidence figure figures found item items measured page result
    results run says shown shows tell tells these work workflow
    """
)
"""Words that a page for a customer may have of its own: with them alone nothing is said of it."""
FOREIGN = _set(
    """
    der das und ist sind wir sie nicht ein eine einen dem den wird werden mit für auf von zu im bei
    le les des du est sont nous vous une dans pour avec el los las una por para con que es il gli
    che sono del della per het een van wij niet voor
    """
)
"""Words that show another language."""


class Groundless(NamedTuple):
    """One thing a text says, and that the evidence it names does not."""

    kind: str
    """`figure`, `link`, `amount`, `time`, `promise`, `claim`, `name`, `denial`, `language`,
    `script` or `hidden`."""
    says: str
    """As it stands in the text."""


def find(text: str, evidence: Sequence[str], *, named: Sequence[str] = ()) -> list[Groundless]:
    """Everything that is not in the evidence, in the order of its kinds; empty where all is.

    `named`: texts whose names may be said as well, and nothing else of them.
    What looks alike and is written otherwise (full-width digits, ligatures) is read as what it
    looks like; characters that nobody sees are refused.
    """
    plain, known = _plain(text), _plain(" \n ".join(evidence))
    found = [*_hidden(text), *_scripts(plain, known), *_figures(plain, known)]
    found += [*_links(plain, known), *_words(plain, known)]
    found += _names(plain, _plain(" \n ".join([*evidence, *named])))
    found += [*_languages(plain, known), *_denials(plain, known)]
    return list(dict.fromkeys(found))


def find_words(text: str, evidence: Sequence[str]) -> list[str]:
    """Every word that is in no evidence and says something, whatever it is.

    No list of promises is whole: of what goes to a customer everything has to be there.
    """
    there = _low(_plain(" \n ".join(evidence))) | TELLING
    found = (one for one in WORD.findall(_plain(text)) if len(one) > 1)
    strange = (one for one in found if one.casefold() not in there)
    return list(dict.fromkeys(strange))


def counts(text: str) -> list[str]:
    """The numbers that a text writes in words, each once."""
    return list(
        dict.fromkeys(one for one in map(str.casefold, WORD.findall(text)) if one in COUNTS)
    )


def figures(text: str) -> list[str]:
    """The figures of a text as they are compared: with sign, currency and unit, without blanks."""
    return [_figure(one) for one in NUMBER.findall(_plain(text))]


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text)
    return "".join(PUNCTUATION.get(one, one) for one in folded)


def _hidden(text: str) -> Iterator[Groundless]:
    """Characters that show nothing, or turn what is read."""
    for one in text:
        if unicodedata.category(one) in UNSEEN and one not in "\n\t":
            yield Groundless("hidden", f"U+{ord(one):04X}")


def _scripts(text: str, known: str) -> Iterator[Groundless]:
    words = {word.group() for word in WORD.finditer(known)}
    for found in WORD.finditer(text):
        is_foreign = any(
            SCRIPT not in unicodedata.name(one, "") for one in found.group() if _is_letter(one)
        )
        if is_foreign and found.group() not in words:
            yield Groundless("script", found.group())


def _is_letter(one: str) -> bool:
    return unicodedata.category(one).startswith("L")


def _figures(text: str, known: str) -> Iterator[Groundless]:
    there = {_figure(one) for one in NUMBER.findall(known)}
    left = text
    for one in NUMBER.findall(text):
        left = left.replace(one, " ", 1)
        if _figure(one) not in there:
            yield Groundless("figure", one.strip())
    # A number in another form, or inside a word: exactly that word is there, or not.
    pieces = {_bare(piece) for piece in known.split()}
    odd = [*map(_bare, filter(_is_number, left.split())), *ROMAN.findall(text)]
    yield from (Groundless("figure", one) for one in odd if one not in pieces)


def _is_number(piece: str) -> bool:
    return any(unicodedata.numeric(one, None) is not None for one in piece)


def _bare(piece: str) -> str:
    return piece.strip(".,;:!?()[]\"'")


def _figure(text: str) -> str:
    """As it is compared: no blanks, and no marks of thousands."""
    bare = re.sub(r"\s", "", text)
    return re.sub(r"(?<=\d),(?=\d{3}(?:\D|$))", "", bare)


def _links(text: str, known: str) -> Iterator[Groundless]:
    for found in LINK.finditer(text):
        if found.group() not in known:
            yield Groundless("link", found.group())


def _words(text: str, known: str) -> Iterator[Groundless]:
    there = _low(known)
    for word in WORD.findall(text):
        low = word.casefold()
        kind = "time" if word in CAPITAL_TIMES else _kind(low)
        if kind and low not in there:
            yield Groundless(kind, word)


def _low(text: str) -> frozenset[str]:
    return frozenset(one.casefold() for one in WORD.findall(text))


def _kind(word: str) -> str:
    exact = next((name for name, words in KINDS.items() if word in words), "")
    return exact or next((n for n, starts in BEGINNINGS.items() if word.startswith(starts)), "")


def _names(text: str, known: str) -> Iterator[Groundless]:
    """Words with a capital that begin no sentence, or with more capitals than one."""
    there = _low(known)
    for sentence in SENTENCE.split(text):
        for place, word in enumerate(WORD.findall(sentence)):
            capitals = sum(one.isupper() for one in word)
            is_name = len(word) > 1 and (capitals > 1 or (place > 0 and word[0].isupper()))
            if is_name and word.casefold() not in there:
                yield Groundless("name", word)


def _languages(text: str, known: str) -> Iterator[Groundless]:
    """The longer words of a sentence that is not sure to be English: no list here has them."""
    there = _low(known)
    for sentence in SENTENCE.split(text):
        words = [one.casefold() for one in WORD.findall(sentence)]
        if not _is_english(words):
            yield from (
                Groundless("language", one)
                for one in words
                if len(one) >= LONG and one not in there
            )


def _is_english(words: Sequence[str]) -> bool:
    plain, foreign = sum(one in PLAIN for one in words), sum(one in FOREIGN for one in words)
    is_marked = foreign > 0 or not all(one.isascii() for one in words)
    return plain > foreign or (not is_marked and len(words) <= MOST_UNMARKED)


def _denials(text: str, known: str) -> Iterator[Groundless]:
    """Words that are denied where the evidence affirms them, or affirmed where it denies them.

    A clause denies whatever stands in it. One that denies nothing of what the evidence denies is
    made up.
    """
    there = _stances(known)
    for is_denied, words in _clauses(text):
        turned = [one for one in words if one in there and is_denied not in there[one]]
        yield from (Groundless("denial", one) for one in turned)
        if is_denied and not any(is_denied in there.get(one, ()) for one in words):
            yield Groundless("denial", " ".join(words) or "no")


def _stances(text: str) -> Mapping[str, set[bool]]:
    """By word, whether the clauses it stands in deny."""
    found: dict[str, set[bool]] = {}
    for is_denied, words in _clauses(text):
        for one in words:
            found.setdefault(one, set()).add(is_denied)
    return found


def _clauses(text: str) -> Iterator[tuple[bool, list[str]]]:
    """Of each clause whether it denies, and the words that say something."""
    for clause in CLAUSE.split(text):
        words = [one.casefold() for one in WORD.findall(clause)]
        is_denied = any(one in DENIALS or one.endswith("n't") for one in words)
        yield is_denied, [one for one in words if _says(one)]


def _says(word: str) -> bool:
    is_long = len(word) >= LONG or bool(_kind(word))
    return is_long and word not in SILENT and not word.endswith("n't")
