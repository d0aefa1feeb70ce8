"""One live isolated interpreter: started, asked, and ended with every process that it started."""
