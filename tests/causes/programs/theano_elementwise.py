"""An elementwise graph of Theano: one thread, unless its flag `openmp` says otherwise and a compiler makes the loop."""

from __future__ import annotations

from collections.abc import Callable


def exponentials(elements: int = 500_000) -> Callable[[], object]:
    import numpy
    import theano
    from theano import tensor

    values = theano.shared(numpy.random.RandomState(0).uniform(size=elements).astype(theano.config.floatX))
    x = tensor.exp(tensor.tanh(values) * 0.5) + tensor.log1p(values)
    out = theano.shared(numpy.zeros(elements, theano.config.floatX))
    region: Callable[[], object] = theano.function([], updates=[(out, x)])
    return region
