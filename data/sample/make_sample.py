"""Write the sample data set: python data/sample/make_sample.py [FOLDER]

Pairs of short made-up sentences. Label 1: the value says the same as the query, with synonyms and in another order.
Label 0: the value says something else, although it shares more words with the query than most paraphrases do.
The same seed writes the same bytes. Without FOLDER the files are written next to this script.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from pathlib import Path

SEED = 1
PAIRS = {"train": 4000, "dev": 500, "test": 500}

# How often a synonym replaces a word. Pairs with label 0 share more words, although two others are replaced as well.
SWAP_IF_SAME, SWAP_IF_DIFFERENT = 0.8, 0.12

# The words for each kind of slot: groups of synonyms, separated by commas. No word is in two groups.
KINDS = {
    "person": """
        doctor physician medic, lawyer attorney, teacher instructor, child kid, thief robber, boss manager,
        soldier warrior, sailor mariner, chef cook, farmer, nurse, judge, baker, painter, clown, pilot, barber,
        queen, wizard, poet
    """,
    "animal": """
        dog hound, cat feline, rabbit bunny, horse steed, pig hog, snake serpent, mouse rodent, lion, tiger,
        elephant, fox, wolf, bear, goat, camel, zebra
    """,
    "thing": """
        car automobile, boat ship, plane aircraft, truck lorry, sofa couch, rug carpet, box crate, coat jacket,
        bag sack, phone telephone, piano, guitar, ladder, hammer, mirror, tent, drum, umbrella, candle, pillow,
        kite
    """,
    "text": """
        book volume, letter note, story tale, song tune, report essay, poem, recipe, map, diary, riddle,
        contract
    """,
    "food": """
        meal dinner supper, soup broth, biscuit cookie, sweet candy, pizza, salad, pancake, banana, omelette,
        melon, sausage
    """,
    "meet": """
        helped assisted, greeted welcomed, warned alerted, hated detested, hired employed, thanked, invited,
        paid, insulted, photographed
    """,
    "hunt": """
        chased pursued, watched observed, scared frightened, found discovered located, licked, avoided, fought,
        touched
    """,
    "handle": """
        bought purchased acquired, repaired fixed mended, cleaned washed, destroyed wrecked, built constructed,
        moved transported, painted, borrowed, sold, measured, kicked
    """,
    "write": """
        described explained, finished completed, praised applauded, started commenced, copied, translated,
        memorized, printed
    """,
    "cook": """
        cooked prepared, devoured gobbled, tasted sampled, burned, shared, served, refused
    """,
    "manner": """
        quickly rapidly swiftly, quietly silently, gladly happily, often frequently, carefully cautiously,
        slowly, twice, loudly, clumsily, secretly
    """,
    "living": """
        happy cheerful joyful, sad unhappy, angry furious, clever smart, brave courageous, tired weary, hungry
        starving, young, tall, blind, lonely, lazy, shy, polite
    """,
    "object": """
        big large huge, small little tiny, old ancient, new modern, expensive costly, strange odd weird, awful
        terrible, lovely beautiful, red, green, blue, white, yellow, round, cold, heavy
    """,
    "in": """
        garden yard, house home, forest woodland, shop store, school academy, prison jail, cave cavern, kitchen,
        tunnel, barn, desert, theatre, attic, museum
    """,
    "near": """
        road street lane, hill mountain, river stream, beach shore, church chapel, castle fortress, bridge,
        lake, farm, waterfall, station, lighthouse, fountain
    """,
}
EMPHASIS = ("really", "actually", "indeed", "truly")

# The kinds of subject, verb and object, and of the adjectives before subject and object.
FRAMES = (
    ("animal", "hunt", "animal", "living", "living"),
    ("person", "meet", "person", "living", "living"),
    ("person", "handle", "thing", "living", "object"),
    ("person", "write", "text", "living", "object"),
    ("person", "cook", "food", "living", "object"),
)

GROUPS = {kind: [group.split() for group in groups.split(",")] for kind, groups in KINDS.items()}
GROUP_OF = {word: group for groups in GROUPS.values() for group in groups for word in group}
KIND_OF = {word: kind for kind, groups in GROUPS.items() for group in groups for word in group}

Meaning = dict[str, str]  # slot: word


def invent(rng: random.Random) -> Meaning:
    """A random statement; adjectives, manner and place are sometimes left out."""
    subject, verb, thing, subject_adjective, object_adjective = rng.choices(
        FRAMES, [len(GROUPS[frame[2]]) for frame in FRAMES]
    )[0]
    slots = {"subject": subject, "verb": verb, "object": thing}
    if rng.random() < 0.35:
        slots["subject adjective"] = subject_adjective
    if rng.random() < 0.35:
        slots["object adjective"] = object_adjective
    if rng.random() < 0.25:
        slots["manner"] = "manner"
    if rng.random() < 0.6:
        slots["place"] = rng.choice(("in", "near"))
    return {slot: rng.choice([w for g in GROUPS[kind] for w in g]) for slot, kind in slots.items()}


def restate(rng: random.Random, meaning: Meaning, swap: float) -> Meaning:
    """The same statement, each word replaced by a synonym with probability `swap`."""
    return {
        slot: rng.choice([other for other in GROUP_OF[word] if other != word] or [word])
        if rng.random() < swap
        else word
        for slot, word in meaning.items()
    }


def distort(rng: random.Random, meaning: Meaning) -> Meaning:
    """Another statement: two words replaced by words of the same kind that mean something else."""
    distorted = dict(meaning)
    for slot in rng.sample(sorted(meaning), 2):
        word = meaning[slot]
        # Every word is equally likely, as in `invent`; otherwise the value alone would give the label away.
        distorted[slot] = rng.choice([w for group in GROUPS[KIND_OF[word]] if word not in group for w in group])
    return distorted


def phrase(rng: random.Random, meaning: Meaning) -> list[str]:
    """A sentence for the statement: active or passive, the place last or first, perhaps with emphasis."""
    subject = noun_phrase("the", meaning.get("subject adjective"), meaning["subject"])
    thing = noun_phrase("a", meaning.get("object adjective"), meaning["object"])
    emphasis = [rng.choice(EMPHASIS)] if rng.random() < 0.15 else []
    action = emphasis + ([meaning["manner"]] if "manner" in meaning else []) + [meaning["verb"]]
    passive = rng.random() < 0.3
    clause = [*thing, "was", *action, "by", *subject] if passive else [*subject, *action, *thing]
    if "place" not in meaning:
        return clause
    place = [KIND_OF[meaning["place"]], "the", meaning["place"]]
    return place + clause if rng.random() < 0.3 else clause + place


def noun_phrase(article: str, adjective: str | None, noun: str) -> list[str]:
    words = [adjective, noun] if adjective else [noun]
    if article == "a" and words[0][0] in "aeiou":
        article = "an"
    return [article, *words]


def make_pair(rng: random.Random, label: int) -> tuple[list[str], list[str]]:
    meaning = invent(rng)
    if label == 1:
        said = restate(rng, meaning, SWAP_IF_SAME)
    else:
        said = distort(rng, restate(rng, meaning, SWAP_IF_DIFFERENT))
    return phrase(rng, meaning), phrase(rng, said)


def write_lines(path: Path, lines: Sequence[str]) -> None:
    path.write_bytes("".join(line + "\n" for line in lines).encode())


def make(folder: Path) -> None:
    """Write the vocabulary and all splits. No sentence occurs twice in all splits together."""
    rng = random.Random(SEED)
    words = sorted({*GROUP_OF, *EMPHASIS, "a", "an", "the", "was", "by", "in", "near"})
    vocabulary = ["<pad>", "<unk>", *words]
    id_of = {word: str(number) for number, word in enumerate(vocabulary)}
    write_lines(folder / "vocab.txt", vocabulary)
    seen: set[str] = set()
    for split, size in PAIRS.items():
        labels = [0, 1] * (size // 2)
        rng.shuffle(labels)
        queries, values = [], []
        for label in labels:
            query = value = ""
            while query == value or query in seen or value in seen:
                query, value = (" ".join(id_of[word] for word in text) for text in make_pair(rng, label))
            seen.update((query, value))
            queries.append(query)
            values.append(value)
        write_lines(folder / f"{split}.query.txt", queries)
        write_lines(folder / f"{split}.value.txt", values)
        write_lines(folder / f"{split}.label.txt", [str(label) for label in labels])


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
