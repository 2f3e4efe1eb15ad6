"""Mistakes in optimizers, schedules, losses and layers: ranges, names, labels."""

# pyright: reportArgumentType=false

import jax.numpy as jnp
import numpy as np

from fnn import losses, optimizers, schedules
from tests.mistakes.base import L, Table, Y, init, put, regress, step

TABLE: Table = {
    "RMSprop's momentum 1": (
        lambda: optimizers.RMSprop(0.1, momentum=1.0),
        ValueError,
        r"RMSprop\.momentum must be at least 0 and below 1, got 1\.0\.",
    ),
    "RMSprop's decay 1": (
        lambda: optimizers.RMSprop(decay=1.0),
        ValueError,
        r"RMSprop\.decay must be at least 0 and below 1, got 1\.0\.",
    ),
    "RMSprop's momentum_form": (
        lambda: optimizers.RMSprop(momentum_form="heavy"),
        ValueError,
        r"RMSprop\.momentum_form must be 'velocity' or 'trace', got 'heav",
    ),
    "Adagrad's start negative": (
        lambda: optimizers.Adagrad(start=-1.0),
        ValueError,
        r"Adagrad\.start must be at least 0, got -1\.0\.",
    ),
    "Adadelta's decay 1": (
        lambda: optimizers.Adadelta(decay=1.0),
        ValueError,
        r"Adadelta\.decay must be at least 0 and below 1, got 1\.0\.",
    ),
    "Lion's beta1 1": (
        lambda: optimizers.Lion(beta1=1.0),
        ValueError,
        r"Lion\.beta1 must be at least 0 and below 1, got 1\.0\.",
    ),
    "Muon's ends": (
        lambda: optimizers.Muon(0.1, optimizers.Adam(), ends="both"),
        ValueError,
        r"Muon\.ends must be 'rest' or 'muon', got 'both'\.",
    ),
    "weight decay negative": (
        lambda: optimizers.AdamW(weight_decay=-0.1),
        ValueError,
        r"AdamW\.weight_decay must be at least 0, got -0\.1\.",
    ),
    "MixedPrecision's dtype": (
        lambda: L.MixedPrecision(L.ReLU(), "float32"),
        ValueError,
        r"MixedPrecision\.dtype must be 'bfloat16' or 'float16', got 'float32'\.",
    ),
    "MixedPrecision's dtype a dtype": (
        lambda: L.MixedPrecision(L.ReLU(), jnp.bfloat16),
        ValueError,
        r"MixedPrecision\.dtype must be 'bfloat16' or 'float16', got .*bfloat16",
    ),
    "an equation without an output": (
        lambda: L.product("i,io", Y, Y),
        ValueError,
        r"equation must name the axes by letters, .*'i,io->o', got 'i,io'\.",
    ),
    "an equation with dots": (
        lambda: L.product("...i,io->...o", Y, Y),
        ValueError,
        r"equation must name the axes by letters, .*got '\.\.\.i,io",
    ),
    "a letter in all places of an equation": (
        lambda: L.product("bi,bo->b", Y, Y),
        ValueError,
        r"equation must .*each in two of three places, .*got 'bi,bo->b'\.",
    ),
    "a letter twice in a place": (
        lambda: L.product("ii,o->o", Y, Y),
        ValueError,
        r"equation must .*each in two of three places, .*got 'ii,o->o'\.",
    ),
    "AMSGrad's form": (
        lambda: optimizers.AMSGrad(form="torch"),
        ValueError,
        r"AMSGrad\.form must be 'corrected' or 'raw' or 'paper', got 'tor",
    ),
    "NAdam's form": (
        lambda: optimizers.NAdam(form="torch"),
        ValueError,
        r"NAdam\.form must be 'constant' or 'schedule', got 'torch'\.",
    ),
    "limit 0": (
        lambda: optimizers.ClipByValue(0.0),
        ValueError,
        r"ClipByValue\.limit must be above 0, got 0\.0\.",
    ),
    "threshold 0": (
        lambda: optimizers.AdaptiveClip(threshold=0.0),
        ValueError,
        r"AdaptiveClip\.threshold must be above 0, got 0\.0\.",
    ),
    "decoupled decay negative": (
        lambda: optimizers.DecoupledWeightDecay(-0.1),
        ValueError,
        r"DecoupledWeightDecay\.strength must be at least 0, got -0\.1\.",
    ),
    "accumulate 0": (
        lambda: optimizers.Accumulate(optimizers.Adam(), 0),
        ValueError,
        r"Accumulate\.every must be at least 1, got 0\.",
    ),
    "average's decay 1": (
        lambda: optimizers.ParameterAverage(optimizers.Adam(), decay=1.0),
        ValueError,
        r"ParameterAverage\.decay must be at least 0 and below 1, got 1\.0",
    ),
    "proximal strength negative": (
        lambda: optimizers.ProximalL1(optimizers.SGD(0.1), -1.0),
        ValueError,
        r"ProximalL1\.strength must be at least 0, got -1\.0\.",
    ),
    "optimizer's class in a wrapper": (
        lambda: init(optimizer=optimizers.SkipNonFinite(optimizers.Adam)),
        TypeError,
        r"SkipNonFinite\.optimizer must be an instance of a part, got the",
    ),
    "no steps of a line": (
        lambda: schedules.Linear(0.1, 0),
        ValueError,
        r"Linear\.total_steps must be at least 1, got 0\.",
    ),
    "growing steps": (
        lambda: schedules.Step(0.1, 7, factor=10.0),
        ValueError,
        r"Step\.factor must be above 0 and at most 1, got 10\.0\.",
    ),
    "steps of length 0": (
        lambda: schedules.Step(0.1, 0),
        ValueError,
        r"Step\.every must be at least 1, got 0\.",
    ),
    "boundaries a number": (
        lambda: init(optimizer=optimizers.SGD(schedules.MultiStep(0.1, 7))),
        TypeError,
        r"MultiStep\.boundaries must be a tuple of steps, such as \(10, 15",
    ),
    "growing drops": (
        lambda: schedules.MultiStep(0.1, (7,), factor=2.0),
        ValueError,
        r"MultiStep\.factor must be above 0 and at most 1, got 2\.0\.",
    ),
    "growing exponential": (
        lambda: schedules.Exponential(0.1, 1.5),
        ValueError,
        r"Exponential\.factor must be above 0 and at most 1, got 1\.5\.",
    ),
    "decay of a rate negative": (
        lambda: schedules.InverseTime(0.1, -1.0),
        ValueError,
        r"InverseTime\.decay must be at least 0, got -1\.0\.",
    ),
    "no warm-up of an inverse root": (
        lambda: schedules.InverseSquareRoot(0.1, 0),
        ValueError,
        r"InverseSquareRoot\.warmup_steps must be at least 1, got 0\.",
    ),
    "one-cycle of rise alone": (
        lambda: schedules.OneCycle(0.1, 20, rise=1.0),
        ValueError,
        r"OneCycle\.rise must be at least 0 and below 1, got 1\.0\.",
    ),
    "warm-up negative": (
        lambda: schedules.Warmup(0.1, -5),
        ValueError,
        r"Warmup\.steps must be at least 0, got -5\.",
    ),
    "schedule a name in a warm-up": (
        lambda: init(optimizer=optimizers.SGD(schedules.Warmup("cosine", 5))),
        TypeError,
        r"Warmup\.schedule must be a number or an array, got str 'cosine'",
    ),
    "Dice of answers above 1": (
        lambda: regress(2 * np.ones((8, 1), np.float32), losses.Dice()),
        ValueError,
        r"y must lie in 0 to 1 for this loss, got 2\.0 in row 0\. Rescale",
    ),
    "smooth 0": (
        lambda: losses.Dice(0.0),
        ValueError,
        r"Dice\.smooth must be above 0, got 0\.0\.",
    ),
    "Tversky's alpha negative": (
        lambda: losses.Tversky(alpha=-0.1),
        ValueError,
        r"Tversky\.alpha must be at least 0, got -0\.1\.",
    ),
    "labels 0 and 1 for a squared hinge": (
        lambda: regress(put(np.ones((8, 1), np.int32), 0), losses.SquaredHinge()),
        ValueError,
        r"y must be -1 or 1 for this loss, got 0 in row 2\. For labels 0",
    ),
    "probability's answer above 1": (
        lambda: regress(put(Y[:, None] * 0, 2), losses.BinaryCrossEntropy()),
        ValueError,
        r"y must lie in 0 to 1 for this loss, got 2 in row 2\. Rescale th",
    ),
    "focal answer above 1": (
        lambda: regress(put(Y[:, None] * 0, 2), losses.SigmoidFocal()),
        ValueError,
        r"y must lie in 0 to 1 for this loss, got 2 in row 2\. Rescale th",
    ),
    "focal label K": (
        lambda: step(y=put(Y, 3), loss=losses.SoftmaxFocal()),
        ValueError,
        r"y must be class numbers from 0 to 2, got 3 in row 2\. Renumber",
    ),
    "robust scale 0": (
        lambda: losses.GeneralRobust(scale=0.0),
        ValueError,
        r"GeneralRobust\.scale must be above 0, got 0\.0\.",
    ),
    "RMSNorm of nothing": (
        lambda: L.RMSNorm(0),
        ValueError,
        r"RMSNorm\.n must be at least 1, got 0\.",
    ),
    "ELU's alpha 0": (
        lambda: L.ELU(0.0),
        ValueError,
        r"ELU\.alpha must be above 0, got 0\.0\.",
    ),
    "leaky slope negative": (
        lambda: L.LeakyReLU(-0.1),
        ValueError,
        r"LeakyReLU\.slope must be at least 0, got -0\.1\.",
    ),
    "no pieces": (
        lambda: L.Maxout(4, 3, 0),
        ValueError,
        r"Maxout\.pieces must be at least 1, got 0\.",
    ),
}
