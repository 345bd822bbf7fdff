"""Runs the authors' PyTorch E-GAN, one generation for each line on the standard input.

Needs PyTorch, numpy, and a checkout of their repository; none of their code is here. Their evaluation metrics, which
need further packages and files, are replaced by empty modules.
"""

from __future__ import annotations

import argparse
import sys
import types
from argparse import Namespace
from typing import Any

BATCH, DISCRIMINATOR_STEPS, EVALUATION = 32, 3, 256


def options(width: int, normalization: str, population_size: int) -> Namespace:
    """The settings of their script for CIFAR-10."""
    return Namespace(
        isTrain=True,
        gpu_ids=[],
        checkpoints_dir=".",
        name="benchmark",
        preprocess="none",
        cgan=False,
        use_pytorch_scores=False,
        score_name=[],
        d_loss_mode="vanilla",
        g_loss_mode=["nsgan", "vanilla", "lsgan"],
        which_D="S",
        use_gp=False,
        lambda_f=0.01,
        candi_num=population_size,
        eval_size=EVALUATION,
        batch_size=BATCH,
        D_iters=DISCRIMINATOR_STEPS,
        z_type="Uniform",
        z_dim=100,
        cat_num=10,
        input_nc=3,
        output_nc=3,
        ngf=width,
        ndf=width,
        netG="DCGAN_cifar10",
        netD="DCGAN_cifar10",
        g_norm="none",
        d_norm=normalization,
        no_dropout=True,
        init_type="normal",
        init_gain=0.02,
        lr_g=2e-4,
        lr_d=2e-4,
        beta1=0.5,
        beta2=0.999,
    )


def empty_module(name: str, **names: Any) -> None:
    """Makes a module with these contents importable under a name."""
    module = types.ModuleType(name)
    module.__dict__.update(names)
    sys.modules[name] = module


def main() -> None:
    """Answers every line with a generation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", help="a checkout of EvolutionaryGAN-pytorch")
    parser.add_argument("width", type=int)
    parser.add_argument("normalization", choices=["none", "batch"])
    parser.add_argument("population_size", type=int)
    size = parser.parse_args()
    sys.path.insert(0, size.path)
    empty_module("TTUR", fid=None)
    empty_module("util", __path__=[])
    empty_module("util.util", prepare_z_y=None, one_hot=None, visualize_imgs=None)
    empty_module("util.inception", get_inception_score=None)
    empty_module("inception_pytorch", inception_utils=None)
    import torch

    torch.set_num_threads(2)
    answers = sys.stdout
    sys.stdout = sys.stderr
    from models.egan_model import EGANModel

    model = EGANModel(options(size.width, size.normalization, size.population_size))
    count = BATCH * (DISCRIMINATOR_STEPS + 1) + EVALUATION
    real = torch.tanh(torch.randn(count, 3, 32, 32))
    for _ in sys.stdin:
        model.set_input({"image": real})
        model.optimize_parameters()
        print("done", file=answers, flush=True)


if __name__ == "__main__":
    main()
