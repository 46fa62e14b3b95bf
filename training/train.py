"""Stages 4, 5 and 7: pretraining, fine-tuning, distillation. Each resumes from its checkpoint in runs/ after an interruption.

python3 train.py pretrain [--tokens 50e6]    masked words, and labels where there are some; constant rate, so that more
                                             tokens can follow at any time
python3 train.py settle [--tokens 15e6]      pretraining's end: the same with the rate falling to 0, more texts with labels
python3 train.py finetune [--tokens 15e6]    labels only, rate falling to 0; keeps the average of the weights
python3 train.py distil [--tokens 20e6]      fine-tuning with the sentences that the teachers have labelled (label.py)
python3 train.py taught [--tokens 9e6]       fine-tuning with what a large language model has written and judged
python3 train.py fit [--tokens 3.2e6]        the last one: words rounded to int4 for good, the layers get used to them
    --name NAME  --start NAME                checkpoint to write (default: the stage) and to begin from
"""
import argparse
import math
import os
import signal
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

import corpus
import data
import descent
import evaluation
import quantised
import teacher
import tokenization
import vectors
from journal import RUNS, log
from mixture import Mixture
from model import CONFIG, SqueezeBert
from packed import Packed

POSITIONS = 256
KEEP = {("sst5_phrases", data.NEUTRAL): 0.3, ("neutral_weak", data.NEUTRAL): 0.2,
        ("written", data.NEGATIVE): 0.8, ("written", data.POSITIVE): 0.8}
# Shares of the tokens, by source. imdb_unsup has no labels but the teacher's.
LABELLED = dict(imdb_unsup=10, imdb_train=14, imdb_cad=7, amazon5=12, semeval_tweets=10, tweet_extraction=4, goemotions=6,
                vader_rated=5, sst5_sentences=10, sst5_phrases=12, dynasent_r1_dev=4, custrev=1, mpqa_phrases=1,
                rt_polarity_rest=0.5, newsmtsc=1, senti4sd=1, neutral_weak=0.5, grammar=5, lexicon=2, typos=3)
TAUGHT = {**LABELLED, "written": 22, "judged": 28, "sentences": 16, "dynasent_r1_dev": 8, "semeval_tweets": 13, "goemotions": 4}
STAGES = {
    # (without the lexicon, which the first rows of the table in ../docs/training-log.md did not have)
    "ablation": dict(start=None, words=False, rate=1e-3, warmup=300, falling=True, mask=0.05, dropout=0.1, smoothing=0.05, window=128,
                     tokens=4096, average=0.995, shares={**LABELLED, "lexicon": 0}),
    "pretrain": dict(
        start=None, words=True, rate=1e-3, warmup=400, falling=False, mask=0.15, dropout=0.0, smoothing=0.05, window=128,
        tokens=6144, average=0.0,
        shares=dict(imdb_unsup=30, books=10, wiki=8, dialogue=2, imdb_train=10, imdb_cad=3, amazon5=12, semeval_tweets=5,
                    tweet_extraction=2, goemotions=4, vader_rated=3, sst5_sentences=4, sst5_phrases=4, dynasent_r1_dev=1,
                    custrev=0.5, mpqa_phrases=0.5, rt_polarity_rest=0.2, newsmtsc=1, senti4sd=0.5, neutral_weak=0.3)),
    # Masked words and labels while the rate falls: what a constant rate has learnt settles.
    "settle": dict(
        start="pretrain", words=True, rate=1e-3, warmup=1, falling=True, mask=0.15, dropout=0.0, smoothing=0.05, window=128,
        tokens=6144, average=0.995,
        shares={**LABELLED, "imdb_unsup": 30, "books": 5, "wiki": 5, "dialogue": 1, "sentences": 20}),
    # Fine-tuning from the teachers' labels first: sentences of reviews that nobody has labelled (label.py). The word embeddings are
    # rounded to int4 on the way, as they ship.
    "distil": dict(
        start="finetune", words=False, rate=5e-4, warmup=200, falling=True, mask=0.05, dropout=0.1, smoothing=0.05, window=256,
        tokens=6144, average=0.998, rounded_words=True, shares={**LABELLED, "sentences": 40}),
    # Sentences that a large language model has written (written.py) and sentences of reviews that it has judged (judged.txt).
    "taught": dict(
        start="averaged", words=False, rate=5e-4, warmup=200, falling=True, mask=0.05, dropout=0.1, smoothing=0.05, window=256,
        tokens=6144, average=0.997, rounded_words=True, shares=TAUGHT),
    # Word embeddings rounded to int4 for good; the layers get used to them.
    "fit": dict(
        start="averaged-4", words=False, rate=4e-4, warmup=200, falling=True, mask=0.05, dropout=0.1, smoothing=0.05, window=256,
        tokens=6144, average=0.995, fixed_words=True,
        shares={**TAUGHT, "written": 75, "judged": 55, "sentences": 6, "imdb_unsup": 3, "imdb_train": 6, "imdb_cad": 5, "amazon5": 8,
                "sst5_phrases": 10, "dynasent_r1_dev": 6}),
    "finetune": dict(
        start="pretrain", words=False, rate=5e-4, warmup=200, falling=True, mask=0.05, dropout=0.1, smoothing=0.05, window=256,
        tokens=6144, average=0.998,
        shares=LABELLED),
}


class MaskedWords(nn.Module):
    """The pretraining's head: which token stood here, among those of the batch and some drawn by frequency."""

    def __init__(self, hidden, frequencies, drawn=1024):
        super().__init__()
        self.dense, self.norm = nn.Linear(hidden, hidden), nn.LayerNorm(hidden)
        self.bias = nn.Parameter(torch.zeros(len(frequencies)))
        chance = frequencies.double().clamp(min=1) ** 0.75
        self.register_buffer("chance", (chance / chance.sum()).float(), persistent=False)
        self.drawn = drawn

    def forward(self, states, targets, table):
        extra = torch.multinomial(self.chance, self.drawn, replacement=True)
        candidates, where = torch.cat([targets, extra]).unique(return_inverse=True)
        x = self.norm(F.gelu(self.dense(states)))
        logits = x @ table[candidates].T + self.bias[candidates]
        # (a rare token is seldom a candidate: what it lacks in chances to be wrong is made up for)
        expected = 1 - torch.exp(-self.chance[candidates] * self.drawn)
        return F.cross_entropy(logits - expected.clamp(min=1e-6).log(), where[:len(targets)])


def masked(ids, share, vocabulary, generator):
    """(ids to read, chosen places): of the chosen ones 8 in 10 become [MASK], 1 another token, 1 stays."""
    draw = torch.rand(ids.shape, generator=generator, device=ids.device)
    chosen = (draw < share) & (ids > tokenization.MASK)
    kind = torch.rand(ids.shape, generator=generator, device=ids.device)
    other = torch.randint(tokenization.MASK + 1, vocabulary, ids.shape, generator=generator, device=ids.device)
    out = torch.where(chosen & (kind < 0.8), tokenization.MASK, ids)
    return torch.where(chosen & (kind >= 0.9), other, out), chosen


def label_loss(logits, labels, soft, smoothing):
    """Cross-entropy with the labels, or with the teacher's probabilities where a text has no label."""
    known, taught = labels >= 0, soft.sum(1) > 0
    rows = known | taught
    if not rows.any():
        return logits.sum() * 0
    wanted = F.one_hot(labels.clamp(min=0), 3).float() * (1 - smoothing) + smoothing / 3
    wanted = torch.where(known[:, None], wanted, soft)
    return -(wanted * logits.float().log_softmax(1)).sum(1)[rows].mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--tokens", type=float, default=None, help="how many in all, counted from the stage's beginning")
    parser.add_argument("--name")
    parser.add_argument("--start")
    parser.add_argument("--rate", type=float)
    parser.add_argument("--share", nargs="*", default=[], metavar="SOURCE=NUMBER", help="of the tokens, in place of the stage's")
    parser.add_argument("--average", type=float, help="how much of the mean of the weights stays at each step")
    parser.add_argument("--set", nargs="*", default=[], metavar="FIELD=NUMBER", help="of the configuration: num_hidden_layers=6")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    stage = dict(STAGES[args.stage])
    stage["shares"] = {**stage["shares"], **{source: float(share) for source, share in (item.split("=") for item in args.share)}}
    stage["average"] = stage["average"] if args.average is None else args.average
    name = args.name or args.stage
    total = args.tokens or {"ablation": 6e6, "pretrain": 50e6, "settle": 15e6, "finetune": 15e6, "distil": 20e6, "taught": 9e6, "fit": 3.2e6}[args.stage]
    peak = args.rate or stage["rate"]
    torch.manual_seed(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"

    vocabulary, texts = corpus.load()
    pieces = tokenization.WordPiece(vocabulary)
    config = dict(CONFIG, vocab_size=len(vocabulary), max_position_embeddings=POSITIONS)
    config.update((field, int(value)) for field, value in (item.split("=") for item in args.set))
    model = SqueezeBert(config).to(device)
    frequencies = torch.zeros(len(vocabulary))
    for part in texts.values():
        frequencies += torch.bincount(torch.from_numpy(part.ids.astype("int64")), minlength=len(vocabulary))
    words = MaskedWords(config["hidden_size"], frequencies).to(device) if stage["words"] else None
    soft = torch.load(teacher.FILE)["soft"]
    if corpus.TAUGHT.exists():
        soft.update(torch.load(corpus.TAUGHT, weights_only=False)["soft"])
    mixture = Mixture(texts, stage["shares"], stage["window"], stage["tokens"], {n: p.numpy() for n, p in soft.items()}, KEEP,
                      args.seed)
    parameters = [*model.parameters(), *(words.parameters() if words else ())]
    optimizer = descent.adamw(parameters, peak)
    average = SqueezeBert(config).to(device) if stage["average"] else None
    state = {"step": 0, "tokens": 0, "seconds": 0.0}
    warmup = stage["warmup"]
    checkpoint = RUNS / f"{name}.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=device, weights_only=False)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        if words:
            words.load_state_dict(saved["words"])
        if average:
            average.load_state_dict(saved["average"])
        state, mixture.state = saved["state"], saved["mixture"]
        log(f"{name}: resumed at step {state['step']}, {state['tokens'] / 1e6:.1f} million tokens")
    else:
        start = args.start or stage["start"]
        if start:
            saved = torch.load(RUNS / f"{start}.pt", map_location=device, weights_only=False)
            model.load_state_dict(saved["average"] or saved["model"])
            if words and saved["words"]:
                words.load_state_dict(saved["words"])
                optimizer.load_state_dict(saved["optimizer"])
            else:
                warmup = max(warmup, 200)
            log(f"{name}: begins from {start} after {saved['state']['tokens'] / 1e6:.1f} million tokens")
        else:
            first = vectors.train(texts.values(), len(vocabulary), config["hidden_size"], log)
            for word in ("good", "terrible", "film"):
                log(f"near {word}: {' '.join(vectors.nearest(first, pieces, word))}")
            with torch.no_grad():
                model.transformer.embeddings.word_embeddings.weight.copy_(first)
        if stage.get("fixed_words"):
            with torch.no_grad():
                table = model.transformer.embeddings.word_embeddings.weight
                table.copy_(quantised.q4(table, again=True))
        if average:
            average.load_state_dict(model.state_dict())
    if stage.get("fixed_words"):
        model.transformer.embeddings.word_embeddings.weight.requires_grad_(False)
    rounded = stage.get("rounded_words", False)
    packed = Packed(model, config, rounded_words=rounded)
    shown_model = Packed(average, config, rounded_words=rounded) if average else packed

    def save():
        torch.save({"model": model.state_dict(), "average": average and average.state_dict(),
                    "words": words and words.state_dict(), "optimizer": optimizer.state_dict(), "state": state,
                    "mixture": mixture.state, "vocabulary": vocabulary, "config": config}, f"{checkpoint}.new")
        os.replace(f"{checkpoint}.new", checkpoint)

    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))  # finishes the step, saves, ends
    losses, counted, since, saved_at = [0.0, 0.0], [0, 0], time.time(), time.time()
    tokens_since, evaluated = 0, state["tokens"]
    while state["tokens"] < total and not stopping:
        began = time.time()
        ids, offsets, labels, taught = (t.to(device) for t in mixture.batch())
        generator = torch.Generator(device=device).manual_seed(args.seed * 1_000_003 + state["step"])
        rate = peak * min(1.0, (state["step"] + 1) / warmup)
        if stage["falling"]:
            rate *= 0.5 * (1 + math.cos(math.pi * min(1.0, state["tokens"] / total)))
        read, chosen = masked(ids, stage["mask"], len(vocabulary), generator)
        states = packed.states(read, offsets, stage["dropout"], args.seed * 7919 + state["step"])
        by_label = label_loss(packed.classes(states, offsets, stage["dropout"]), labels, taught, stage["smoothing"])
        loss = by_label
        if words:
            by_word = words(states[chosen], ids[chosen], model.transformer.embeddings.word_embeddings.weight)
            loss = by_label + by_word
            losses[1] += by_word.item()
        descent.descend(optimizer, parameters, loss, rate)
        if average:
            descent.follow(list(average.parameters()), list(model.parameters()), stage["average"], state["step"])
        losses[0] += by_label.item()
        counted[0] += 1
        state["step"] += 1
        state["tokens"] += len(ids)
        tokens_since += len(ids)
        state["seconds"] += time.time() - began
        if state["step"] % 200 == 0:
            speed = tokens_since / (time.time() - since)
            log(f"{name} step {state['step']}, {state['tokens'] / 1e6:.1f} of {total / 1e6:.0f} million tokens, labels "
                f"{losses[0] / counted[0]:.4f}" + (f", words {losses[1] / counted[0]:.4f}" if words else "") +
                f", {speed:.0f} tokens/s, {(total - state['tokens']) / speed / 60:.0f} min left")
            losses, counted, since, tokens_since = [0.0, 0.0], [0, 0], time.time(), 0
        if time.time() - saved_at > 240:
            save()
            saved_at = time.time()
        if state["tokens"] - evaluated > 5e6:
            evaluated = state["tokens"]
            log(f"{name} {evaluated / 1e6:.0f}M: " + evaluation.shown(evaluation.evaluate(
                shown_model, pieces, ("sst2_dev", "uci_half_a", "amazon5_1000", "dynasent_r1_test", "tweeteval_val",
                                      "checklist_mft"))))
            since, tokens_since = time.time(), 0
    save()
    if not stopping:
        log(f"{name}, {state['tokens'] / 1e6:.1f} million tokens: " + evaluation.shown(evaluation.evaluate(shown_model, pieces)))
    sys.exit(0)


if __name__ == "__main__":
    main()
