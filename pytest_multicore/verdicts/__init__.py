"""Rounds in, passed, failed or inconclusive out. Pure: no clock, no process, no file. Begin with judge.py."""
