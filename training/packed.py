"""model.SqueezeBert over packed texts: ids [tokens], text i being tokens offsets[i] to offsets[i + 1]."""
import torch
import torch.nn.functional as F

import fused
import quantised


class Packed:
    def __init__(self, model, config, exact=False, rounded_words=False):
        """rounded_words: word embeddings as int4 (quantised.py).
        exact: with PyTorch's own layers, also where the fused ones are faster; those differ by up to 3e-4 in a probability."""
        self.model, self.config, self.rounded_words = model, config, rounded_words
        on_cpu = next(model.parameters()).device.type == "cpu" and not exact
        self.encoder = fused.FusedEncoder(config) if on_cpu and fused.available() else None

    def states(self, ids, offsets, dropout=0.0, seed=0):
        """[tokens, hidden]"""
        e, layers = self.model.transformer.embeddings, self.model.transformer.encoder.layers
        lengths = offsets.diff().long()
        places = torch.arange(len(ids), device=ids.device) - offsets[:-1].long().repeat_interleave(lengths)
        words = quantised.words(e.word_embeddings.weight, ids) if self.rounded_words else e.word_embeddings(ids)
        x = words + e.position_embeddings(places) + e.token_type_embeddings.weight[0]
        x = F.dropout(e.LayerNorm(x), dropout, dropout > 0)
        if self.encoder:
            return self.encoder(layers, x, offsets, dropout, seed)
        # A GPU, or a processor with neither AVX512 nor AVX2: padded, with the layers of model.py.
        texts, width = len(lengths), int(lengths.max())
        rows = torch.arange(texts, device=ids.device).repeat_interleave(lengths)
        padded = x.new_zeros(texts, width, x.shape[1])
        padded[rows, places] = x
        mask = torch.full((texts, width), -1e9, device=ids.device)
        mask[rows, places] = 0
        self.model.train(dropout > 0)
        y = padded.view(texts * width, -1)
        with torch.autocast(ids.device.type, torch.bfloat16, enabled=ids.device.type == "cuda"):
            for layer in layers:
                y = layer(y, mask[:, None, None, :], texts)
        return y.view(texts, width, -1)[rows, places].float()

    def classes(self, states, offsets, dropout=0.0):
        """Logits [texts, labels] from the states of the first tokens."""
        first = states[offsets[:-1].long()]
        pooled = torch.tanh(self.model.transformer.pooler.dense(first))
        return self.model.classifier(F.dropout(pooled, dropout, dropout > 0))
