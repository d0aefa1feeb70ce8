"""Which interpreter, with what in it, on which BLAS, with which variables.

The way through this room: `catalogue` names an `Environment`, `discovery` finds its interpreter, `provision` builds it
once and keeps it, `blas` finds the library that it is to use, and `variables` writes what its child starts with.
"""
