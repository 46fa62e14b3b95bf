"""BERT's tokenization (uncased): the same algorithm as src/tokenizer, in Python, for training."""
import re
import unicodedata

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PAD, UNK, CLS, SEP, MASK = range(5)
ASCII = re.compile("[a-z0-9]+|[^a-z0-9 ]")
MAX_WORD = 100  # characters; longer words are [UNK]


def _is_cjk(c):
    return any(a <= c <= b for a, b in ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F),
                                        (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)))


def _is_punctuation(ch):
    c = ord(ch)
    ascii_symbol = 33 <= c <= 47 or 58 <= c <= 64 or 91 <= c <= 96 or 123 <= c <= 126
    return ascii_symbol or unicodedata.category(ch).startswith("P")


def words(text):
    """The normalised words of a text, punctuation marks apart."""
    if text.isascii() and text.isprintable():  # the same, faster
        return ASCII.findall(text.lower())
    out, word = [], []

    def flush():
        if word:
            out.append("".join(word))
            word.clear()

    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")
    for ch in text:
        low = ch.lower()
        if low.isascii() and low.isalnum():
            word.append(low)
        elif ch in " \t\n\r" or unicodedata.category(ch) == "Zs":
            flush()
        elif ord(ch) == 0xFFFD or unicodedata.category(ch) in ("Cc", "Cf", "Cs", "Co", "Cn"):
            continue
        elif _is_punctuation(ch) or _is_cjk(ord(ch)):
            flush()
            out.append(ch)
        else:
            word.append(low)
    flush()
    return out


class WordPiece:
    def __init__(self, vocabulary):
        self.vocabulary = vocabulary
        self.ids = {token: i for i, token in enumerate(vocabulary)}
        self.cache = {}

    def word(self, word):
        known = self.cache.get(word)
        if known is not None:
            return known
        pieces, start = [], 0
        while start < len(word) and len(word) <= MAX_WORD:
            end = len(word)
            while end > start:
                piece = self.ids.get(word[start:end] if start == 0 else "##" + word[start:end])
                if piece is not None:
                    break
                end -= 1
            if end == start:
                break
            pieces.append(piece)
            start = end
        if start < len(word):
            pieces = [UNK]
        self.cache[word] = pieces
        return pieces

    def encode(self, text):
        """Token ids without [CLS] and [SEP]."""
        return [piece for word in words(text) for piece in self.word(word)]


def train(counts, size, min_count=2, log=print):
    """WordPiece vocabulary of `size` tokens from {word: count}: merges of the most frequent neighbouring pieces (as
    Hugging Face's trainer does), characters first."""
    from collections import Counter, defaultdict
    characters = Counter()
    for word, count in counts.items():
        for i, ch in enumerate(word):
            characters[ch if i == 0 else "##" + ch] += count
    alphabet = sorted(c for c, n in characters.items() if n >= 50 or c.isascii())
    vocabulary = SPECIAL + alphabet
    seen = set(vocabulary)
    table = [([ch if i == 0 else "##" + ch for i, ch in enumerate(w)], n) for w, n in counts.items()
             if n >= min_count and len(w) <= 30]
    table = [(p, n) for p, n in table if all(x in seen for x in p)]
    pairs, where = Counter(), defaultdict(set)
    for i, (pieces, n) in enumerate(table):
        for pair in zip(pieces, pieces[1:]):
            pairs[pair] += n
            where[pair].add(i)
    import heapq
    heap = [(-n, pair) for pair, n in pairs.items()]
    heapq.heapify(heap)
    while len(vocabulary) < size and heap:
        n, pair = heapq.heappop(heap)
        if pairs.get(pair, 0) != -n:
            if pairs.get(pair, 0) > 0:
                heapq.heappush(heap, (-pairs[pair], pair))
            continue
        merged = pair[0] + pair[1].removeprefix("##")
        if merged not in seen:
            seen.add(merged)
            vocabulary.append(merged)
            if len(vocabulary) % 2000 == 0:
                log(f"vocabulary: {len(vocabulary)} tokens")
        changed = set()
        for i in where.pop(pair, ()):
            pieces, count = table[i]
            new, j = [], 0
            while j < len(pieces):
                if j + 1 < len(pieces) and (pieces[j], pieces[j + 1]) == pair:
                    new.append(merged)
                    j += 2
                else:
                    new.append(pieces[j])
                    j += 1
            for old in zip(pieces, pieces[1:]):
                pairs[old] -= count
            for fresh in zip(new, new[1:]):
                pairs[fresh] += count
                where[fresh].add(i)
                changed.add(fresh)
            table[i] = (new, count)
        pairs.pop(pair, None)
        for fresh in changed:
            if pairs[fresh] > 0:
                heapq.heappush(heap, (-pairs[fresh], fresh))
    return vocabulary
