# What this result says of its chart; theme.gp lists what can be set.
if (!exists('subtitle')) { subtitle = '36 URLs of 1KiB, 12 at a time, each answered after 10ms' }
if (!exists('placement')) { placement = 'together' }
if (!exists('noise_floor')) { noise_floor = 0.03835862843999993 }
