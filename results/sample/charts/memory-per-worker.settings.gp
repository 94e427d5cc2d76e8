# What this result says of its chart; theme.gp lists what can be set.
if (!exists('subtitle')) { subtitle = '1 URL of 1KiB for each one in flight, each answered after 300ms' }
if (!exists('placement')) { placement = 'apart' }
if (!exists('noise_floor')) { noise_floor = 0.22354733938000004 }
