"""The agreed example texts: the situation in each kind's example file makes exactly the agreed words.

The texts are those the wording was agreed on, with the sender's own link. Two things differ by intent: Brisbane's question
number is one set aside for fiction, and the invented municipality is Kongsvinger here, with its own names of places.
"""

from datetime import datetime

import pytest

from broadcaster.domain.alert import Draft
from broadcaster.domain.profile import Profile
from broadcaster.store.rendering import Still
from tests.rendering import stage

LINK_EN = f"https://bcc.example/a/{stage.TOKEN}/"
LINK_NB = f"https://kongsvinger.example/a/{stage.TOKEN}/"
ELVDAL = {
    "Elvdal kommune": "Kongsvinger kommune",
    "Elvdal skole": "Roverud skole",
    "Nedre Moen": "Nedre Langeland",
    "NEDRE MOEN": "NEDRE LANGELAND",
    "Øvre Moen": "Øvre Langeland",
    "på Moen": "på Langeland",
    "MOELVA": "GLOMMA",
}

ENGLISH = {
    "flood-warning": "Brisbane City Council: FLOOD. Get ready to leave. The river will cover low streets in Rocklea and Oxley "
    "from 2 am Thu 13 Jan. Move cars and valuables up. Never drive through water. Danger: 000. Next update by 1 am.",
    "evacuation": "Brisbane City Council: LEAVE NOW. Flood reaches Rocklea below Sherwood Rd by 2 am Thu 13 Jan. Take "
    "Ipswich Rd north to RNA Showgrounds, open, pets welcome. Bring medicine, phone. Cannot leave? 000. Next update by 1 am.",
    "missing-person": "Brisbane City Council for Queensland Police: MISSING. Woman, 78, grey hair, blue coat, last seen "
    "Oxley Rd, Corinda, 9 pm Wed 12 Jan. Seen her? 131 444, danger 000. Do not search near water. Next update by 8 am.",
    "volunteer-call": "Brisbane City Council: VOLUNTEERS for sandbags. Newmarket depot, Thu 13 Jan, 6 am to 2 pm, 120 people "
    "over 16. Bring gloves, boots, hat, water. Sign up before you come, the page shows when it is full:",
    "health-warning": "Brisbane City Council: BOIL WATER in Rocklea and Oxley from 10.40 pm Wed 12 Jan until we text you. Boil "
    "tap water for drinking, food, teeth and baby formula. Showers are safe. Feel sick? 13 43 25 84. Next update by 8 am.",
    "service-change": "Brisbane City Council: SERVICES. No CityCat ferries or bin pick-up in Rocklea and Oxley from 8 pm Wed "
    "12 Jan, reviewed 6 am Fri 14 Jan. Schools there closed Thu. Keep bins inside. Questions: 07 7010 8888. Next update Thu "
    "6 am.",
    "rumour-correction": "Brisbane City Council, 9.15 pm Wed 12 Jan: The dam is stable, Seqwater checked at 9 pm. Posts saying "
    "it failed are wrong. Rocklea and Oxley: still get ready to leave. Please share this text. Next check by 11 pm.",
    "all-clear": "Brisbane City Council: ROCKLEA EVACUATION LIFTED from 9 am Sat 15 Jan. You may go home. STILL ON: boil water. "
    "Oxley stays closed. Have power checked before use. Photograph damage. Help: 07 7010 8888. Next update by 6 pm.",
    "holding": "Brisbane City Council: OXLEY CREEK IS RISING, 10.40 pm Wed 12 Jan. We do not know yet how far it will reach. "
    "Stay away from the creek and off wet roads. Keep your phone on. Danger to life: 000. Next update by 11.15 pm.",
    "stay-indoors": "Brisbane City Council: STAY INDOORS in Rocklea, from 10.40 pm Wed 12 Jan until we text you. Toxic smoke. "
    "Close windows and doors, turn off air conditioning. Outdoors? Enter the nearest house. Trouble breathing: 000. Next "
    "update by 11.15 pm.",
    "correction": "Brisbane City Council: CORRECTION to our text of 10.51 pm Wed 12 Jan. Sherwood: you do NOT need to leave. "
    "Rocklea: LEAVE NOW still applies. We are sorry for the mistake. Danger: 000. Next update by 11.30 pm.",
}
BOKMAAL = {
    "flood-warning": "Elvdal kommune: FLOM. NVE: rødt nivå. Gjør deg klar til å dra. Elva når Strandveien og Nedre Moen fra "
    "kl. 02.00 torsdag 13. jan. Flytt bil og verdier høyt. Kjør aldri gjennom flomvann. Fare for liv: 112. Ny melding innen "
    "kl. 01.00.",
    "evacuation": "Elvdal kommune: FORLAT HUSET NÅ. Politiet evakuerer Nedre Moen. Flommen kommer innen kl. 02.00 torsdag 13. "
    "jan. Kjør Øvreveien til Elvdal skole, åpen, dyr kan være med. Ta med medisiner. Kommer du ikke ut? Ring 112. Ny melding "
    "kl. 01.00.",
    "missing-person": "Elvdal kommune for politiet: SAVNET. Kvinne (78), grått hår, blå kåpe, sist sett i Strandveien kl. 21.00 "
    "onsdag 12. jan. Har du sett henne? Ring 02800, ved fare 112. Ikke let langs elva. Ny melding innen kl. 08.00.",
    "volunteer-call": "Elvdal kommune: FRIVILLIGE til sandsekker. Driftsstasjonen, Moveien 4, torsdag 13. jan. kl. "
    "06.00-14.00. Vi trenger 120 over 16 år. Ta med hansker, støvler og drikke. Meld deg før du kommer, siden viser når det er "
    "fullt:",
    "health-warning": "Elvdal kommune: KOKEVARSEL for Nedre Moen fra kl. 22.40 onsdag 12. jan. til vi melder at vannet er "
    "trygt. La vann fosskoke før drikke, mat, tannpuss og morsmelkerstatning. Du kan dusje. Syk? Legevakt 116117. Ny melding "
    "innen kl. 08.00.",
    "service-change": "Elvdal kommune: ENDRET TILBUD torsdag 13. jan. Skole og barnehage på Moen er stengt. Buss 12 går ikke. "
    "Hjemmesykepleien kommer, men senere: ring 70 00 00 00 om ingen er kommet kl. 10.00. Ny melding torsdag kl. 18.00.",
    "rumour-correction": "Elvdal kommune, kl. 21.15 onsdag 12. jan.: Demningen er hel, kontrollert av eieren kl. 21.00. "
    "Meldinger om brudd stemmer ikke. Nedre Moen: Du skal fortsatt gjøre deg klar til å dra. Del gjerne denne. Ny kontroll "
    "innen kl. 23.00.",
    "all-clear": "Elvdal kommune: EVAKUERINGEN AV NEDRE MOEN ER OPPHEVET fra kl. 09.00 lørdag 15. jan. Du kan dra hjem. GJELDER "
    "FORTSATT: kokevarsel, Strandveien stengt. Få strømmen sjekket først. Hjelp: 70 00 00 00. Ny melding innen kl. 18.00.",
    "holding": "Elvdal kommune: MOELVA STIGER RASKT, kl. 22.40 onsdag 12. jan. Vi vet ennå ikke hvor langt vannet når. Hold deg "
    "unna elva. Ikke kjør der det står vann. Ha telefonen på. Fare for liv: 112. Ny melding innen kl. 23.15.",
    "stay-indoors": "Elvdal kommune: HOLD DEG INNE på Moen fra kl. 22.40 onsdag 12. jan. til vi melder noe annet. Farlig røyk. "
    "Lukk vinduer og dører, slå av ventilasjonen. Er du ute? Gå inn i nærmeste hus. Pustevansker: 113. Ny melding innen kl. "
    "23.15.",
    "correction": "Elvdal kommune: RETTELSE av melding kl. 22.51 onsdag 12. jan. Øvre Moen: Du skal IKKE dra. Nedre Moen: FORLAT "
    "HUSET NÅ gjelder fortsatt. Vi beklager feilen. Fare for liv: 112. Ny melding innen kl. 23.30.",
}

#: When the situation plays, where it is not 22:40 on the 12th.
MOMENTS = {"rumour-correction": (12, "21:15"), "all-clear": (15, "09:00"), "correction": (12, "23:06")}
#: What is in force meanwhile: instruction and where.
IN_FORCE = {
    "rumour-correction": ("prepare-to-leave", {"en": ("Rocklea", "Oxley"), "nb": ("Nedre Langeland",)}),
    "all-clear": ("boil-water", {}),
    "correction": ("evacuate", {"en": ("Rocklea",), "nb": ("Nedre Langeland",)}),
}


def situation(kind: str, profile: Profile) -> tuple[Draft, datetime, tuple[Still, ...]]:
    at = stage.wall(profile, *MOMENTS.get(kind, (12, "22:40")))
    draft = stage.example_at(kind, profile, at, **({"wrong_sent_at": None} if kind == "correction" else {}))
    still = (Still(*IN_FORCE[kind]),) if kind in IN_FORCE else ()  # type: ignore[arg-type]
    return draft, at, still


def test_every_kind_has_its_agreed_text_in_both_languages() -> None:
    assert set(ENGLISH) == set(BOKMAAL) == set(stage.kinds())


@pytest.mark.parametrize("kind", sorted(ENGLISH))
def test_the_english_example_says_what_was_agreed(kind: str) -> None:
    profile = stage.city("brisbane")
    draft, at, still = situation(kind, profile)
    message = stage.text(stage.shown(draft, profile, at, still_applies=still), "sms", "en")
    assert message.parts == (f"{ENGLISH[kind]} {LINK_EN}",)
    assert (message.units, message.encoding, message.notes) == ((2,), "GSM-7", ())


@pytest.mark.parametrize("kind", sorted(BOKMAAL))
def test_the_bokmaal_example_says_what_was_agreed(kind: str) -> None:
    profile = stage.city("kongsvinger")
    draft, at, still = situation(kind, profile)
    agreed = BOKMAAL[kind]
    for name, here in ELVDAL.items():
        agreed = agreed.replace(name, here)
    message = stage.text(stage.shown(draft, profile, at, still_applies=still), "sms", "nb")
    assert message.parts == (f"{agreed} {LINK_NB}",)
    assert (message.units, message.encoding, message.notes) == ((2,), "GSM-7", ())


@pytest.mark.parametrize("name", stage.CITIES)
@pytest.mark.parametrize("kind", sorted(ENGLISH))
def test_as_an_exercise_each_example_still_fits_two_segments_and_bears_both_marks(kind: str, name: str) -> None:
    profile = stage.city(name)
    draft, at, still = situation(kind, profile)
    made = stage.shown(stage.exercise(draft), profile, at, still_applies=still)
    language = stage.kinds()[kind].languages[profile.fallback]
    message = stage.text(made, "sms", profile.fallback)
    assert message.units == (2,)
    assert message.parts[0].startswith(f"{language.exercise_first} {profile.sender[profile.fallback]}")
    assert message.parts[0].endswith(f" {language.exercise_last} {message.link}")
