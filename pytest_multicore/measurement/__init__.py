"""Rounds are taken here: the machine, its counters, the control, the sides' turns. Nothing is judged."""
