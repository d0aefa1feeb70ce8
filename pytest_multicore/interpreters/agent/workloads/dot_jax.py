"""keras#2544's first experiment, on JAX: a compiled function that returns 0.4 * c + 0.8 * dot(a, b).

a, b and c are `size` x `size` matrices of ones; the posted program used 2000. One region is `iterations` calls of the
function, each on the c of the one before, and the wait for the last c: JAX returns before it has computed. The posted
program called it 100 times; here 1 is the default, and rounds repeat the region. Cost: size**3 multiply-adds for each
call (8e9 at 2000). float64, as posted: JAX's own default is float32, so 64-bit types are switched on where asked for.
c tends to 0.8 * size / 0.6, so that any number of rounds stays finite.
"""


def prepare(size=2000, iterations=1, dtype="float64"):
    """Make the matrices and compile the function; returns the region."""
    import jax
    import jax.numpy as jnp

    if "64" in str(dtype):
        jax.config.update("jax_enable_x64", True)
    a, b, c = [jnp.ones((size, size), dtype=str(dtype)) for _ in range(3)]
    update = jax.jit(lambda a, b, c: 0.4 * c + 0.8 * jnp.dot(a, b))
    state = {"c": update(a, b, c).block_until_ready()}  # compiles it

    def region():
        c = state["c"]
        for _ in range(iterations):
            c = update(a, b, c)
        state["c"] = c.block_until_ready()

    return region
