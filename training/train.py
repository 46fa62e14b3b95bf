"""Trains the sentiment model: vocabulary -> tokens -> training. Resumes from runs/ after an interruption.

python3 train.py [--minutes 30] [--epochs 2]
"""
import argparse
import collections
import json
import math
import pathlib
import pickle
import random
import time

import torch
import torch.nn.functional as F

import data
import tokenization
import vectors
from model import CONFIG, SqueezeBert

RUNS = pathlib.Path(__file__).parent / "runs"
VOCABULARY = 8000
LONGEST = 96           # tokens of a training text; longer ones give their beginning or their end, by turns
TOKENS_PER_BATCH = 3072


def prepare(log):
    """Vocabulary and token ids, cached in runs/."""
    cache = RUNS / "tokens.pickle"
    if cache.exists():
        return pickle.loads(cache.read_bytes())
    rows = data.train_rows()
    log(f"{len(rows)} training texts")
    counts = collections.Counter(w for text, _, _ in rows for w in tokenization.words(text))
    vocabulary = tokenization.train(counts, VOCABULARY, log=log)
    pieces = tokenization.WordPiece(vocabulary)
    # GLUE publishes SST as the treebank has it ("do n't"); people write "don't". The model is to know both.
    rng = random.Random(1)
    spelling = lambda text, name: (data.treebank(text) if name.startswith("sst5") and rng.random() < 0.5 else text)
    examples = [(pieces.encode(spelling(text, name)), label) for text, label, name in rows
                for _ in range(data.OFTEN.get(name, 1))]
    cache.write_bytes(pickle.dumps((vocabulary, examples)))
    return vocabulary, examples


def batches(examples, rng):
    """One epoch of (ids, mask, labels): lengths sorted within big shuffled chunks, so that little padding is computed."""
    order = list(range(len(examples)))
    rng.shuffle(order)
    made = []
    for start in range(0, len(order), 20000):
        cut = []
        for i in order[start:start + 20000]:
            ids, label = examples[i]
            if len(ids) > LONGEST - 2:
                ids = ids[:LONGEST - 2] if rng.random() < 0.5 else ids[-(LONGEST - 2):]
            cut.append((ids, label))
        cut.sort(key=lambda e: len(e[0]))
        batch, width = [], 0
        for ids, label in cut:
            width = max(width, len(ids) + 2)
            if batch and width * (len(batch) + 1) > TOKENS_PER_BATCH:
                made.append(batch)
                batch, width = [], len(ids) + 2
            batch.append((ids, label))
        made.append(batch)
    rng.shuffle(made)
    for batch in made:
        yield tensors([ids for ids, _ in batch]) + (torch.tensor([label for _, label in batch]),)


def tensors(texts):
    """Token id lists -> ids, mask [batch, longest + 2] with [CLS] and [SEP]."""
    width = max(len(t) for t in texts) + 2
    ids = torch.zeros(len(texts), width, dtype=torch.long)
    mask = torch.zeros(len(texts), width, dtype=torch.long)
    for i, t in enumerate(texts):
        ids[i, :len(t) + 2] = torch.tensor([tokenization.CLS] + t + [tokenization.SEP])
        mask[i, :len(t) + 2] = 1
    return ids, mask


def two_class_accuracy(model, pieces, name):
    """Share of negative/positive rows whose larger logit of those two is right."""
    rows = [r for r in data.eval_rows(name) if data.LABELS.get(r["label"], 1) != data.NEUTRAL]
    right = 0
    model.eval()
    with torch.no_grad():
        for i in range(0, len(rows), 32):
            part = rows[i:i + 32]
            ids, mask = tensors([pieces.encode(r["text"])[:254] for r in part])
            logits = model(ids, mask)
            for r, l in zip(part, logits):
                right += (l[2] > l[0]).item() == (data.LABELS[r["label"]] == data.POSITIVE)
    model.train()
    return right / len(rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=30, help="training time; the learning rate reaches 0 at its end")
    parser.add_argument("--rate", type=float, default=8e-4)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    RUNS.mkdir(exist_ok=True)
    torch.manual_seed(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    start = time.time()

    def log(text):
        line = f"[{(time.time() - start) / 60:5.1f} min] {text}"
        print(line)
        with open(RUNS / "log.txt", "a") as file:
            file.write(line + "\n")

    vocabulary, examples = prepare(log)
    log(f"{len(vocabulary)} tokens in the vocabulary, {sum(len(e[0]) for e in examples)} in the texts")
    pieces = tokenization.WordPiece(vocabulary)
    config = dict(CONFIG, vocab_size=len(vocabulary))
    model = SqueezeBert(config).to(device)
    average = SqueezeBert(config).to(device)  # exponential moving average of the weights: what is exported
    decay_parameters = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW([{"params": decay_parameters, "weight_decay": 0.01},
                                   {"params": others, "weight_decay": 0.0}], lr=args.rate, betas=(0.9, 0.98))
    state = {"step": 0, "epoch": 0, "seconds": 0.0}
    checkpoint = RUNS / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=device)
        model.load_state_dict(saved["model"])
        average.load_state_dict(saved["average"])
        optimizer.load_state_dict(saved["optimizer"])
        state = saved["state"]
        log(f"resumed at step {state['step']}")
    else:
        first = vectors.train(pieces, examples, config["hidden_size"], log)
        for word in ("good", "terrible", "film"):
            log(f"near {word}: {' '.join(vectors.nearest(first, pieces, word))}")
        with torch.no_grad():
            model.transformer.embeddings.word_embeddings.weight.copy_(first)
        average.load_state_dict(model.state_dict())

    def save():
        torch.save({"model": model.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict(),
                    "state": state, "vocabulary": vocabulary, "config": config}, str(checkpoint) + ".new")
        pathlib.Path(str(checkpoint) + ".new").replace(checkpoint)

    total, losses, tokens, last, saved_at = args.minutes * 60, [], 0, time.time(), time.time()
    model.train()
    while state["seconds"] < total:
        rng = random.Random(args.seed * 1000 + state["epoch"])
        for ids, mask, labels in batches(examples, rng):
            # Time decides the schedule, so that a run ends when it was told to, whatever else the machine does.
            progress = min(1.0, state["seconds"] / total)
            rate = args.rate * min(1.0, (state["step"] + 1) / 400) * 0.5 * (1 + math.cos(math.pi * progress))
            for group in optimizer.param_groups:
                group["lr"] = rate
            ids = torch.where((torch.rand(ids.shape) < 0.05) & (ids > 4), tokenization.MASK, ids)  # token dropout
            ids, mask, labels = ids.to(device), mask.to(device), labels.to(device)
            with torch.autocast(device, dtype=torch.bfloat16):
                loss = F.cross_entropy(model(ids, mask).float(), labels, label_smoothing=0.05)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            with torch.no_grad():
                keep = min(0.999, (state["step"] + 1) / (state["step"] + 10))
                torch._foreach_mul_(list(average.parameters()), keep)
                torch._foreach_add_(list(average.parameters()), list(model.parameters()), alpha=1 - keep)
            state["step"] += 1
            losses.append(loss.item())
            tokens += ids.numel()
            now = time.time()
            state["seconds"] += now - last
            last = now
            if state["step"] % 200 == 0:
                log(f"step {state['step']} epoch {state['epoch']} loss {sum(losses) / len(losses):.4f} "
                    f"{tokens / max(1e-9, state['seconds']):.0f} tokens/s, {(total - state['seconds']) / 60:.1f} min left")
                losses = []
            if now - saved_at > 180 or state["seconds"] >= total:
                save()
                saved_at = time.time()
                log(f"sst2_dev {100 * two_class_accuracy(average, pieces, 'sst2_dev'):.1f}")
                last = time.time()
            if state["seconds"] >= total:
                break
        state["epoch"] += 1
    save()
    for name in ("sst2_dev", "uci_half_a", "amazon5_1000", "imdb_cad_test"):
        log(f"{name}: two-class accuracy {100 * two_class_accuracy(average, pieces, name):.1f}")


if __name__ == "__main__":
    main()
