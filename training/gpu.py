"""Stages 16 and 18, on a GPU, in minutes: hundreds of millions of tokens for the model that ships, which learns from labels and from what a teacher
says of the sentences of the reviews: a teacher of eight layers of 512 that is trained here first, and others (opinions.py).

python3 gpu.py FOLDER OUT --start MODEL [--part teacher] [--seconds teacher=225 ...]
    FOLDER: what bundle.py has written; FOLDER/opinions.xz: what other models say, if there is such a file (opinions.py);
    FOLDER/taught.xz: what the teacher and they say. --part student without it learns from opinions.xz alone
    --start: the model to begin from, a folder or a file (grow.py); the teacher grows out of it too
    OUT/settle.pt, distil.pt, fit.pt: for average.py and export.py; OUT/log.txt
    --seconds: how long each stage takes. Its learning rate falls by the time that has passed, so a faster GPU sees more tokens.
"""
import argparse
import math
import pathlib
import sys
import time

import numpy
import torch
import torch.nn.functional as F
from torch import nn

import bundle
import corpus
import descent
import evaluation
import grow
import label
import quantised
import resident
from flat import Flat
from journal import log
from model import SqueezeBert
from train import KEEP, masked

TIMES, LAYERS = 2, 8  # the teacher: channels for each of the smaller model's, and layers
# Shares of the tokens: about how many millions each source has, times how often it is read where the large ones are read once.
GOLD = dict(imdb_train=3.7, imdb_cad=1.6, amazon5=4.5, semeval_tweets=2.7, tweet_extraction=0.85, goemotions=1.2, vader_rated=1.25,
            sst5_sentences=0.8, sst5_phrases=1.3, dynasent_r1_dev=0.4, custrev=0.36, mpqa_phrases=0.12, rt_polarity_rest=0.12,
            newsmtsc=0.4, senti4sd=0.2, neutral_weak=0.1, grammar=0.3, lexicon=0.2, typos=0.4, written=8, crowd=6, judged=8)
PRETRAIN = {**GOLD, "imdb_unsup": 25, "books": 12, "wiki": 11, "dialogue": 1.5, "imdb_train": 10, "amazon5": 6}
DISTIL = {**GOLD, "sentences": 30, "imdb_unsup": 4}
STAGES = {
    "teacher": dict(shares=PRETRAIN, tokens=2, rate=5e-4, end=0.2, mask=0.15, dropout=0.05, average=0.0, words=True, seconds=225),
    "finetune": dict(shares={**GOLD, "imdb_unsup": 3}, tokens=1, rate=2e-4, end=0, mask=0.05, dropout=0.1, average=0.999, seconds=72),
    "settle": dict(shares={**PRETRAIN, "sentences": 30}, tokens=2, rate=1e-3, end=0.5, mask=0.15, dropout=0.0, average=0.0, words=True,
                   seconds=75),
    "distil": dict(shares=DISTIL, tokens=2, rate=1e-3, end=0, mask=0.05, dropout=0.1, average=0.999, rounded_words=True, seconds=255),
    "fit": dict(shares=DISTIL, tokens=1, rate=3e-4, end=0, mask=0.05, dropout=0.05, average=0.998, fixed_words=True, seconds=14),
}
UNTAUGHT = ("books", "wiki", "dialogue")  # the teacher's opinion of them is not asked
WARMUP = 400  # steps
OTHERS = 0.5  # how much other models' opinions count beside the teacher's
REFRESH = 16  # steps until it is computed anew what rounding changes in the word embeddings
START = time.time()


class EveryWord(nn.Module):
    """Pretraining's head: which token stood here, of the whole vocabulary."""

    def __init__(self, table):
        super().__init__()
        vocabulary, hidden = table.shape
        self.dense, self.norm = nn.Linear(hidden, hidden), nn.LayerNorm(hidden)
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        with torch.no_grad():  # logits of about one, whatever the scale of the word embeddings
            self.norm.weight.fill_(1 / (hidden ** 0.5 * table.std()))

    def forward(self, states, targets, table):
        with torch.autocast(states.device.type, torch.bfloat16, enabled=states.is_cuda):
            logits = self.norm(F.gelu(self.dense(states))) @ table.T + self.bias
        return F.cross_entropy(logits.float(), targets)


def wanted_of(labels, soft, smoothing=0.05, trust=0.4):
    """(What the scores of each text should be: its label, smoothed, the teacher's, or both; whether it has any)"""
    known, taught = (labels >= 0).float()[:, None], (soft.sum(1) > 0).float()[:, None]
    gold = F.one_hot(labels.clamp(min=0), 3).float() * (1 - smoothing) + smoothing / 3
    share = known * torch.where(taught > 0, trust, 1.0)
    return share * gold + (1 - share) * soft, (known + taught > 0)[:, 0]


class Trainer:
    def __init__(self, model, config, res, out, quick):
        self.model, self.config, self.res, self.out, self.quick = model, config, res, out, quick
        self.device = res.device
        self.flat = Flat(model, config)
        self.head = EveryWord(model.transformer.embeddings.word_embeddings.weight).to(self.device)

    def say(self, text):
        log(text, self.out.resolve() / "log.txt")

    def run(self, name, seconds, seed, most=None):
        """One stage; at most `most` steps. Leaves the mean of the weights in the model where the stage keeps one."""
        stage, res, model = STAGES[name], self.res, self.model
        draw = resident.Draw(res, stage["shares"], stage["tokens"] * resident.TOKENS // (8 if self.quick else 1), KEEP, seed,
                             taught=not stage.get("words"))
        table = model.transformer.embeddings.word_embeddings.weight
        if stage.get("fixed_words"):
            with torch.no_grad():
                table.copy_(quantised.q4(table, again=True))
            table.requires_grad_(False)
        parameters = [p for p in [*model.parameters(), *(self.head.parameters() if stage.get("words") else ())] if p.requires_grad]
        optimizer = descent.adamw(parameters)
        own = list(model.parameters())
        mean = [p.detach().clone() for p in own] if stage["average"] else None
        p = torch.tensor(stage["dropout"], device=self.device)
        sums, step, off, said, seen = torch.zeros(3, device=self.device), 0, None, 0, 0.0
        began, since = None, time.time()
        while True:
            if step == 3:  # what torch.compile takes is not the stage's time
                if self.device.type == "cuda":
                    torch.cuda.synchronize()
                began = time.time()
                self.say(f"{name}: first steps took {began - since:.1f} s")
                since = began
            done = (time.time() - began) / seconds if began else 0.0
            if done >= 1 or step == most:
                break
            falling = stage["end"] + (1 - stage["end"]) * 0.5 * (1 + math.cos(math.pi * done))
            rate = stage["rate"] * min(1.0, (step + 1) / WARMUP) * falling
            texts, length, ids, there = draw.batch()
            if stage.get("rounded_words") and step % REFRESH == 0:
                with torch.no_grad():
                    off = quantised.q4(table) - table
            read, chosen = masked(ids, stage["mask"], self.config["vocab_size"], None)
            states = self.flat.states(read, length, there, p, off)
            wanted, rows = wanted_of(res.labels[texts], res.soft[texts])
            classes = self.flat.classes(states, length, p).float().log_softmax(1)
            by_label = -((wanted * classes).sum(1) * rows).sum() / rows.sum().clamp(min=1)
            loss = by_label
            if stage.get("words"):
                # (as many places in every batch, so that nothing waits for their number)
                order = chosen.float() + torch.rand(len(ids), device=self.device) * 0.5
                places = torch.topk(order, int(len(ids) * stage["mask"] * 0.75)).indices
                by_word = self.head(states[places], torch.where(chosen, ids, -100)[places], table)
                loss = by_label + by_word
                sums[1] += by_word.detach()
            descent.descend(optimizer, parameters, loss, rate)
            if mean:
                descent.follow(mean, own, stage["average"], step)
            sums[0] += by_label.detach()
            sums[2] += there.sum()
            step += 1
            if time.time() - since > 10 or step == most:
                labels, words, tokens = sums.tolist()
                if not math.isfinite(labels + words):
                    raise SystemExit(f"{name}: the loss is no number any more after {step} steps")
                speed, since = tokens / (time.time() - since), time.time()
                seen += tokens
                expected = seen / max(done, 1e-3) if done else 0  # (as train.py says it, for curves.py)
                self.say(f"{name}-gpu step {step}, {seen / 1e6:.1f} of {expected / 1e6:.0f} million tokens, labels {labels / (step - said):.4f}"
                         + (f", words {words / (step - said):.4f}" if words else "") + f", {speed:.0f} tokens/s")
                sums.zero_()
                said = step
        if mean:
            with torch.no_grad():
                torch._foreach_copy_(own, mean)
        seen += sums[2].item()
        self.say(f"{name}-gpu: {step} steps")
        table.requires_grad_(True)
        return seen

    def probabilities(self, rows, of=None):
        """[len(rows), 3] for rows of the table (or of another Resident)."""
        of = of or self.res
        out = torch.zeros(len(of.table), 3, device=self.device)
        p = torch.zeros((), device=self.device)
        with torch.no_grad():
            for texts, count, length, ids, there in resident.batches_of_all(of, rows, resident.TOKENS // (8 if self.quick else 1)):
                with torch.enable_grad():  # (compiled for that, and once is enough)
                    states = self.flat.states(ids, length, there, p)
                    logits = self.flat.classes(states, length, p).detach()
                out[texts[:count]] = logits[:count].float().softmax(1)
        return out[torch.from_numpy(rows).to(self.device)].cpu()

    def evaluate(self, name, tokens, sets):
        result = {}
        for of, (texts, owner, labels, pairs) in sets.items():
            windows = self.probabilities(numpy.arange(len(texts.table)), texts)
            p = torch.zeros(len(labels), 3).index_add_(0, torch.from_numpy(owner), windows)
            result.update(evaluation.percent_right(of, p, torch.from_numpy(labels), pairs))
        self.say(f"{name}-gpu, {tokens / 1e6:.1f} million tokens: {evaluation.shown(result)}")

    def save(self, name, vocabulary, tokens):
        weights = {k: v.detach().half().cpu() for k, v in self.model.state_dict().items()}
        grow.save(self.out / f"{name}.pt", weights, self.config, vocabulary, tokens)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--start", required=True, type=pathlib.Path)
    parser.add_argument("--part", choices=("teacher", "student", "all"), default="all")
    parser.add_argument("--seconds", nargs="*", default=[], metavar="STAGE=NUMBER")
    parser.add_argument("--deadline", type=float, help="when all should be done, in seconds from the beginning: distil takes what is left")
    parser.add_argument("--steps", type=int, help="of each stage, at most")
    parser.add_argument("--quick", action="store_true", help="a small teacher, small batches, a part of the texts: to try whether all works")
    args = parser.parse_args()
    seconds = {name: stage["seconds"] for name, stage in STAGES.items()}
    seconds.update((name, float(n)) for name, n in (item.split("=") for item in args.seconds))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    torch.set_float32_matmul_precision("high")

    start = grow.saved(args.start)
    vocabulary, texts, soft, sets = bundle.read_all(args.folder)
    if vocabulary != start[2]:
        raise SystemExit(f"{args.start} has another vocabulary than {args.folder}")
    table = resident.Table(texts)
    table.cut_into_sentences(texts, vocabulary, soft)
    res = resident.Resident(table, device)
    res.learn_from(soft)
    sets = {name: (resident.Resident(resident.Table({name: corpus.Texts(*parts)}), device), owner, labels, pairs)
            for name, (parts, owner, labels, pairs) in sets.items() if not args.quick or name in ("sst2_dev", "checklist_mft")}

    if args.part != "student":
        teach(args, start, res, sets, seconds)
    if args.part != "teacher":
        taught = args.folder / "taught.xz"
        res.learn_from(bundle.read_opinions(taught if taught.exists() else args.folder / "opinions.xz"))
        learn(args, start, res, sets, seconds)


def teach(args, start, res, sets, seconds):
    """The teacher's stages; what it says of the texts goes to FOLDER/taught.xz."""
    table, device = res.table, res.device
    weights, small, _ = start
    torch.manual_seed(2)
    times, layers = (1, 6) if args.quick else (TIMES, LAYERS)
    config = {**small, **dict.fromkeys(grow.PRODUCTS.values(), 1), **{field: small[field] * times for field in grow.WIDTHS},
              "num_hidden_layers": layers}
    model = grow.grown(weights, small, config)[0].to(device)
    teacher = Trainer(model, config, res, args.out, args.quick)
    teacher.say(f"{len(table)} texts, {len(table.ids) / 1e6:.1f} million tokens, {len(table.rows('sentences'))} sentences; "
                f"teacher of {sum(p.numel() for p in teacher.model.parameters()) / 1e6:.1f} million parameters")
    for number, name in enumerate(("teacher", "finetune")):
        teacher.evaluate(name, teacher.run(name, seconds[name], 1 + number, args.steps), sets)

    taught = numpy.concatenate([table.rows(name) for name in table.names if name not in UNTAUGHT])
    if args.quick:
        taught = taught[::500]
    soft = torch.zeros(len(table), 3)
    soft[torch.from_numpy(taught)] = teacher.probabilities(taught)
    rows = numpy.intersect1d(table.rows("sentences"), taught)
    soft[rows] = label.corrected(soft[rows], table.review[rows][:, None], teacher.say)
    if (args.folder / "opinions.xz").exists():  # what other models said before
        for name, p in bundle.read_opinions(args.folder / "opinions.xz").items():
            asked = p.sum(1) > 0
            rows = table.rows(name)[asked]
            soft[rows] = label.together([soft[rows], p[asked]], [1, OTHERS])
    bundle.write_opinions(args.folder / "taught.xz", {name: soft[table.rows(name)] for name in table.names if name not in UNTAUGHT})


def learn(args, start, res, sets, seconds):
    """The stages of the model that ships."""
    weights, config, vocabulary = start
    model = SqueezeBert(config).to(res.device)
    model.load_state_dict(weights)
    student = Trainer(model, config, res, args.out, args.quick)
    student.evaluate("start", 0, sets)
    total = 0
    for number, name in enumerate(("settle", "distil", "fit")):
        if not seconds[name]:
            continue
        if args.deadline and name == "distil":
            seconds[name] = max(seconds[name] / 4, args.deadline - (time.time() - START) - seconds["fit"] - 15)
        tokens = student.run(name, seconds[name], 3 + number, args.steps)
        student.evaluate(name, tokens, sets)
        total += tokens
        student.save(name, vocabulary, total)


if __name__ == "__main__":
    sys.exit(main())
