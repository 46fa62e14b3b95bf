"""Sentences made by a small grammar, and misspelt ones: what reviews and tweets show too seldom for a small model to learn.

python3 augment.py     -> runs/augmented.pt: sources "grammar", "lexicon", "typos", "written" and "crowd" (written.py); prints a few

The grammar says what negation, contrast, time, other people's opinions, questions one answers oneself, intensity, emoticons and
plain statements of fact do to an opinion. The lexicon's words, most of which the labelled texts show once or never, stand alone or
beside a statement of fact. Words of opinion: adjectives of VADER's lexicon (those that the labelled texts put
behind "very", "so", "really"), and lists written here.
"""
import collections
import random

import torch

import corpus
import data
import leakage
import tokenization
import written
from journal import log

COUNT = 60000
EACH = 16  # sentences of a written pattern, at most
FILE = corpus.MORE
NEGATIVE, NEUTRAL, POSITIVE = data.NEGATIVE, data.NEUTRAL, data.POSITIVE

THINGS = """movie film story plot acting cast ending soundtrack book novel author chapter cover album song band concert game
phone battery screen camera laptop keyboard charger case cable speaker headset software update app website service staff
waiter manager food pizza coffee breakfast menu place restaurant bar hotel room bathroom bed location view price delivery
package seller company product quality design fabric jacket dress shoes mattress chair lamp printer router car engine seat
trip tour guide museum lesson teacher course lecture class doctor clinic neighbourhood park weather show episode series
performance director script dialogue music sound picture meal dessert salad soup steak beer wine cake support order
experience visit atmosphere crew flight train bus driver ride ticket queue""".split()
PLURAL = {"shoes"}
PEOPLE = ["my friend", "my sister", "my brother", "my wife", "my husband", "my boss", "everyone", "the critics", "other people",
          "some reviewers", "my neighbour", "most people", "a colleague", "my mother", "my dad", "the press", "they"]
FACTS = """red blue green black white grey square round wooden metal plastic digital electric local national international
american english french italian japanese german public private commercial monthly weekly annual daily new old young recent
next previous first second third large small short long narrow wide upper lower northern southern wireless portable
spanish indian brown yellow open closed official""".split()
LIKE = ["like", "love", "enjoy", "adore", "appreciate", "admire", "recommend"]
LIKED = ["liked", "loved", "enjoyed", "adored", "appreciated", "admired"]
HATE = ["hate", "dislike", "regret", "despise", "loathe", "resent"]
HATED = ["hated", "disliked", "regretted", "despised", "loathed", "dreaded"]
SEE = ["see", "use", "have", "own", "find", "know", "watch", "bring", "take", "need", "remember"]
SAW = ["saw", "used", "had", "found", "brought", "took", "noticed", "got", "tried", "ordered", "bought", "opened", "moved"]
STRONG = ["very", "really", "so", "extremely", "incredibly", "absolutely", "truly", "quite", "pretty", "totally", "just"]
NOT = ["not", "never", "hardly", "in no way", "not at all", "far from", "anything but", "not really", "not particularly",
       "not exactly", "by no means"]
GLAD = ["😊", "😍", "👍", "❤️", "😀", "😁", "🎉", "💕", ":)", ":-)", ":D", "<3", "😂 ❤️", "👏"]
SAD = ["😡", "👎", "😠", "😢", "😞", "💔", ":(", ":-(", "😒", "🤮", "😭 😡", "🙄", ">:("]
TIMES = ["yesterday", "on Monday", "last week", "at noon", "in the morning", "this afternoon", "twice a week", "in May",
         "at the station", "on the table", "near the entrance", "in the second row", "from the office", "for work"]


def adjectives(texts):
    """{NEGATIVE: [...], POSITIVE: [...]} of the lexicon's words that people use as adjectives."""
    after = collections.Counter()
    for text in texts:
        words = tokenization.words(text)
        after.update(b for a, b in zip(words, words[1:]) if a in ("very", "really", "so", "extremely"))
    out = {NEGATIVE: [], POSITIVE: []}
    for row in data.rows(data.SHARED / "lexicon" / "vader_lexicon.tsv.xz"):
        values = list(row.values())
        word, valence = values[0], float(values[1])
        if abs(valence) >= 1.3 and after[word] >= 3 and word.isalpha():
            if not word.endswith(("ly", "s")) and word not in OTHERWISE:
                out[POSITIVE if valence > 0 else NEGATIVE].append((word, after[word]))
    return {k: [w for w, _ in sorted(v, key=lambda x: -x[1])] + ALSO[k] for k, v in out.items()}


# In the lexicon for a sense that "the plot is so ..." does not have, or no adjectives.
OTHERWISE = set("""like hard bad-ass crazy wicked damn love hate sick mad sorry well please thanks dumb fun cut win help want
serious interested care loved loving liked hope much true sure safe hurt miss lost drunk dirty agree enjoy lucky hated proud
blessed thankful grateful honored excited tired hungry jealous ashamed guilty confident concerned worried scared afraid upset
angry pissed lonely depressed stressed anxious nervous embarrassed confused frustrated annoyed bored pleased satisfied glad
happy sad disappointed worth hell ass fuck fucking fucked shit lol heartbroken hopeful curious eager relieved desperate
trust trusted rich dead dark kind easy strong important challenging emotional intense suspicious
dislike disturbed freaking sucked bloody loose shocked skeptical bothered selfish anti critical suck disgusted crap evil screwed
broke effin regret tense troubled appalled damned disillusioned exhausted forced needy racist vain violent insecure unstable
enjoyed impressed wish appreciate hoping perfectly cared huge ready recommend determined heart won convinced better laughed
play save l ok adore captivated fond keen thrilled amazed inspired faithful thank relaxed enthusiastic optimistic motivated
welcomed wealthy prominent appreciated greatest favorite best worst innocent brave earnest natural clear pretty special popular
ridiculously calm passionate sexy lol won huge welcome odd loose mad unhappy dignified respectable stressed hateful hostile
sympathetic secure fair acceptable satisfactory adequate decent""".split())
# Plain words of opinion beside the lexicon's.
ALSO = {NEGATIVE: """mediocre tedious forgettable bland unreliable useless worthless flimsy overpriced filthy noisy clumsy ugly
shoddy atrocious dreadful abysmal laughable lifeless pointless ridiculous broken unbearable uninspired sloppy hideous appalling
predictable horrid tiresome hopeless unwatchable inedible rubbish defective soulless shallow incoherent awkward""".split(),
        POSITIVE: """superb gorgeous flawless spotless delicious reliable sturdy remarkable memorable hilarious gripping moving
touching refreshing splendid marvelous magnificent first-rate affordable intuitive smooth courteous attentive tasty lovely
exceptional masterful witty uplifting perfect solid impeccable stylish believable heartwarming riveting""".split()}


class Grammar:
    def __init__(self, words, rng):
        self.words, self.rng = words, rng
        self.rules = [self.plain, self.fact, self.fact, self.negated, self.negated, self.negated_fact, self.far_negation,
                      self.far_negation, self.time, self.time, self.contrast, self.contrast, self.others, self.others,
                      self.asked, self.asked, self.faces, self.degree, self.verb, self.verb_negated, self.nothing, self.better, self.expected,
                      self.expected, self.expected_fact, self.asked_fact, self.asked_fact, self.word]

    def one(self, *options):
        return self.rng.choice(options)

    def adjective(self, side):
        # frequent ones more often
        words = self.words[side]
        return words[int(len(words) * self.rng.random() ** 1.2)]

    def side(self):
        return self.one(NEGATIVE, POSITIVE)

    def thing(self):
        noun = self.rng.choice(THINGS)
        return self.one("the", "this", "that", "the", "their", "your", "our") + " " + noun, noun in PLURAL

    def be(self, plural, past=None):
        past = self.rng.random() < 0.5 if past is None else past
        return ("were" if plural else "was") if past else ("are" if plural else "is")

    def opinion(self, side):
        """A clause that says so plainly."""
        thing, plural = self.thing()
        kind = self.rng.randrange(4)
        if kind == 0:
            return f"{thing} {self.be(plural)} {self.adjective(side)}"
        if kind == 1:
            return f"{thing} {self.be(plural)} {self.one(*STRONG)} {self.adjective(side)}"
        if kind == 2:
            return f"i {self.one(*(LIKED if side == POSITIVE else HATED))} {thing}"
        return f"{thing} turned out {self.adjective(side)}"

    def about_it(self, side):
        return self.one(f"it {self.one('is', 'was')} {self.one('', *STRONG)} {self.adjective(side)}".replace("  ", " "),
                        f"i {self.one(*(LIKE if side == POSITIVE else HATE))} it",
                        f"i find it {self.adjective(side)}",
                        f"i think it {self.one('is', 'was')} {self.adjective(side)}")

    def plain(self):
        side = self.side()
        thing, plural = self.thing()
        noun = thing.split()[-1]
        a = self.adjective(side)
        return self.one(self.opinion(side), f"what {'' if plural else 'an ' if a[0] in 'aeiou' else 'a '}{a} {noun}",
                        f"{self.one('such', 'it was', 'this is')} {'' if plural else 'an ' if a[0] in 'aeiou' else 'a '}{a} {noun}",
                        f"{a} {noun}"), side

    def fact(self):
        thing, plural = self.thing()
        noun = thing.split()[-1]
        return self.one(f"{thing} {self.be(plural)} {self.one(*FACTS)}", f"i {self.one(*SEE)} {thing} {self.one(*TIMES)}",
                        f"i {self.one(*SAW)} {thing} {self.one(*TIMES)}", f"{thing} {self.be(plural)} {self.one(*TIMES)}",
                        f"this is {'' if plural else 'a '}{self.one(*FACTS)} {noun}",
                        f"there {self.be(plural)} {'' if plural else 'a '}{self.one(*FACTS)} {noun} {self.one(*TIMES)}",
                        f"{self.one(*PEOPLE)} asked about {thing}",
                        f"where is {thing} ?", f"{thing} costs {self.rng.randrange(5, 90)} dollars",
                        f"{thing} comes in {self.one(*FACTS)} and {self.one(*FACTS)}"), NEUTRAL

    def short_not(self, verb):
        return verb + self.one(" not", "n't", "n't")

    def negated(self):
        side = self.side()
        thing, plural = self.thing()
        noun = thing.split()[-1]
        b, a = self.be(plural), self.adjective(side)
        article = "" if plural else "an " if a[0] in "aeiou" else "a "
        text = self.one(f"{thing} {b} {self.one(*NOT)} {a}", f"{thing} {self.short_not(b)} {self.one('', '', 'very ', 'that ', 'all that ')}{a}",
                        f"{self.one('this', 'that', 'it')} {self.short_not(self.one('is', 'was'))} {article}{a} {noun}",
                        f"i {self.one('would not', 'wouldnt', 'cannot', 'can' + chr(39) + 't', 'could not')} {self.one('say', 'claim', 'pretend')} {thing} {b} {a}")
        return text, NEGATIVE if side == POSITIVE else self.one(NEUTRAL, POSITIVE)

    def negated_fact(self):
        thing, plural = self.thing()
        noun = thing.split()[-1]
        return self.one(f"{thing} {self.short_not(self.be(plural))} {self.one(*FACTS)}",
                        f"{self.one('this', 'that', 'it')} is not {'' if plural else 'a '}{self.one(*FACTS)} {noun}",
                        f"i {self.one('do not', 'don' + chr(39) + 't', 'did not', 'didn' + chr(39) + 't')} {self.one(*SEE)} {thing} {self.one(*TIMES)}"), NEUTRAL

    def far_negation(self):
        """The negation stands some words before what it denies."""
        side = self.side()
        thing, plural = self.thing()
        between = self.one("", "", "given the reviews ,", "after all these years ,", "with what i know now ,",
                           "considering that i come from the north ,", "even though we had the time ,", "honestly ,",
                           "looking back at last week ,", "and i have tried a few ,")
        start = self.one("i do not think", "i don't think", "i don't believe", "i would not say", "nobody could say",
                         "i doubt", "it is not true", "i can't agree", "it is hard to believe", "no one will tell you")
        gap = f" , {between}" if between else ""
        return f"{start}{gap} that {thing} {self.be(plural)} {self.adjective(side)}", \
            NEGATIVE if side == POSITIVE else self.one(NEUTRAL, POSITIVE)

    def time(self):
        """What holds now counts."""
        side = self.side()
        other = POSITIVE if side == NEGATIVE else NEGATIVE
        thing, plural = self.thing()
        verb = lambda s: self.one(*(LIKE if s == POSITIVE else HATE))
        then = self.one(f"i used to {verb(other)} {thing}", f"years ago i {self.one(*(LIKED if other == POSITIVE else HATED))} {thing}",
                        f"{thing} used to be {self.adjective(other)}", f"at first {thing} seemed {self.adjective(other)}",
                        f"in the beginning i thought {thing} {self.be(plural, True)} {self.adjective(other)}")
        now = self.one(f"now i {verb(side)} it", f"these days it is {self.adjective(side)}", f"today i find it {self.adjective(side)}",
                       f"it has become {self.adjective(side)}", f"i {verb(side)} it nowadays", f"now it is {self.adjective(side)}")
        return self.one(f"{then} , but {now}", f"{then} . {now}", f"{now} , although {then}", f"{then} , {now}",
                        f"{now} , even if {then}"), side

    def contrast(self):
        """What comes after `but` or without `although` counts."""
        side = self.side()
        other = POSITIVE if side == NEGATIVE else NEGATIVE
        a, b = self.opinion(other), self.opinion(side)
        whole = self.about_it(side)
        return self.one(f"{a} , but {b}", f"although {a} , {whole}", f"despite the fact that {a} , {whole}", f"{a} . still , {whole}",
                        f"even though {a} , {b}", f"{whole} , even though {a}", f"{a} , yet {whole}", f"{a} . however , {b}"), side

    def others(self):
        """The writer's own opinion counts."""
        side = self.side()
        other = POSITIVE if side == NEGATIVE else NEGATIVE
        thing, plural = self.thing()
        who = self.one(*PEOPLE)
        theirs = self.one(f"{who} said {thing} {self.be(plural)} {self.adjective(other)}", f"{who} called {thing} {self.adjective(other)}",
                          f"according to {who} {thing} {self.be(plural)} {self.adjective(other)}",
                          f"{who} {self.one(*(LIKED if other == POSITIVE else HATED))} {thing}")
        mine = self.one(f"i {self.one(*(LIKE if side == POSITIVE else HATE))} it", f"to me it is {self.adjective(side)}",
                        f"for me {self.about_it(side)}", f"in my opinion it is {self.adjective(side)}", f"i disagree , {self.about_it(side)}")
        return self.one(f"{theirs} , but {mine}", f"{mine} , but {theirs}", f"{theirs} . {mine}", f"{theirs} , whereas {mine}",
                        f"{mine} , no matter that {theirs}"), side

    def asked(self):
        side = self.side()
        thing, plural = self.thing()
        good = side == POSITIVE
        question = self.one(f"was {thing} {self.adjective(side)}" if not plural else f"were {thing} {self.adjective(side)}",
                            f"did i {self.one(*(LIKE if good else HATE))} {thing}", f"would i call {thing} {self.adjective(side)}",
                            f"am i going to {self.one(*(LIKE if good else HATE))} {thing}", f"is it {self.adjective(side)}")
        if self.rng.random() < 0.5:
            return f"{question} ? {self.one('yes', 'yes .', 'absolutely', 'yes , it was', 'of course', 'definitely yes', 'sure')}", side
        answer = self.one("no", "no .", "not at all", "not really", "never", "no way", "no , sorry", "nope")
        return f"{question} ? {answer}", NEGATIVE if good else self.one(NEUTRAL, POSITIVE)

    def faces(self):
        side = self.side()
        text = self.fact()[0] if self.rng.random() < 0.6 else self.opinion(side)
        face = self.one(*(GLAD if side == POSITIVE else SAD))
        return self.one(f"{text} {face}", f"{face} {text}", f"{text} {face}{face}"), side

    def degree(self):
        side = self.side()
        thing, plural = self.thing()
        a = self.adjective(side)
        return self.one(f"{thing} {self.be(plural)} {self.one(*STRONG)} {a}", f"{self.one(*STRONG)} {a}",
                        f"{thing} {self.be(plural)} more than {a}", f"{thing} {self.be(plural)} {a} and {self.adjective(side)}",
                        f"{thing} {self.be(plural)} a bit {a}", f"{a} , {self.one(*STRONG)} {a}", f"{thing} could hardly be more {a}",
                        f"{thing} {self.be(plural)} as {a} as it gets"), side

    def verb(self):
        side = self.side()
        thing, _ = self.thing()
        return self.one(f"i {self.one('', 'really ', 'truly ', 'still ', 'completely ')}{self.one(*(LIKE + LIKED if side == POSITIVE else HATE + HATED))} {thing}",
                        f"{self.one('we all', 'you will', 'my kids', 'both of us')} {self.one(*(LIKE if side == POSITIVE else HATE))} {thing}"), side

    def verb_negated(self):
        side = self.side()
        thing, _ = self.thing()
        no = self.one("don't", "do not", "didn't", "did not", "never", "could not", "can't", "will not", "won't", "no longer")
        return f"i {no} {self.one('', '', 'really ')}{self.one(*(LIKE if side == POSITIVE else HATE))} {thing}", \
            NEGATIVE if side == POSITIVE else self.one(NEUTRAL, POSITIVE)

    def nothing(self):
        side = self.side()
        thing, plural = self.thing()
        a = self.adjective(side)
        return self.one(f"there is nothing {a} about {thing}", f"nothing about {thing} {self.be(False)} {a}",
                        f"i see nothing {a} in {thing}", f"there isn't anything {a} here", f"not one {a} thing about {thing}",
                        f"{thing} lacks anything {a}", f"without a single {a} moment"), \
            NEGATIVE if side == POSITIVE else self.one(NEUTRAL, POSITIVE)

    def better(self):
        side = self.side()
        thing, plural = self.thing()
        b = self.be(plural)
        return self.one(f"{thing} {b} {self.one('better', 'nicer', 'greater') if side == POSITIVE else self.one('worse', 'poorer', 'weaker')} than {self.one('expected', 'i hoped', 'the last one', 'ever', 'the others')}",
                        f"{thing} {b} the {self.one('best', 'finest', 'nicest') if side == POSITIVE else self.one('worst', 'weakest', 'poorest')} {self.one('ever', 'so far', 'of all', 'in town', 'i know', 'this year')}",
                        f"{self.one('could not be happier with', 'i am so glad about', 'thank you for', 'well done ,', 'you must try') if side == POSITIVE else self.one('i want my money back for', 'so disappointed in', 'stay away from', 'shame on', 'do not waste your time on')} {thing}",
                        f"{thing} {b} {'worth every penny' if side == POSITIVE else 'a waste of money'}"), side

    def expected(self):
        """An expectation that did not come true."""
        side = self.side()
        thing, plural = self.thing()
        hope = self.one("i expected", "i had hoped", "they promised", "i was sure", "i assumed", "the advert said", "i believed",
                        "we were told", "i imagined")
        no = self.one("it was not", "it wasn't", "it really wasn't", "no", "that was not so", "i was wrong", "sadly not"
                      if side == POSITIVE else "luckily not", "it turned out otherwise", "it's not")
        return f"{hope} {thing} would be {self.one('', *STRONG)} {self.adjective(side)} {self.one(', but', '. but', 'but', 'and')} {no}", \
            NEGATIVE if side == POSITIVE else self.one(NEUTRAL, POSITIVE)

    def expected_fact(self):
        thing, plural = self.thing()
        return f"{self.one('i expected', 'i was told', 'they said', 'i believed', 'i assumed')} {thing} {self.be(plural)} " \
            f"{self.one(*FACTS)} {self.one(', but', 'but', '. but')} {self.one('it is not', 'it was not', 'it isn' + chr(39) + 't')}", NEUTRAL

    def asked_fact(self):
        thing, plural = self.thing()
        return f"{self.one('is', 'was', 'did you say', 'would i call')} {thing} {self.one(*FACTS)} ? " \
            f"{self.one('yes', 'yes .', 'no', 'no .', 'it is', 'not really', 'of course', 'i think so')}", NEUTRAL

    def word(self):
        """One word alone."""
        kind = self.rng.randrange(5)
        if kind == 0:
            return self.one(*FACTS, *THINGS), NEUTRAL
        side = self.side()
        if kind == 1:
            return self.one(*(LIKE + LIKED if side == POSITIVE else HATE + HATED)), side
        return self.adjective(side), side

    def sentence(self):
        text, label = self.rng.choice(self.rules)()
        text = " ".join(text.split())
        if self.rng.random() < 0.7:
            text += self.one(".", ".", ".", "!", "!!", "...") if not text.endswith(("?", ".")) else ""
        if self.rng.random() < 0.1:
            text = self.one("well , ", "ok , ", "honestly , ", "so , ", "@user ", "to be clear , ", "again , ") + text
        return text, label


def misspelt(text, rng):
    """One or two letters of longer words dropped, doubled, swapped or replaced by a neighbour."""
    words = text.split(" ")
    for _ in range(1 + (rng.random() < 0.4)):
        places = [i for i, w in enumerate(words) if len(w) > 3 and w.isalpha()]
        if not places:
            break
        i = rng.choice(places)
        w, at = words[i], rng.randrange(1, len(words[i]) - 1)
        words[i] = rng.choice([w[:at] + w[at + 1:], w[:at] + w[at] + w[at:], w[:at] + w[at + 1] + w[at] + w[at + 2:],
                               w[:at] + rng.choice("aeiourstnl") + w[at + 1:]])
    return " ".join(words)


def lexicon(grammar, rng):
    """[(text, label)]: every entry of VADER's lexicon that ten people found clearly good or bad, in a few surroundings."""
    out = []
    for row in data.rows(data.SHARED / "lexicon" / "vader_lexicon.tsv.xz"):
        word, valence, deviation = row["token"], float(row["valence"]), float(row["std"])
        if abs(valence) < 1 or abs(valence) < deviation:
            continue
        label = POSITIVE if valence > 0 else NEGATIVE
        fact = " ".join(grammar.fact()[0].split())
        texts = [word, f"{fact} . {word} !", f"{word} . {fact} ."]
        if word.isalpha():
            texts += [f"{rng.choice(STRONG)} {word}", f"{rng.choice(['it', 'this', 'that', 'he', 'she'])} is {word} .",
                      f"{rng.choice(['it was', 'i felt', 'we found it', 'they were', 'this made me think of'])} {word}"]
        out += [(text, label) for text in texts]
    return out


def main():
    vocabulary, _ = corpus.load()
    pieces = tokenization.WordPiece(vocabulary)
    sources = ["vader_rated", "sst5_sentences", "amazon5", "goemotions", "tweet_extraction", "dynasent_r1_dev", "custrev"]
    rows = {name: corpus.labelled(name) for name in sources}
    words = adjectives(text for part in rows.values() for text, _ in part)
    log(f"adjectives: {len(words[NEGATIVE])} negative ({' '.join(words[NEGATIVE][:20])} ...), {len(words[POSITIVE])} positive "
        f"({' '.join(words[POSITIVE][:20])} ...)")
    rng = random.Random(1)
    grammar = Grammar(words, rng)
    made = list({grammar.sentence() for _ in range(COUNT)})
    made.sort()
    rng.shuffle(made)
    for text, label in made[:30]:
        log(f"  {('-', '0', '+')[label]} {text}")
    typos = []
    for name in ("sst5_sentences", "dynasent_r1_dev", "custrev", "goemotions", "tweet_extraction", "vader_rated"):
        for text, label in rows[name]:
            if 3 < len(text.split()) < 30 and rng.random() < 0.4:
                typos.append((misspelt(text, rng), label))
    known = lexicon(grammar, rng)
    counts = collections.Counter(label for _, label in made)
    log(f"{len(made)} sentences of the grammar ({dict(counts)}), {len(known)} texts of the lexicon, {len(typos)} misspelt ones")
    known_texts = leakage.Evaluation()
    parts = {"grammar": made, "lexicon": known, "typos": typos}
    for name, paths in written.sources().items():
        drawn = written.sentences(EACH, random.Random(2), paths)
        own = [(text, label) for text, label in drawn if not known_texts.knows(text)]
        log(f"{name}: {len(drawn) - len(own)} sentences left out that evaluation texts resemble, {len(own)} stay "
            f"({dict(collections.Counter(label for _, label in own))})")
        parts[name] = own
    torch.save({name: (t.ids, t.offsets, t.labels) for name, t in
                ((n, corpus.packed([(pieces.encode(text), label) for text, label in part])) for n, part in parts.items())}, FILE)


if __name__ == "__main__":
    main()
