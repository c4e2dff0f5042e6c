"""Bokmål as the warning check knows it, with the words of Norwegian emergency services."""

import re

from broadcaster.domain.lint.lexicon import Lexicon, phrases, words

_CLOCK = r"(?P<h>[01]?\d|2[0-4])(?:[.:](?P<m>[0-5]\d))?"
_MONTHS = r"(?:jan|febr?|mars?|apr|mai|juni?|juli?|aug|sept?|okt|nov|des)"

BOKMAAL = Lexicon(
    code="nb",
    named={"en": "Norwegian", "nb": "norsk"},
    senders=phrases(
        "kommune, kommunen, sysselmester*, redningsetat*, brann- og redningsetat, vann- og avløpsetaten, "
        "politi, politiet, politidistrikt, brannvesen, brannvesenet, brann og redning, nve, meteorologisk "
        "institutt, statsforvalteren, fylkeskommune, fylkesmannen, sivilforsvaret, vegvesen, vegvesenet, "
        "mattilsynet, helsedirektoratet, fhi, folkehelseinstituttet, dsb, kommuneoverlegen, vannverket, "
        "kriseledelsen, hovedredningssentralen, havforskningsinstituttet, varsom, direktoratet, sykehuset, "
        "universitetet, regjeringen, nødetatene, redningstjenesten, kystverket, bane nor, kraftselskapet, "
        "nettselskapet, interkommunale, dameieren"
    ),
    hazards=phrases(
        "flom*, går over, strømmen er borte, vannet stiger, stiger, brann*, skogbrann*, røyk*, storm*, uvær*, "
        "orkan*, ras*, skred*, jordskred*, steinsprang*, kvikkleire*, snøskred*, tsunami*, jordskjelv*, "
        "hete*, hetebølge*, kulde*, snø*, vind*, hagl*, lyn*, torden*, styrtregn*, regn*, stormflo*, "
        "springflo*, gass*, kjemikalie*, ammoniakk*, klor*, lekkasje*, utslipp*, giftig*, farlig*, "
        "eksplosjon*, eksplodere*, bombe*, skyting*, bevæpnet*, angrep*, forurens*, kokevarsel*, koke vann*, "
        "kok vann*, utrygt*, ikke trygt, bakterie*, smitte*, virus*, dam, dammen, demning*, elva, elven, "
        "bekken, brudd*, strømbrudd*, strømstans*, uten strøm, savnet, savnes, evakuer*, fare, fare for, "
        "stengt, stenges, ikke drikk, stråling*, avsporing*, ulykke*, kloakk*, isgang*, vannbrudd*, "
        "ledningsbrudd*, is på, glatt*"
    ),
    near=re.compile(
        r"\b(?i:i|på|ved|nær|under|over|rundt|langs|mellom|fra|til|av|for|innenfor|nedenfor|ovenfor|nedstrøms|vest for|øst for"
        r"|nord for|sør for|gjennom|når|mot|hos|forlat|evakuer)\s+[A-ZÆØÅ][\wæøå'’-]+"
        r"|\b(?!(?i:vannet|elva|elven|bekken|vann|den|det)\b)[A-ZÆØÅ][\wæøåÆØÅ'’-]+\s+(?i:stiger|flommer|går over|har gått over)"
    ),
    streets=re.compile(
        r"\b[A-ZÆØÅ][\wæøå-]*(?:veien|vegen|vei|gata|gaten|gate|elva|elven|åa|bekken|dalen|bygda|brua|bru|moen|vika|sida|neset|øya|haugen"
        r"|lia|berget|fjorden|vannet|skogen|torget|sentrum)\b"
    ),
    imperatives=phrases(
        "forlat, gå, hold, flytt, kok, lukk, steng, slå, skru, unngå, ikke, aldri, ring, ta, bring, gjør, "
        "sjekk, søk, evakuer, bli, løp, kjør, vent, følg, les, si, hjelp, del, drikk, bruk, kast, vask, meld, "
        "klatre, åpne, lås, pakk, legg, ha, la, få, kom, møt, spør, reis, stopp, begrens, spar, lad, fyll, "
        "besøk, se, finn, fotografer, vær, let, hent, dra, varsle, send, registrer, koble, fest, sikre, rydd, "
        "flykt, dekk, pust, lytt, skriv, vennligst, husk, tøm, skyll"
    ),
    told=phrases(
        "du må, du skal, du bør, du kan, dere må, vi ber deg, vi ber dere, vi ber alle, alle må, alle bør, "
        "beboere må, beboere bør, folk må, folk bør, vennligst, innbyggere må, trenger ikke, bes om å, bes, "
        "oppfordres til, gjerne"
    ),
    clock=(
        re.compile(
            rf"\bkl\.?\s?{_CLOCK}\s?(?:-|–|til|og)\s?(?:kl\.?\s?)?(?P<h2>[01]?\d|2[0-4])(?:[.:](?P<m2>[0-5]\d))?\b(?!\s*\.?\s*{_MONTHS})",
            re.IGNORECASE,
        ),
        re.compile(rf"\b(?:kl\.?|klokka|klokken)\s?{_CLOCK}\b", re.IGNORECASE),
        re.compile(
            r"\b(?P<h>[01]\d|2[0-3])[.:](?P<m>[0-5]\d)\s?(?:-|–|til)\s?(?P<h2>[01]\d|2[0-4])[.:](?P<m2>[0-5]\d)\b"
        ),
        re.compile(r"\b(?P<h>[01]?\d|2[0-3]):(?P<m>[0-5]\d)\b"),
    ),
    noon={"midnatt": 0},
    days=re.compile(
        rf"\b(?:man|tirs|ons|tors|fre|lør|søn)(?:dag(?:en|ens|s)?\b|\.)|\b\d{{1,2}}\.\s?{_MONTHS}\w*|\b\d{{1,2}}\.\d{{1,2}}\.(?:\d{{2,4}})?"
        r"|\b\d{4}-\d{2}-\d{2}\b",
        re.IGNORECASE,
    ),
    weekdays=tuple(
        re.compile(rf"\b{each}dag(?:en|ens|s)?\b", re.IGNORECASE)
        for each in ("man", "tirs", "ons", "tors", "fre", "lør", "søn")
    ),
    zones=phrases("norsk tid, cet, cest, utc, lokal tid"),
    until=phrases(
        "til vi, inntil videre, inntil vi, til du får, til annen beskjed, til politiet, nå, straks, "
        "umiddelbart, med en gang, øyeblikkelig, inntil annen beskjed"
    ),
    relative=phrases(
        "i natt, i kveld, i dag, i morgen, i ettermiddag, i formiddag, i morges, i går, i overmorgen, snart, "
        "snarest, snarest mulig, så snart som mulig, om kort tid, innen kort tid, senere i dag, utover "
        "kvelden, utover dagen, utover natten, de neste timene, de nærmeste timene, i løpet av dagen, i løpet "
        "av kvelden, i løpet av natten, i nær framtid, i nær fremtid, neste uke, de neste dagene, de nærmeste "
        "dagene, per nå, fortløpende, om litt, i helgen"
    ),
    uncertain=phrases(
        "kanskje, muligens, trolig, antakelig, antagelig, sannsynligvis, visstnok, angivelig, eventuelt, det "
        "antas, antas å, det kan se ut, ser ut til, synes å, tilsynelatende, kan komme til å, kan ikke "
        "utelukkes, det kan ikke utelukkes, hvis mulig, om mulig, bør vurdere, vurder å, vurdere å, "
        "ubekreftet, ubekreftede, det oppfordres, det anbefales, anbefales å, kan muligens, mulig at, en viss "
        "fare, cirka, om lag, skal visst"
    ),
    uncertain_not=re.compile(r"(?!)"),
    blanks=phrases(
        "sett inn, sted, tid, tidspunkt, dato, navn, nummer, gate, vei, fare, hendelse, avsender, telefon, "
        "lenke, xx*, fyll inn, fyll ut, klokkeslett, tiltak, gatenavn, stedsnavn"
    ),
    jargon=phrases(
        "iverksett*, iverksatt*, ferdsel, vassdrag*, umiddelbart, kokepåbud*, avblåst, innendørs opphold, "
        "evakueres, avstedkomme*, tilveiebring*, foreligg*, vedrørende, angående, hensynta*, ivareta*, "
        "besørge*, påkrevd, påkrevet, tilstrebe*, anmodes, anmode*, implementer*, konsekvensreduserende, "
        "hydrologisk*, nedbørsmengde*, inundasjon, evakuert*, mobiliser*, situasjonsbilde*, innsatspersonell, "
        "berørte parter, herunder, jamfør, kontaminer*, kontaminasjon, konsumer*, avkjøl*, tilføre, i henhold "
        "til, i tilfelle av"
    ),
    commands={
        "evacuate": phrases(
            "forlat huset nå, forlat området nå, forlat boligen nå, dra nå, evakuer nå, kom deg ut nå, forlat "
            "huset straks"
        ),
        "move-up": phrases("øverste etasje, andre etasje, gå høyere, høyereliggende, for sent å dra"),
        "stay-indoors": phrases(
            "hold deg inne, hold dere inne, bli inne, hold deg innendørs, hold dere innendørs, gå inn"
        ),
        "prepare-to-leave": phrases(
            "gjør deg klar til å dra, gjør dere klare til å dra, klar til å dra, forbered deg på å dra"
        ),
        "stay-informed": phrases("følg med, hold deg oppdatert, hold deg orientert"),
        "go-home": phrases("du kan dra hjem, dere kan dra hjem, trygt å dra hjem, kan vende hjem, kan flytte hjem"),
    },
    not_told=re.compile(
        r"\b(?:ikke|aldri|ikke lenger|trenger ikke|før|hvis|når|eller|opphevet|skal ikke|er du ute\?)\s+(?:å\s+|lenger\s+)?$"
        r"|\b(?:sov i|sov på|i|fra)\s+$",
        re.IGNORECASE,
    ),
    levels={
        "yellow": phrases("gult nivå, gult farevarsel, gult varsel, nivå gult"),
        "orange": phrases("oransje nivå, oransje farevarsel, oransje varsel, nivå oransje"),
        "red": phrases("rødt nivå, rødt farevarsel, rødt varsel, nivå rødt"),
    },
    changed=phrases(
        "nytt, ny, nye, nå, ikke lenger, endret, endring, endringer, oppdatering, oppdatert, rettelse, "
        "opphevet, avlyst, gjenåpnet, åpnet, nedgradert, oppgradert, forlenget, isteden, i stedet, flyttet, "
        "siden, erstatter, flere, færre, også, fortsatt, over, ingen endring, feil"
    ),
    abbreviations=words("kl nr ca tlf f.eks bl.a osv mv st jf pga dvs evt"),
    stopwords=words(
        "her by to is an all so no me see over under men "
        "og i det på som er en til av for at med de ikke han den har jeg om et men så seg hun hvis hva fra du "
        "vi kan skal vil ble eller også ut når være deg dere oss alle etter over under mot ved nå bare være "
        "må blir sin noe noen hvor hvem mer inn opp før mellom hos denne dette disse til å hele andre "
        "fortsatt ennå din ditt dine vårt våre vår bør ikke gå"
    ),
    ordinary=words(
        "kokevarsel fosskoke fosskok koke kok tannpuss morsmelkerstatning flomvann flomvannet sandsekk "
        "sandsekker forlat evakueringssenter elva bekken skadested redningsvest drivstoff opphevet åpen åpent "
        "legevakt legevakta brannvesen brannvesenet kommuneoverlege kommuneoverlegen statsforvalteren varsel "
        "farevarsel flomvarsel skred jordskred kvikkleire steinsprang innsatsleder pårørende pårørendetelefon "
        "dialyse psykososial psykososialt kåpe kanne samlingssted møteplass ventilasjon ventilasjonen røyk "
        "røyken brua gata hytta jorda kjellere kjelleren strømmen førstehjelp utrygt stengt stengte ferge "
        "ferga buss barnehage hjemmesykepleien hjemmesykepleie badeplass badeplasser pustevansker"
    ),
    endings=("ens", "ene", "enes", "en", "et", "ets", "er", "ers", "a", "e", "es", "s", "t", "te", "ende", "r"),
)
