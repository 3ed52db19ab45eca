"""A step of the lab as one would write it in PyTorch: modules, `backward`, `torch.optim.Adam`.

It does the same work as `training.lab.step.Step` and shares no code with it but networks, losses and penalties'
formulas: the tests compare the two, and `training.tools.bench` their speed.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from torch.optim import Adam

from gen_models.families import LabPenalty
from training.lab.losses import EPS, LOSSES
from training.lab.methods import Method
from training.lab.step import networks

Batch = dict[str, Tensor]
"""Real points and noise by port."""


class Textbook:
    """Two networks and two optimisers.

    Args:
        method: of training.lab.methods.METHODS.
        parameters: of G and then of D, flat.
        hyper: hyper-parameters by port.
    """

    def __init__(self, method: Method, parameters: Tensor, hyper: dict[str, float]) -> None:
        self.method, self.hyper = method, hyper
        self.G, self.D = (net.to(parameters.dtype) for net in networks(method))
        self.loss_D, self.loss_G = LOSSES[method.loss]
        n = sum(p.numel() for p in self.G.parameters())
        vector_to_parameters(parameters[:n], self.G.parameters())
        vector_to_parameters(parameters[n:], self.D.parameters())
        betas = hyper["in_beta1"], hyper["in_beta2"]
        self.optimizer_G = Adam(self.G.parameters(), hyper["in_lr_g"], betas, eps=EPS)
        self.optimizer_D = Adam(self.D.parameters(), hyper["in_lr_d"], betas, eps=EPS)

    @property
    def parameters(self) -> Tensor:
        """The parameters of G and then of D, flat."""
        return parameters_to_vector([*self.G.parameters(), *self.D.parameters()]).detach()

    def step(self, batch: Batch) -> tuple[float, float]:
        """Move both players once, and return L_D and L_G."""
        if self.method.consensus:
            return self._consensus(batch)
        old = {name: p.detach().clone() for name, p in self.D.named_parameters()}
        loss_D = self._loss_D(batch, self._fake(batch).detach(), self._d)
        self.optimizer_D.zero_grad()
        loss_D.backward()
        self.optimizer_D.step()

        fake = self._fake(batch)
        d = self._d if self.hyper["in_alternating"] else old
        if self.method.unroll:
            d = {name: p.detach().requires_grad_() for name, p in d.items()}
        for _ in range(self.method.unroll):
            ahead = self._loss_D(batch, fake, d)
            slopes = torch.autograd.grad(ahead, list(d.values()), create_graph=True)
            rate = self.hyper["in_inner_lr"]
            d = {name: p - rate * s for (name, p), s in zip(d.items(), slopes, strict=True)}
        loss_G = self.loss_G(functional_call(self.D, d, fake)).mean()
        self.optimizer_G.zero_grad()
        loss_G.backward()
        self.optimizer_G.step()
        return loss_D.item(), loss_G.item()

    @property
    def _d(self) -> dict[str, Tensor]:
        """D's parameters by name."""
        return dict[str, Tensor](self.D.named_parameters())

    def _consensus(self, batch: Batch) -> tuple[float, float]:
        fake, d = self._fake(batch), self._d
        loss_D, loss_G = (
            self._loss_D(batch, fake, d),
            self.loss_G(functional_call(self.D, d, fake)).mean(),
        )
        of_G, of_D = list(self.G.parameters()), list(self.D.parameters())
        V = [
            *torch.autograd.grad(loss_G, of_G, create_graph=True),
            *torch.autograd.grad(loss_D, of_D, create_graph=True),
        ]
        L = 0.5 * torch.stack([v.square().sum() for v in V]).sum()
        descent = torch.autograd.grad(L, of_G + of_D)
        for p, v, g in zip(of_G + of_D, V, descent, strict=True):
            p.grad = v.detach() + self.hyper["in_gamma"] * g
        self.optimizer_D.step()
        self.optimizer_G.step()
        return loss_D.item(), loss_G.item()

    def _fake(self, batch: Batch) -> Tensor:
        """Generated points, packed and noisy as D sees them."""
        x = self.G(batch["in_z"].reshape(-1, 2)).reshape(batch["in_real"].shape)
        return x + self.hyper["in_sigma"] * batch["in_noise_fake"] if self.method.noise else x

    def _loss_D(self, batch: Batch, fake: Tensor, d: dict[str, Tensor]) -> Tensor:
        """L_D with D's parameters d."""
        real = batch["in_real"]
        if self.method.noise:
            real = real + self.hyper["in_sigma"] * batch["in_noise_real"]

        def D(x: Tensor) -> Tensor:
            return functional_call(self.D, d, x)

        def slope(x: Tensor) -> Tensor:
            """‖∇_x D(x)‖², (b,)."""
            x = x.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
            return gradient.square().sum(1)

        on_real, on_fake = D(real), D(fake)
        loss = self.loss_D(on_real, on_fake).mean()
        match self.method.penalty:
            case None:
                return loss
            case LabPenalty.R1:
                penalty = 0.5 * slope(real)
            case LabPenalty.ROTH:
                p, q = on_real.sigmoid()[:, 0], on_fake.sigmoid()[:, 0]
                penalty = 0.5 * ((1 - p) ** 2 * slope(real) + q**2 * slope(fake))
            case LabPenalty.GRADIENT:
                u = batch["in_u"]
                penalty = ((slope(u * real + (1 - u) * fake) + EPS).sqrt() - 1) ** 2
        return loss + self.hyper["in_gamma"] * penalty.mean()
