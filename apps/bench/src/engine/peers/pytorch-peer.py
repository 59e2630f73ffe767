"""PyTorch as a peer of the benchmark: answers lines of JSON with lines of JSON, see protocol.ts.

    pytorch-peer.py <threads>
"""

import json
import math
import sys
import time

import numpy
import torch
import torch.nn.functional as F

PRIME = 1009


def values(shape, seed, scale=1.0):
    size = math.prod(shape)
    period = ((7919 * numpy.arange(PRIME, dtype=numpy.int64) + 104729 * seed) % PRIME) / PRIME - 0.5
    period = (period * scale).astype(numpy.float32)
    return torch.from_numpy(numpy.resize(period, size)).reshape(shape)


def tokens(size, vocab_size):
    i = numpy.arange(size, dtype=numpy.int64)
    return torch.from_numpy((7919 * i + (i * i) % PRIME) % vocab_size)


def probe(result):
    if result.is_complex():
        result = result.real
    flat = result.detach().reshape(-1)
    return [float(flat[(i * (len(flat) - 1)) // 7]) for i in range(8)]


def fixed(function, *inputs):
    """A computation: a function to call, and one that gives numbers of what was computed last."""
    last = []

    def run():
        last[:] = [function(*inputs)]

    return run, lambda: probe(last[0])


def reduction(function):
    def make(task):
        axis = task["axis"]
        x = values(task["shape"], 0)
        return fixed(lambda: function(x) if axis is None else function(x, axis))

    return make


def mat_mul(task):
    a, b = values(task["a"], 0), values(task["b"], 1)
    x = a.transpose(-1, -2) if task["transposeA"] else a
    y = b.transpose(-1, -2) if task["transposeB"] else b
    return fixed(torch.matmul, x, y)


def layer_norm(task):
    shape = task["shape"]
    weight, bias = values(shape[-1:], 1), values(shape[-1:], 2)
    return fixed(lambda x: F.layer_norm(x, shape[-1:], weight, bias, 1e-5), values(shape, 0))


def chain(task):
    shape = task["shape"]
    a, b = values(shape[-1:], 1), values(shape[-1:], 2)
    return fixed(lambda x: torch.sigmoid(x * a + b) * x + b, values(shape, 0))


def causal_bias(time_steps):
    return torch.full((time_steps, time_steps), -1e9).triu(1)


def attend(q, k, v, bias=None):
    """Causal where there is a bias."""
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v, is_causal=bias is not None)
    scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
    return torch.softmax(scores if bias is None else scores + bias, -1) @ v


def attention(task):
    shape = task["shape"]
    q, k, v = (values(shape, seed) for seed in range(3))
    bias = causal_bias(shape[2])
    return fixed(lambda: attend(q, k, v, bias))


def attention_gradient(task):
    shape = task["shape"]
    q, k, v = (values(shape, seed).requires_grad_() for seed in range(3))
    direction, bias = values(shape, 3), causal_bias(shape[2])

    def gradient():
        with torch.enable_grad():
            return torch.autograd.grad(attend(q, k, v, bias), (q, k, v), direction)[0]

    return fixed(gradient)


def recurrence(q, k, v, decay, a=None, b=None):
    """A state of a matrix per head, a step of time after the other."""
    batch, time_steps, heads, size = q.shape
    state = torch.zeros(batch, heads, size, size)
    kept = decay.exp().unsqueeze(-1)
    outputs = []
    for t in range(time_steps):
        after = state * kept[:, t] + k[:, t].unsqueeze(-1) * v[:, t].unsqueeze(-2)
        if a is not None:
            after = after + b[:, t].unsqueeze(-1) * (a[:, t].unsqueeze(-2) @ state)
        state = after
        outputs.append((q[:, t].unsqueeze(-2) @ state).squeeze(-2))
    return torch.stack(outputs, 1)


def weighted_average(k, v, decay, bonus):
    total, weights, scale = torch.zeros_like(k[:, 0]), torch.zeros_like(k[:, 0]), torch.full_like(k[:, 0], -1e38)
    outputs = []
    for t in range(k.shape[1]):
        own = k[:, t] + bonus
        top = torch.maximum(scale, own)
        past, now = (scale - top).exp(), (own - top).exp()
        outputs.append((total * past + v[:, t] * now) / (weights * past + now))
        faded = scale + decay
        scale = torch.maximum(faded, k[:, t])
        kept, added = (faded - scale).exp(), (k[:, t] - scale).exp()
        total, weights = total * kept + v[:, t] * added, weights * kept + added
    return torch.stack(outputs, 1)


def gradients(function, inputs, rest, direction):
    """Of the sum of the output times a direction, by `inputs`; the first is compared."""
    inputs = [x.requires_grad_() for x in inputs]

    def run():
        with torch.enable_grad():
            return torch.autograd.grad(function(*inputs, *rest), inputs, direction)[0]

    return fixed(run)


def weighted_average_scan(task):
    shape = task["shape"]
    rest = values(shape[-1:], 2) - 0.5, values(shape[-1:], 3)
    return gradients(weighted_average, [values(shape, 0), values(shape, 1)], rest, values(shape, 4))


def matrix_scan(is_delta):
    def make(task):
        shape = task["shape"]
        inputs = [*(values(shape, seed) for seed in range(3)), values(shape, 3) - 0.5]
        rest = [values(shape, seed) * 0.1 for seed in (5, 6)] if is_delta else []
        return gradients(recurrence, inputs, rest, values(shape, 4))

    return make


def long_convolution(task):
    shape = task["shape"]
    time_steps = shape[1]
    # Channels first, as its transforms like it.
    x, direction = (values(shape, seed).transpose(1, 2).contiguous() for seed in (0, 2))
    taps = values(shape[1:], 1).t().contiguous().requires_grad_()
    x.requires_grad_()

    def gradient():
        with torch.enable_grad():
            spectrum = torch.fft.rfft(x, n=2 * time_steps) * torch.fft.rfft(taps, n=2 * time_steps)
            y = torch.fft.irfft(spectrum, n=2 * time_steps)[..., :time_steps]
            return torch.autograd.grad(y, (x, taps), direction)[0].transpose(1, 2)

    return fixed(gradient)


def ctc_loss(task):
    batch, time_steps, classes = task["shape"]
    # Time first, as it likes it.
    logits = (values(task["shape"], 0) * 8).transpose(0, 1).contiguous().requires_grad_()
    labels = 1 + tokens(batch * task["labels"], classes - 1).view(batch, -1)
    lengths = [torch.full((batch,), size, dtype=torch.long) for size in (time_steps, task["labels"])]

    def gradient():
        with torch.enable_grad():
            loss = F.ctc_loss(F.log_softmax(logits, -1), labels, *lengths)
            return torch.autograd.grad(loss, logits)[0].transpose(0, 1)

    return fixed(gradient)


def model_weights(model):
    D, intermediate = model["hiddenSize"], model["intermediateSize"]
    square = [D, D]
    block = [[D], square, square, square, square, [D], [D, intermediate], [D, intermediate], [intermediate, D]]
    shapes = [[model["vocabSize"], D], *(block * model["numLayers"]), [D]]

    def weight(i, shape):
        if len(shape) == 1:
            return torch.ones(shape)
        return values(shape, i, 2 / math.sqrt(D if i == 0 else shape[0]))

    return [weight(i, shape) for i, shape in enumerate(shapes)]


def turns_of(model, start, time_steps):
    size = model["hiddenSize"] // model["numHeads"]
    frequencies = 10000.0 ** (-2.0 * torch.arange(size // 2, dtype=torch.float64) / size)
    angles = torch.outer(torch.arange(start, start + time_steps, dtype=torch.float64), frequencies)
    return angles.cos().float(), angles.sin().float()


def turn(x, turns):
    cos, sin = turns
    u, w = x.chunk(2, -1)
    return torch.cat([u * cos - w * sin, u * sin + w * cos], -1)


def rms_norm(x, weight):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * weight


def logits_of(model, weights, token_ids, turns, bias=None, cache=None):
    batch, time_steps = token_ids.shape
    D, heads = model["hiddenSize"], model["numHeads"]

    def in_heads(y):
        return y.view(batch, time_steps, heads, D // heads).transpose(1, 2)

    x = F.embedding(token_ids, weights[0])
    for layer in range(model["numLayers"]):
        norm, wq, wk, wv, wo, second_norm, up, gate, down = weights[1 + 9 * layer : 10 + 9 * layer]
        h = rms_norm(x, norm)
        keys, vals = turn(in_heads(h @ wk), turns), in_heads(h @ wv)
        if cache is not None:
            if layer < len(cache):
                keys, vals = torch.cat([cache[layer][0], keys], 2), torch.cat([cache[layer][1], vals], 2)
                cache[layer] = (keys, vals)
            else:
                cache.append((keys, vals))
        y = attend(turn(in_heads(h @ wq), turns), keys, vals, bias)
        x = x + y.transpose(1, 2).reshape(batch, time_steps, D) @ wo
        g = rms_norm(x, second_norm)
        x = x + (F.silu(g @ up) * (g @ gate)) @ down
    return F.linear(rms_norm(x, weights[-1]), weights[0])


def training_step(task):
    model, batch, time_steps = task["model"], task["batch"], task["time"]
    weights = [weight.requires_grad_() for weight in model_weights(model)]
    text = tokens(batch * time_steps + 1, model["vocabSize"])
    inputs, targets = text[:-1].view(batch, time_steps), text[1:]
    turns, bias = turns_of(model, 0, time_steps), causal_bias(time_steps)
    optimizer = torch.optim.AdamW(weights, lr=1e-3, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1, foreach=True)
    last = []

    def run():
        with torch.enable_grad():
            optimizer.zero_grad(set_to_none=True)
            logits = logits_of(model, weights, inputs, turns, bias)
            loss = F.cross_entropy(logits.view(batch * time_steps, -1), targets)
            loss.backward()
            optimizer.step()
        last[:] = [loss.item()]

    return run, lambda: last


def decode(task):
    model, count = task["model"], task["tokens"]
    weights = model_weights(model)
    turns = [turns_of(model, position, 1) for position in range(count)]
    text = []

    def run():
        text.clear()
        cache = []
        for position in range(count):
            token = torch.tensor([[text[-1] if text else 1]])
            text.append(int(logits_of(model, weights, token, turns[position], cache=cache).argmax()))

    return run, lambda: text


def unary(function):
    return lambda task: fixed(function, values(task["shape"], 0))


COMPUTATIONS = {
    "matMul": mat_mul,
    "softmax": unary(lambda x: torch.softmax(x, -1)),
    "layerNorm": layer_norm,
    "gelu": unary(lambda x: F.gelu(x, approximate="tanh")),
    "exp": unary(torch.exp),
    "chain": chain,
    "transpose": lambda task: fixed(lambda x: x.permute(task["axes"]).contiguous(), values(task["shape"], 0)),
    "sum": reduction(torch.sum),
    "max": reduction(lambda x, *axis: torch.amax(x, *axis) if axis else torch.max(x)),
    "argMax": reduction(torch.argmax),
    "fft": lambda task: fixed(torch.fft.fft, torch.complex(values(task["shape"], 0), values(task["shape"], 1))),
    "realFft": unary(torch.fft.rfft),
    "longConvolution": long_convolution,
    "attention": attention,
    "attentionGradient": attention_gradient,
    "weightedAverageScan": weighted_average_scan,
    "linearRecurrence": matrix_scan(False),
    "deltaRule": matrix_scan(True),
    "ctcLoss": ctc_loss,
    "trainingStep": training_step,
    "decode": decode,
}


class Server:
    def __init__(self):
        self.run = None

    def answer(self, request):
        if "task" in request:
            self.run = None
            task = request["task"]
            if task["operation"] not in COMPUTATIONS:
                return {"none": True}
            self.run, result = COMPUTATIONS[task["operation"]](task)
            self.run()
            return {"result": result()}
        if self.run is None:
            return {"error": "there is no task"}
        for _ in range(request["untimed"]):
            self.run()
        start = time.perf_counter()
        for _ in range(request["calls"]):
            self.run()
        return {"milliseconds": 1000 * (time.perf_counter() - start)}


def main():
    torch.set_num_threads(int(sys.argv[1]))
    torch.set_grad_enabled(False)
    server = Server()
    for line in sys.stdin:
        try:
            reply = server.answer(json.loads(line))
        except Exception as error:  # a failing task is an answer
            reply = {"error": str(error).split("\n")[0]}
        print(json.dumps(reply), flush=True)


main()
