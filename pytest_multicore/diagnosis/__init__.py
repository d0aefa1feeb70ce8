"""Why a limit was missed: evidence in, causes out, each one proven by a trial, or reported as a suspicion."""
