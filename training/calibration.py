"""The temperature that makes scores honest, fitted on labelled texts held back from training."""
import torch
import torch.nn.functional as F

import evaluation
import tokenization
from mixture import OWN_TEXTS, held_back


def held_back_logits(packed, texts, most=400):
    """(logits, labels) of at most `most` held-back texts of each source; long texts by their first window."""
    logits, labels = [], []
    for name in sorted(OWN_TEXTS):
        part = texts[name]
        rows = [i for i in range(len(part)) if held_back(name, i)][:most]
        for start in range(0, len(rows), 64):
            now = rows[start:start + 64]
            ids = [[tokenization.CLS, *part[i][:evaluation.WINDOW].tolist(), tokenization.SEP] for i in now]
            offsets = torch.tensor([0, *map(len, ids)]).cumsum(0).int()
            with torch.no_grad():
                logits.append(packed.classes(packed.states(torch.tensor(sum(ids, [])), offsets), offsets))
            labels += [int(part.labels[i]) for i in now]
    return torch.cat(logits), torch.tensor(labels)


def calibration_error(probabilities, labels, bins=15):
    """Expected calibration error of the largest score, in percent points."""
    sure, decided = probabilities.max(1)
    right = (decided == labels).float()
    place = (sure * bins).long().clamp(max=bins - 1)
    return 100 * sum((place == b).float().mean().item() * abs(right[place == b].mean() - sure[place == b].mean()).item()
                     for b in range(bins) if (place == b).any())


def temperature(logits, labels):
    """What to divide logits by for the smallest cross-entropy."""
    candidates = [0.5 * 1.02 ** i for i in range(100)]
    return min(candidates, key=lambda t: F.cross_entropy(logits / t, labels).item())
