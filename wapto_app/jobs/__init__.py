"""Work that runs by itself: the ticks of the scheduler and the tasks they hand out."""
