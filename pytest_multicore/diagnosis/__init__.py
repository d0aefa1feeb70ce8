"""Why a limit was missed: evidence in, causes out, each proven by a trial or told as the suspicion that it is."""
