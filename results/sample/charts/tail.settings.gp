# What this result says of its chart; theme.gp lists what can be set.
if (!exists('subtitle')) { subtitle = '600 URLs of 1KiB, 60 at a time, each answered after 20ms' }
if (!exists('placement')) { placement = 'apart' }
if (!exists('noise_floor')) { noise_floor = 0.22354733938000004 }
