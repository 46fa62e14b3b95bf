"""model.SqueezeBert over rows of one length, one after the other, for a GPU: as many tokens in every batch, however long its rows
are, so that what torch.compile makes of a layer serves for all of them. Attention alone knows of the rows.
"""
import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel


def drop(x, p):
    """Dropout; p is a tensor, so that a compiled layer need not be compiled anew for another."""
    return x * (torch.rand(x.shape, device=x.device) >= p) / (1 - p)


def half(x):
    return torch.bfloat16 if x.is_cuda else x.dtype


def heads(layer, x):
    a = layer.attention
    return a.query(x).to(half(x)), a.key(x).to(half(x)), a.value(x).to(half(x))


def rest(layer, x, attended, left, right, p):
    """left, right [tokens, 1]: 1 where the token has a neighbour on that side in its text."""
    def norm(part, y, residual):
        return part.layernorm(drop(part.conv1d(y), p) + residual)

    x = norm(layer.post_attention, attended, x)
    y = layer.intermediate.conv1d(x)
    if layer.intermediate.neighbours is not None:
        w = layer.intermediate.neighbours.weight[:, 0]
        y = F.pad(y[:-1], (0, 0, 1, 0)) * left * w[:, 0] + y * w[:, 1] + F.pad(y[1:], (0, 0, 0, 1)) * right * w[:, 2]
    return norm(layer.output, F.gelu(y), x)


class Flat:
    def __init__(self, model, config):
        if config.get("excitation_reduction", 0):
            raise SystemExit("flat.py does not know the squeeze-and-excitation gate")
        self.model, self.heads = model, config["num_attention_heads"]
        on_gpu = next(model.parameters()).is_cuda
        compiled = torch.compile if on_gpu else lambda function: function
        self.before, self.after, self.drop = compiled(heads), compiled(rest), compiled(drop)
        self.way = [SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH] if on_gpu else [SDPBackend.MATH]

    def states(self, ids, length, there, p, off=None):
        """[tokens, hidden]; p: dropout; off [vocabulary, hidden]: added to the word embeddings (what rounding them changes)."""
        e = self.model.transformer.embeddings
        table = e.word_embeddings.weight if off is None else e.word_embeddings.weight + off
        x = F.embedding(ids, table).view(-1, length, table.shape[1])
        x = (x + (e.position_embeddings.weight[:length] + e.token_type_embeddings.weight[0])).view(len(ids), -1)
        x = self.drop(e.LayerNorm(x), p)
        left, right = torch.zeros(len(ids), 1, device=x.device), torch.zeros(len(ids), 1, device=x.device)
        place = torch.arange(len(ids), device=x.device) % length
        left[1:, 0] = (there[1:] & (place[1:] > 0)).float()
        right[:-1, 0] = (there[1:] & (place[1:] > 0)).float()
        mask = torch.zeros(len(ids), device=x.device, dtype=half(x)).masked_fill(~there, -torch.inf).view(-1, 1, 1, length)
        with sdpa_kernel(self.way), torch.autocast(ids.device.type, torch.bfloat16, enabled=ids.is_cuda):
            for layer in self.model.transformer.encoder.layers:
                q, k, v = (t.view(-1, length, self.heads, t.shape[1] // self.heads).transpose(1, 2) for t in self.before(layer, x))
                attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask.expand(-1, self.heads, length, -1))
                x = self.after(layer, x, attended.transpose(1, 2).reshape(len(ids), -1), left, right, p)
        return x.float()

    def classes(self, states, length, p):
        """Logits [rows, labels] from the states of the rows' first tokens."""
        first = states.view(-1, length, states.shape[1])[:, 0]
        return self.model.classifier(drop(torch.tanh(self.model.transformer.pooler.dense(first)), p))
