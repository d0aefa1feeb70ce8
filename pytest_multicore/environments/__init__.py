"""The environments of child processes: an interpreter, its packages, a BLAS and variables.

The way through this room: `catalogue` names an `Environment`, `discovery` finds its interpreter, `provision` builds it
once and keeps it, `blas` finds the library that it uses, and `variables` computes the variables of its children.
"""
