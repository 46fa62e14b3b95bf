"""SqueezeBERT for sequence classification, with the parameter names and shapes of Hugging Face's checkpoints."""
import torch
import torch.nn.functional as F
from torch import nn

CONFIG = dict(
    architectures=["SqueezeBertForSequenceClassification"], model_type="squeezebert", vocab_size=0, hidden_size=256,
    embedding_size=256, num_hidden_layers=4, num_attention_heads=4, intermediate_size=1024, hidden_act="gelu",
    max_position_embeddings=512, type_vocab_size=2, layer_norm_eps=1e-12, pad_token_id=0, q_groups=4, k_groups=4,
    v_groups=4, post_attention_groups=1, intermediate_groups=4, output_groups=4,
    hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1, initializer_range=0.02,
    id2label={"0": "NEGATIVE", "1": "NEUTRAL", "2": "POSITIVE"},
    label2id={"NEGATIVE": 0, "NEUTRAL": 1, "POSITIVE": 2}, problem_type="single_label_classification")


class GroupedConv(nn.Module):
    """A 1x1 convolution in groups over [tokens, in]: weight [out, in/groups, 1]."""

    def __init__(self, size_in, size_out, groups):
        super().__init__()
        self.groups = groups
        self.weight = nn.Parameter(torch.randn(size_out, size_in // groups, 1) * (size_in // groups) ** -0.5)
        self.bias = nn.Parameter(torch.zeros(size_out))

    def forward(self, x):
        w = self.weight[:, :, 0]
        if self.groups == 1:
            return F.linear(x, w, self.bias)
        g = self.groups
        y = torch.bmm(x.view(len(x), g, -1).transpose(0, 1), w.view(g, -1, w.shape[1]).transpose(1, 2))
        return y.transpose(0, 1).reshape(len(x), -1) + self.bias


class Excitation(nn.Module):
    """x[t] *= sigmoid(W2 relu(W1 mean of x over the text's tokens + b1) + b2), text by text (Hu et al. 2018)."""

    def __init__(self, size, reduction):
        super().__init__()
        self.squeeze, self.excite = nn.Linear(size, size // reduction), nn.Linear(size // reduction, size)

    def forward(self, x, there, batch):
        y = x.view(batch, -1, x.shape[1])
        count = there.view(batch, -1, 1).sum(1).clamp(min=1)
        mean = (y * there.view(batch, -1, 1)).sum(1) / count
        return (y * torch.sigmoid(self.excite(F.relu(self.squeeze(mean))))[:, None]).reshape(x.shape)


class ConvNorm(nn.Module):
    def __init__(self, size_in, size_out, groups, p, reduction=0):
        super().__init__()
        self.conv1d = GroupedConv(size_in, size_out, groups)
        self.excitation = Excitation(size_out, reduction) if reduction else None
        self.layernorm = nn.LayerNorm(size_out, eps=1e-12)
        self.dropout = nn.Dropout(p)

    def forward(self, x, residual, there=None, batch=None):
        y = self.conv1d(x)
        if self.excitation is not None:
            y = self.excitation(y, there, batch)
        return self.layernorm(self.dropout(y) + residual)


class Neighbours(nn.Module):
    """A depthwise convolution over three neighbouring tokens: weight [channels, 1, 3]. Begins close to the identity."""

    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(size, 1, 3) * 0.2)
        with torch.no_grad():
            self.weight[:, 0, 1] += 1

    def forward(self, x, batch):
        y = x.view(batch, -1, x.shape[1]).transpose(1, 2)
        return F.conv1d(y, self.weight, padding=1, groups=x.shape[1]).transpose(1, 2).reshape(x.shape)


class ConvActivation(nn.Module):
    def __init__(self, size_in, size_out, groups, kernel):
        super().__init__()
        self.conv1d = GroupedConv(size_in, size_out, groups)
        self.neighbours = Neighbours(size_out) if kernel == 3 else None

    def forward(self, x, there, batch):
        """there: [tokens, 1], 0 where a batch's shorter texts are filled up."""
        y = self.conv1d(x)
        if self.neighbours is not None:
            y = self.neighbours(y * there, batch)
        return F.gelu(y)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        h = c["hidden_size"]
        self.heads = c["num_attention_heads"]
        self.query, self.key, self.value = (GroupedConv(h, h, c[f"{n}_groups"]) for n in "qkv")

    def forward(self, x, mask, batch):
        def split(y):
            return y.view(batch, -1, self.heads, y.shape[1] // self.heads).transpose(1, 2)
        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        scores = q @ k.transpose(2, 3) * q.shape[-1] ** -0.5 + mask.to(q.dtype)
        return (scores.float().softmax(-1).to(v.dtype) @ v).transpose(1, 2).reshape(x.shape[0], -1)


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        h, i, p = c["hidden_size"], c["intermediate_size"], c["hidden_dropout_prob"]
        self.attention = Attention(c)
        self.post_attention = ConvNorm(h, h, c["post_attention_groups"], p)
        self.intermediate = ConvActivation(h, i, c["intermediate_groups"], c.get("intermediate_kernel", 1))
        self.output = ConvNorm(i, h, c["output_groups"], p, c.get("excitation_reduction", 0))

    def forward(self, x, mask, batch):
        x = self.post_attention(self.attention(x, mask, batch), x)
        there = (mask == 0).to(x.dtype).expand(batch, 1, 1, mask.shape[-1]).reshape(-1, 1)
        return self.output(self.intermediate(x, there, batch), x, there, batch)


class Module(nn.Module):
    """A bare namespace, so that parameter names come out as in published checkpoints."""


class SqueezeBert(nn.Module):
    def __init__(self, c):
        super().__init__()
        h = c["hidden_size"]
        t = self.transformer = Module()
        e = t.embeddings = Module()
        e.word_embeddings = nn.Embedding(c["vocab_size"], h)
        e.position_embeddings = nn.Embedding(c["max_position_embeddings"], h)
        e.token_type_embeddings = nn.Embedding(c["type_vocab_size"], h)
        e.LayerNorm = nn.LayerNorm(h, eps=c["layer_norm_eps"])
        for table in (e.word_embeddings, e.position_embeddings, e.token_type_embeddings):
            nn.init.normal_(table.weight, std=0.05)
        with torch.no_grad():  # waves, so that the distance of two places is easy to see from the beginning
            place = torch.arange(c["max_position_embeddings"])[:, None]
            angle = place * 10000.0 ** (-torch.arange(0, h, 2) / h)
            e.position_embeddings.weight.copy_(0.2 * torch.stack([angle.sin(), angle.cos()], 2).view(-1, h))
        t.encoder = Module()
        t.encoder.layers = nn.ModuleList(Layer(c) for _ in range(c["num_hidden_layers"]))
        t.pooler = Module()
        t.pooler.dense = nn.Linear(h, h)
        self.dropout = nn.Dropout(c["hidden_dropout_prob"])
        self.classifier = nn.Linear(h, len(c["id2label"]))

    def forward(self, ids, mask):
        """ids, mask [batch, tokens] -> logits [batch, labels]."""
        batch, tokens = ids.shape
        e = self.transformer.embeddings
        x = e.word_embeddings(ids) + e.position_embeddings.weight[:tokens] + e.token_type_embeddings.weight[0]
        x = self.dropout(e.LayerNorm(x)).view(batch * tokens, -1)
        hidden = (1 - mask[:, None, None, :].float()) * -1e9
        for layer in self.transformer.encoder.layers:
            x = layer(x, hidden, batch)
        first = x.view(batch, tokens, -1)[:, 0]
        return self.classifier(self.dropout(torch.tanh(self.transformer.pooler.dense(first))))
