"""What could cost a program cores here, before anything is measured: the findings of ``--multicore-doctor``."""
