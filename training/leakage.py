"""Which texts of our own would give evaluation texts away: the rule of the data pack's README, for every visible set."""
import collections
import re

import data

LENGTH, SHARE, SHORTEST = 5, 0.6, 8  # words of a sequence; of the sequences of one text; words of a text


def _normal(text):
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _sequences(text):
    words = re.findall(r"[a-z0-9]+", text.lower().replace("'", ""))
    return {tuple(words[i:i + LENGTH]) for i in range(len(words) - LENGTH + 1)} if len(words) >= SHORTEST else set()


class Evaluation:
    def __init__(self):
        self.exact, self.counts, self.where = set(), [], collections.defaultdict(list)
        for path in sorted((data.SHARED / "eval").glob("*.tsv.xz")):
            for text in {row["text"] for row in data.rows(path)}:
                self.exact.add(_normal(text))
                sequences = _sequences(text)
                for sequence in sequences:
                    self.where[sequence].append(len(self.counts))
                self.counts.append(len(sequences))

    def knows(self, text):
        """Equal but for case, marks and white space; or 60 % of the sequences of five words of one occur in the other."""
        if _normal(text) in self.exact:
            return True
        own = _sequences(text)
        common = collections.Counter(i for sequence in own for i in self.where.get(sequence, ()))
        return any(n >= SHARE * len(own) or n >= SHARE * self.counts[i] for i, n in common.items())
