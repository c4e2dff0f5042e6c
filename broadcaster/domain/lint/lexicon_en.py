"""English as the warning check knows it: Australian and British use, with the field's own words."""

import re

from broadcaster.domain.lint.lexicon import Lexicon, phrases, words

_HALF = r"(?P<half>[ap])\.?m\b\.?"
_END = r"(?P<h2>\d{1,2})(?:[.:](?P<m2>[0-5]\d))?\s?(?P<half2>[ap])\.?m\b\.?"
_RANGE = r"\b(?P<h>\d{1,2})(?:[.:](?P<m>[0-5]\d))?\s?(?:(?P<half>[ap])\.?m\b\.?)?\s?(?:-|–|to|and|until|till)\s?" + _END

ENGLISH = Lexicon(
    code="en",
    named={"en": "English", "nb": "engelsk"},
    senders=phrases(
        "council, municipality, police, government, authority, authorities, fire service, fire rescue, fire "
        "brigade, fire department, fire and rescue, rural fire service, state emergency service, ses, bureau "
        "of meteorology, weather service, department, ministry, health district, queensland health, seqwater, "
        "civil defence, emergency management, emergency services, county, city of *, public health, "
        "environment agency, met office, coastguard, coast guard, hospital, university, water utility, "
        "waterworks, rescue service, utilities"
    ),
    hazards=phrases(
        "flood*, inundat*, missile*, water may rise, rises, fire, fires, bushfire*, grassfire*, wildfire*, "
        "smoke, storm*, cyclone*, hurricane*, tornado*, landslide*, mudslide*, avalanche*, rockfall*, "
        "tsunami*, earthquake*, heat, heatwave*, cold, snow*, wind, winds, gale*, hail, lightning, "
        "thunderstorm*, rain, surge, gas, chemical*, ammonia, chlorine, leak, spill, toxic, explosion*, "
        "explode*, blast, bomb, shooting, attack*, armed, contaminat*, boil water, unsafe, not safe, dirty, "
        "bacteria, e coli, e. coli, outbreak, virus, measles, poison*, dam, levee, river, creek, water is "
        "rising, is rising, rising water, collapse*, burst, power cut*, power outage*, blackout, without "
        "power, no power, missing, evacuation, dust, ash, danger, dangerous, closed, out of service, do not "
        "drink, radiation, derail*, crash*, shark*, sewage, algae"
    ),
    near=re.compile(
        r"\b(?:(?i:in|at|near|over|below|above|around|along|between|of|from|to|on|for|within|across|off|through|downstream of"
        r"|upstream of|west of|east of|north of|south of)|[Ll]eave|[Ee]vacuate|reach|reaches|cover|covers)\s+(?:the\s+)?"
        r"(?!(?:\d|Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b"
        r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)[A-ZÆØÅ][\w'’-]+"
        r"|\b(?!(?:The|River|Water|Creek|It)\b|RIVER|WATER|CREEK)[A-ZÆØÅ][\w'’-]+\s+(?i:is rising|is flooding|has burst|burst its)"
        r"|\b[A-ZÆØÅ]{3,} EVACUATION\b"
    ),
    streets=re.compile(
        r"\b[A-ZÆØÅ][\w'’-]+\s+(?:Street|St|Road|Rd|Avenue|Ave|Drive|Dr|Lane|Terrace|Tce|Highway|Hwy|Parade|Creek|River|Bridge"
        r"|Island|Valley|Bay|Beach|Park|Station|Harbour|Hill|Heights)\b|\b[A-Z]\w+, [A-Z]\w+ and [A-Z]\w+"
    ),
    imperatives=phrases(
        "leave, go, stay, move, boil, close, shut, turn, switch, avoid, do not, don't, never, call, ring, "
        "text, take, bring, prepare, get, keep, check, seek, evacuate, shelter, drop, cover, hold, run, walk, "
        "drive, wait, watch, listen, follow, read, tell, help, share, drink, use, throw, wash, wear, cool, "
        "remain, climb, enter, open, lock, pack, put, report, register, sign up, dial, photograph, have, "
        "visit, look, find, store, fill, charge, act, be ready, be careful, please, heed, come, meet, ask, "
        "return, travel, stop, start, make, reduce, save, limit, conserve, monitor"
    ),
    told=phrases(
        "you must, you should, you need to, please, residents must, residents should, everyone must, everyone "
        "should, we ask you to, we ask everyone, we ask all, we urge you to, people should, people must, you "
        "may, you can, you do not need to, you are asked to, are urged to, are advised to, are asked to"
    ),
    clock=(
        re.compile(_RANGE, re.IGNORECASE),
        re.compile(rf"\b(?P<h>\d{{1,2}})(?:[.:](?P<m>[0-5]\d))?\s?{_HALF}", re.IGNORECASE),
        re.compile(r"\b(?P<h>[01]?\d|2[0-3]):(?P<m>[0-5]\d)\b(?!\s?[ap]\.?m)"),
        re.compile(r"\b(?P<h>[01]\d|2[0-3])(?P<m>[0-5]\d)\s?(?:hrs|hours)\b", re.IGNORECASE),
    ),
    noon={"noon": 720, "midday": 720, "midnight": 0},
    days=re.compile(
        r"\b(?:mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun)(?:\.|\b)(?!\s+to\s+them)|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b"
        r"|\b\d{1,2}(?:st|nd|rd|th)?\s+(?:of\s+)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*"
        r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*\.?\s+\d{1,2}\b|\b\d{4}-\d{2}-\d{2}\b"
        r"|\b\d{1,2}/\d{1,2}(?:/\d{2,4})?\b",
        re.IGNORECASE,
    ),
    weekdays=tuple(
        re.compile(rf"\b(?:{each})\b", re.IGNORECASE)
        for each in (
            "mon|monday",
            "tues?|tuesday",
            "wed|wednesday",
            "thur?s?|thursday",
            "fri|friday",
            "sat|saturday",
            "sun|sunday",
        )
    ),
    zones=phrases("aest, aedt, acst, awst, gmt, bst, utc, cet, cest, local time"),
    until=phrases(
        "until we, until further notice, until you hear, until told, until we text you, until officials, now, "
        "at once, immediately, until it is safe, until advised, until authorities"
    ),
    relative=phrases(
        "soon, shortly, tonight, this evening, this morning, this afternoon, later today, today, tomorrow, "
        "yesterday, in the next few hours, in a few hours, within hours, in the coming hours, in the coming "
        "days, over the next few days, overnight, in due course, as soon as possible, asap, momentarily, "
        "later on, at this time, in the near future, within the hour, next week, last night"
    ),
    uncertain=phrases(
        "may, might, could, possibly, perhaps, maybe, probably, presumably, apparently, seems, seemingly, "
        "appears to, appear to, it is believed, it is thought, is believed to, is thought to, potentially, "
        "allegedly, consider, you may wish to, you may want to, if possible, unconfirmed, there is a chance, "
        "cannot be ruled out, some risk of, or so, approximately, roughly, more or less"
    ),
    uncertain_not=re.compile(
        r"\b(?:you|they|residents|people)\s+(?:may|could)\s+(?!wish|want)\w+|\b(?:may|could) not\b|\b\d{1,2}\s+may\b|\bmay\s+\d{1,2}\b"
        r"|\bmay be (?:confused|lost|left|brought|used)\b|\bif you could\b|\bwho may\b",
        re.IGNORECASE,
    ),
    blanks=phrases(
        "insert, place, time, date, name, location, number, suburb, street, hazard, sender, agency, phone, "
        "link, url, xx*, to be confirmed, fill in, tbc, tbd, todo, streets, place names, phone number"
    ),
    jargon=phrases(
        "inundation, inundated, precautionary, vicinity, egress, ingress, commence*, utilise*, utilize*, "
        "adverse, mitigate*, mitigation, riverine, watercourse*, hydrological, meteorological conditions, "
        "personnel, premises, non-potable, potable, turbidity, ordnance, perimeter, cordon, deploy*, assets, "
        "stakeholder*, pluvial, fluvial, exceedance, cessation, prior to, in the event of, ensure, endeavour, "
        "advise that, pursuant to, aforementioned, thereof, precipitation, anticipate*, facilitate*, "
        "implement*, sheltering-in-place"
    ),
    commands={
        "evacuate": phrases(
            "leave now, leave at once, leave immediately, evacuate now, evacuate immediately, you must leave"
        ),
        "move-up": phrases("top floor, upper floor, move to higher ground, go to higher ground, too late to leave"),
        "stay-indoors": phrases(
            "stay indoors, stay inside, shelter in place, shelter indoors, take shelter indoors, remain indoors"
        ),
        "prepare-to-leave": phrases(
            "get ready to leave, prepare to leave, be ready to leave, prepare to evacuate, ready to go"
        ),
        "stay-informed": phrases("stay informed, monitor conditions, keep informed, keep up to date"),
        "go-home": phrases("you may go home, you can go home, you may return, safe to return, you can return"),
    },
    not_told=re.compile(
        r"\b(?:not|never|no longer|n't|need to|has been|lifted|before|until|if|when|or)\s+"
        r"(?:need to\s+|have to\s+|yet\s+|be\s+|told to\s+)?$"
        r"|\b(?:where|sleep on an?|sleep on the|on an?|who)\s+$",
        re.IGNORECASE,
    ),
    levels={
        "yellow": phrases("yellow level, yellow warning, yellow alert, level yellow"),
        "orange": phrases("orange level, orange warning, orange alert, amber warning, level orange"),
        "red": phrases("red level, red warning, red alert, level red"),
    },
    changed=phrases(
        "update, updated, new, now, no longer, changed, changes, change, correction, lifted, cancelled, "
        "reopened, downgraded, upgraded, extended, instead, as of, moved, since, replaces, more, fewer, also, "
        "still, ended, no change, wrong, over"
    ),
    abbreviations=words("st rd ave dr mr mrs ms no approx e.g i.e etc vs a.m p.m mt"),
    stopwords=words(
        "over under men the and of to is in it you that for on are with as be this have from or one had by not but what all "
        "were we when your can there an each which do their if will up other about out many then them these "
        "so some her would make him has look two more go see no way could people my than been who now did get "
        "through until before after at a any our they below above near do don't here because"
    ),
    ordinary=words(
        "sandbag sandbags bushfire floodwater floodwaters showground showgrounds valuables boil evacuate "
        "evacuation kindergarten wheelchair livestock upstairs downstairs indoors outdoors landline text "
        "texts mobile hashtag website webpage postcode creek bayside culvert thunderstorm cyclone tsunami "
        "landslide outage outages gumboots torch triple carpark pick-up drop-off tap showers aftershock "
        "aftershocks bacteria medications wildfire grassfire hailstones whiteout smoulder smouldering ember "
        "embers dampen gutters"
    ),
    endings=("'s", "’s", "s", "es", "ed", "d", "ing", "er", "ers", "ly"),
)
