# What this result says of its chart; theme.gp lists what can be set.
if (!exists('subtitle')) { subtitle = '12 URLs of 64KiB, 4 at a time, each answered after 100ms ± 60ms' }
if (!exists('placement')) { placement = 'apart' }
if (!exists('noise_floor')) { noise_floor = 0.22354733938000004 }
