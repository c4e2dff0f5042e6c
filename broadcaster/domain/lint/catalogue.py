"""Every rule of the warning check, with its weight, the work that it is taken from, and its words in English and bokmål.

Errors are few and certain: a false error in a crisis is worse than a warning that was missed.
"""

from collections.abc import Mapping

from broadcaster.domain.lint.finding import Rule, Weight
from broadcaster.domain.profile import Words

_MILETI = "Mileti & Sorensen 1990, Communication of Emergency Public Warnings (ORNL-6609)"
_LEXICON = "Sutton, Olson & Waugh 2024, The Warning Lexicon (Natural Hazards Review 25)"
_AIDR = "AIDR Handbook 16, Public Information and Warnings (2021)"
_GOVUK = "GOV.UK, Content design: writing for GOV.UK"
_CAP = "OASIS Common Alerting Protocol 1.2"


def _both(en: str, nb: str) -> Words:
    return {"en": en, "nb": nb}


def _error(rule: str, source: str, title: Words, says: Words, cure: Words) -> Rule:
    return Rule(rule, Weight.ERROR, source, title, says, cure)


def _warning(rule: str, source: str, title: Words, says: Words, cure: Words) -> Rule:
    return Rule(rule, Weight.WARNING, source, title, says, cure)


PLACEHOLDER = _error(
    "placeholder",
    _AIDR,
    _both("A blank was left unfilled", "Et felt står tomt i teksten"),
    _both("says “{said}”, which is a blank that nobody filled in", "sier «{said}», et felt som ingen har fylt ut"),
    _both("Write what belongs there, or take it out.", "Skriv det som skal stå der, eller ta det bort."),
)
EXERCISE_UNMARKED = _error(
    "exercise-unmarked",
    f"{_CAP}, status Exercise",
    _both("An exercise that does not say so first", "En øvelse som ikke sier det først"),
    _both("is an exercise, but does not begin with {mark}", "er en øvelse, men begynner ikke med {mark}"),
    _both("Begin the text with {mark}", "Begynn teksten med {mark}"),
)
EXERCISE_IN_LIVE = _error(
    "exercise-in-live",
    f"{_CAP}, status Actual",
    _both("A live text with the mark of an exercise", "En skarp tekst merket som øvelse"),
    _both("begins with “{said}”, but it is live", "begynner med «{said}», men er skarp"),
    _both("Take the mark out, or make it an exercise.", "Ta bort merket, eller gjør den til en øvelse."),
)
LINK_ONLY = _error(
    "link-only",
    f"{_LEXICON}; {_AIDR}",
    _both("Nothing but a link", "Bare en lenke"),
    _both("is only a link", "er bare en lenke"),
    _both(
        "Say what happens, where, and what to do: the page may not open.",
        "Si hva som skjer, hvor, og hva folk skal gjøre: siden åpner kanskje ikke.",
    ),
)
WRONG_LANGUAGE = _error(
    "wrong-language",
    f"{_AIDR}; WCAG 2.2, 3.1.1 Language of Page",
    _both("Not in its language", "Ikke på sitt språk"),
    _both("should be in {wanted}, but is in {found}", "skal være på {wanted}, men er på {found}"),
    _both("Write it in {wanted}.", "Skriv den på {wanted}."),
)
LANGUAGE_MIXED = _warning(
    "language-mixed",
    f"{_AIDR}; WCAG 2.2, 3.1.2 Language of Parts",
    _both("Words of another language", "Ord på et annet språk"),
    _both("“{said}” looks like {found}, in a text in {wanted}", "«{said}» ser ut som {found}, i en tekst på {wanted}"),
    _both("Translate it.", "Oversett det."),
)
NO_SOURCE = _warning(
    "no-source",
    f"{_MILETI}; {_LEXICON}",
    _both("Who says it is missing", "Avsenderen mangler"),
    _both("does not say who is warning", "sier ikke hvem som varsler"),
    _both("Begin with the name that residents know.", "Begynn med navnet som innbyggerne kjenner."),
)
NO_HAZARD = _warning(
    "no-hazard",
    f"{_MILETI}; {_LEXICON}",
    _both("What happens is missing", "Hva som skjer, mangler"),
    _both("does not say what the danger is", "sier ikke hva faren er"),
    _both("Name the hazard and what it does.", "Nevn faren og hva den fører til."),
)
NO_LOCATION = _warning(
    "no-location",
    f"{_MILETI}; {_LEXICON}",
    _both("Where is missing", "Stedet mangler"),
    _both("does not say where", "sier ikke hvor"),
    _both("Name the place as people there say it.", "Nevn stedet slik folk der sier det."),
)
NO_ACTION = _warning(
    "no-action",
    f"{_MILETI}; {_LEXICON}",
    _both("What to do is missing", "Hva folk skal gjøre, mangler"),
    _both("does not say what to do", "sier ikke hva folk skal gjøre"),
    _both(
        "Add a short command: Leave now. Stay indoors.", "Legg til en kort oppfordring: Forlat huset nå. Hold deg inne."
    ),
)
NO_TIME = _warning(
    "no-time",
    f"{_MILETI}; {_LEXICON}",
    _both("When is missing", "Tidspunktet mangler"),
    _both("gives no time", "oppgir ikke noe tidspunkt"),
    _both("Say from when, by when, or when you tell more.", "Si fra når, innen når, eller når dere melder mer."),
)
ORDER = _warning(
    "order",
    f"{_MILETI}; {_LEXICON}",
    _both("Not in the order people need", "Ikke i den rekkefølgen folk trenger"),
    _both("{late} comes late; {early} comes first", "{late} kommer sent; {early} kommer først"),
    _both(
        "Order: who, what happens, where, what to do and when.",
        "Rekkefølge: hvem, hva som skjer, hvor, hva folk skal gjøre og når.",
    ),
)
RELATIVE_TIME = _warning(
    "relative-time",
    f"{_MILETI}; {_AIDR}",
    _both("A time that depends on when it is read", "En tid som kommer an på når den leses"),
    _both("says “{said}”, which is read at another time", "sier «{said}», som leses på et annet tidspunkt"),
    _both("Write the time, the weekday and the date.", "Skriv klokkeslett, ukedag og dato."),
)
DATELESS_TIME = _warning(
    "dateless-time",
    _AIDR,
    _both("A clock time without a day", "Et klokkeslett uten dag"),
    _both("gives {said}, but no day or date anywhere", "oppgir {said}, men ingen dag eller dato noe sted"),
    _both("Add the weekday and the date to one of the times.", "Legg ukedag og dato til ett av klokkeslettene."),
)
CAPITALS = _warning(
    "capitals",
    f"{_GOVUK}; US National Weather Service 2016 (mixed case)",
    _both("Too many capitals", "For mange store bokstaver"),
    _both("is {share} % capitals, more than {most} %", "har {share} % store bokstaver, mer enn {most} %"),
    _both("Keep capitals for the one command.", "Bruk store bokstaver bare i selve oppfordringen."),
)
UNCERTAIN = _warning(
    "uncertain-tone",
    f"{_MILETI}, style: certainty",
    _both("An uncertain tone", "En usikker tone"),
    _both("says “{said}”, which sounds as if you were not sure", "sier «{said}», som om dere ikke er sikre"),
    _both(
        "Say what is known, say what is not known, and command what to do.",
        "Si hva dere vet, si hva dere ikke vet, og si tydelig hva folk skal gjøre.",
    ),
)
RARE_WORD = _warning(
    "rare-word",
    f"{_LEXICON}; wordfreq 3 (Speer 2022), Zipf under 3",
    _both("A word that many do not know", "Et ord som mange ikke kjenner"),
    _both("says “{said}”, a word that is seldom used", "sier «{said}», et ord som sjelden brukes"),
    _both("Use a word that people say themselves.", "Bruk et ord som folk selv sier."),
)
LONG_SENTENCE = _warning(
    "long-sentence",
    f"{_GOVUK}; {_LEXICON}",
    _both("A long sentence", "En lang setning"),
    _both("has a sentence of {count} words: “{said}”", "har en setning på {count} ord: «{said}»"),
    _both("Make two of it: at most {most} words.", "Del den i to: høyst {most} ord."),
)
HARD_TO_READ = _warning(
    "hard-to-read",
    "Björnsson 1968, Läsbarhet (LIX): over 40 is harder than a newspaper's news",
    _both("Hard to read", "Tung å lese"),
    _both("has a LIX of {lix}, more than {most}", "har lesbarhetsindeks (LIKS) {lix}, over {most}"),
    _both("Use shorter sentences and shorter words.", "Bruk kortere setninger og kortere ord."),
)
SHORTENER = _warning(
    "shortener",
    "CTIA Messaging Principles and Best Practices 2023, 5.3.2 Embedded website links",
    _both("A link that hides where it leads", "En lenke som skjuler hvor den fører"),
    _both(
        "links to {said}, a shortener: nobody sees whose page it is",
        "lenker til {said}, en lenkeforkorter: ingen ser hvem siden tilhører",
    ),
    _both(
        "Use your own address; carriers block shorteners too.",
        "Bruk egen adresse; operatører stopper også slike lenker.",
    ),
)
TIMES_DIFFER = _warning(
    "times-differ",
    f"{_MILETI}, style: consistency",
    _both("Times that differ", "Klokkeslett som er ulike"),
    _both("{one} says {first}, {other} says {second}", "{one} sier {first}, {other} sier {second}"),
    _both("Make the times the same everywhere.", "Gjør klokkeslettene like overalt."),
)
PLACES_DIFFER = _warning(
    "places-differ",
    f"{_MILETI}, style: consistency",
    _both("Places that differ", "Steder som er ulike"),
    _both("{one} names {first}, {other} does not", "{one} nevner {first}, {other} gjør det ikke"),
    _both("Name the same places everywhere.", "Nevn de samme stedene overalt."),
)
LEVELS_DIFFER = _warning(
    "levels-differ",
    f"{_MILETI}, style: consistency",
    _both("Levels that differ", "Nivåer som er ulike"),
    _both("{one} says “{first}”, {other} says “{second}”", "{one} sier «{first}», {other} sier «{second}»"),
    _both("Give the same level everywhere.", "Oppgi samme nivå overalt."),
)
ACTIONS_DIFFER = _warning(
    "actions-differ",
    f"{_MILETI}, style: consistency",
    _both("Calls to action that differ", "Oppfordringer som er ulike"),
    _both("{one} says “{first}”, {other} says “{second}”", "{one} sier «{first}», {other} sier «{second}»"),
    _both("Tell people to do the same everywhere.", "Be folk gjøre det samme overalt."),
)
SEVERITY_WITHOUT_ACTION = _warning(
    "severity-action",
    f"{_CAP}, severity; {_LEXICON}",
    _both("Severity and call to action do not match", "Alvorlighet og oppfordring passer ikke sammen"),
    _both("is {severity}, but says “{said}”", "er {severity}, men sier «{said}»"),
    _both("Change the severity, or the call to action.", "Endre alvorligheten, eller oppfordringen."),
)
NOTHING_NEW = _warning(
    "nothing-new",
    f"{_AIDR}; {_MILETI}, style: accuracy",
    _both("An update that does not say what changed", "En oppdatering som ikke sier hva som er nytt"),
    _both("is an update, but does not say what is new", "er en oppdatering, men sier ikke hva som er nytt"),
    _both("Say first what has changed.", "Si først hva som er nytt."),
)

_ALL = (
    *(PLACEHOLDER, EXERCISE_UNMARKED, EXERCISE_IN_LIVE, LINK_ONLY, WRONG_LANGUAGE),
    *(NO_SOURCE, NO_HAZARD, NO_LOCATION, NO_ACTION, NO_TIME, ORDER),
    *(RELATIVE_TIME, DATELESS_TIME, TIMES_DIFFER, PLACES_DIFFER, LEVELS_DIFFER, ACTIONS_DIFFER),
    *(SEVERITY_WITHOUT_ACTION, NOTHING_NEW, UNCERTAIN, CAPITALS, RARE_WORD, LONG_SENTENCE, HARD_TO_READ),
    *(LANGUAGE_MIXED, SHORTENER),
)
#: Every rule by its id, the most telling first: the order in which findings are shown.
RULES: Mapping[str, Rule] = {rule.id: rule for rule in _ALL}
