# What this result says of its chart; theme.gp lists what can be set.
if (!exists('subtitle')) { subtitle = '2000 URLs of 1KiB, 64 at a time, each answered after 2ms' }
if (!exists('placement')) { placement = 'apart' }
if (!exists('noise_floor')) { noise_floor = 0.22354733938000004 }
