"""keras#2544's first experiment, on PyTorch: c <- 0.4 * c + 0.8 * mm(a, b), as one addmm.

a, b and c are `size` x `size` matrices of ones; the posted program used 2000. One region is `iterations` such updates
and the reading of one number of c. The posted program ran 100 updates; here 1 is the default, and rounds repeat the
region. Cost: size**3 multiply-adds for each update (8e9 at 2000). float64, as posted: PyTorch's own default is float32.
c tends to 0.8 * size / 0.6, so that any number of rounds stays finite.
"""


def prepare(size=2000, iterations=1, dtype="float64"):
    """Make the matrices; returns the region, which returns a number of c."""
    import torch

    kind = getattr(torch, str(dtype))
    a, b, c = [torch.ones((size, size), dtype=kind, device="cpu") for _ in range(3)]

    def region():
        for _ in range(iterations):
            torch.addmm(c, a, b, beta=0.4, alpha=0.8, out=c)
        return c[0, 0].item()

    return region
